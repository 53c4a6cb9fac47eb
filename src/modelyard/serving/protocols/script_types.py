"""
What a script's run() takes, as tensors: typed by inference-schema where the script uses it.

A script that is not decorated gets one text, the request's body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.predictors import TensorSpec

_VERSIONS = ("3.1", "3.0", "2.0")
_NUMPY = "numpy.ndarray"
_RECORDS = "pandas.DataFrame:records"
_LEAVES = {
    ("integer", "int8"): "INT8",
    ("integer", "int16"): "INT16",
    ("integer", "int32"): "INT32",
    ("integer", "int64"): "INT64",
    ("number", "float"): "FP32",
    ("number", "double"): "FP64",
    ("integer", ""): "INT64",
    ("number", ""): "FP64",
    ("boolean", ""): "BOOL",
    ("string", ""): "BYTES",
}
OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    A parameter of run(): ``columns`` of a data frame, an ``array``, a single ``value``, or
    anything else as the JSON text of one element.
    """

    name: str
    kind: str
    specs: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class ScriptTypes:
    """``parameters`` are empty for a script that takes the body as it is, named ``body``."""

    parameters: tuple[Parameter, ...]
    outputs: tuple[TensorSpec, ...]
    body: str = ""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """All inputs."""
        if self.body:
            return (TensorSpec(self.body, "BYTES", (1,)),)
        return tuple(spec for parameter in self.parameters for spec in parameter.specs)


def types_of(hello: Mapping[str, Any]) -> ScriptTypes:
    """From what the worker said of its script."""
    outputs = _outputs(_schema(hello.get("output_schema")))
    given = _schema(hello.get("input_schema"))
    properties = given.get("properties") if hello.get("decorated") else None
    if not isinstance(properties, Mapping) or not properties:
        names = hello.get("parameters") or ["data"]
        return ScriptTypes((), outputs, str(names[0]))
    alone = len(properties) == 1
    return ScriptTypes(
        tuple(_parameter(name, schema, alone) for name, schema in properties.items()), outputs
    )


def _schema(versions: Any) -> Mapping[str, Any]:
    if isinstance(versions, Mapping):
        for version in _VERSIONS:
            if isinstance(versions.get(version), Mapping):
                return dict(versions[version])
    return {}


def _parameter(name: str, schema: Mapping[str, Any], alone: bool) -> Parameter:
    format_ = schema.get("format")
    if format_ == _RECORDS and (columns := _columns(schema)) is not None:
        prefix = "" if alone else f"{name}."
        specs = [TensorSpec(f"{prefix}{c}", d, (-1, 1)) for c, d in columns.items()]
        return Parameter(name, "columns", tuple(specs))
    found = _array(schema)
    # a list with a format of its own is another thing written as one, such as a data frame
    if found is not None and (format_ in {None, _NUMPY} or not found[1]):
        datatype, dimensions = found
        kind = "array" if dimensions else "value"
        return Parameter(name, kind, (TensorSpec(name, datatype, (-1,) * dimensions or (1,)),))
    return Parameter(name, "json", (TensorSpec(name, "BYTES", (1,)),))


def _array(schema: Mapping[str, Any]) -> tuple[str, int] | None:
    """Datatype and number of dimensions; None for what is no array of one type."""
    dimensions = 0
    while schema.get("type") == "array":
        schema = schema.get("items") or {}
        dimensions += 1
    datatype = _leaf(schema)
    return None if datatype is None else (datatype, dimensions)


def _leaf(schema: Mapping[str, Any]) -> str | None:
    type_, format_ = str(schema.get("type")), str(schema.get("format", ""))
    if type_ == "string" and format_:
        return None  # dates and the like have forms of their own
    return _LEAVES.get((type_, format_)) or _LEAVES.get((type_, ""))


def _columns(schema: Mapping[str, Any]) -> dict[str, str] | None:
    properties = (schema.get("items") or {}).get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return None
    return {str(name): _leaf(each) or "BYTES" for name, each in properties.items()}


def _outputs(schema: Mapping[str, Any]) -> tuple[TensorSpec, ...]:
    if schema.get("format") == _RECORDS and (columns := _columns(schema)) is not None:
        return tuple(TensorSpec(name, datatype, (-1,)) for name, datatype in columns.items())
    found = _array(schema) if schema else None
    if found is None or not schema.get("type"):
        return (TensorSpec(OUTPUT, "BYTES", (1,)),)
    datatype, dimensions = found
    return (TensorSpec(OUTPUT, datatype, (-1,) * dimensions or (1,)),)
