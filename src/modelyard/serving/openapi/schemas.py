"""
JSON Schemas of what a model takes and gives, typed by its signature and its sample.

``Dialect`` is the version of OpenAPI: only 3.1 knows tuples and lists of types.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

from modelyard.domain.predictors import Signature, TensorSpec
from modelyard.serving.tensors.tensor import RANGES, nest

Schema = dict[str, Any]
Sample = Sequence[Mapping[str, Any]]

_EXAMPLE_ROWS = 2
_SIZES = {"FP16": "float", "FP32": "float", "FP64": "double"}
_EXAMPLES: Mapping[str, Any] = {"BOOL": True, "BYTES": "text"}


class Dialect(Enum):
    """A version of OpenAPI."""

    V2 = "2.0"
    V30 = "3.0.3"
    V31 = "3.1.0"


@dataclass(frozen=True, slots=True)
class Column:
    """An input as one value of it is described."""

    spec: TensorSpec
    example: Any
    nullable: bool


def columns_of(signature: Signature, sample: Sample) -> list[Column]:
    """Each input with an example, from the sample where there is one."""
    by_name = {str(part.get("name")): part for part in sample}
    return [_column(spec, by_name.get(spec.name)) for spec in signature.inputs]


def value(column: Column, dialect: Dialect) -> Schema:
    """The schema of one value of a column."""
    schema = leaf(column.spec.datatype, dialect)
    if column.nullable:
        schema = nullable(schema, dialect)
    if column.example is not None:
        _set_example(schema, column.example, dialect)
    return schema


def leaf(datatype: str, dialect: Dialect) -> Schema:
    """The schema of one element; anything where only values will tell."""
    if datatype in RANGES:
        least, greatest = RANGES[datatype]
        format_ = "int64" if datatype.endswith("64") else "int32"
        return {"type": "integer", "format": format_, "minimum": least, "maximum": greatest}
    if datatype in _SIZES:
        return {"type": "number", "format": _SIZES[datatype]}
    if datatype == "BOOL":
        return {"type": "boolean"}
    if datatype == "BYTES":
        return {"type": "string"}
    return {} if dialect is Dialect.V2 else {"anyOf": _plain_kinds()}


def nullable(schema: Schema, dialect: Dialect) -> Schema:
    """The same, or null."""
    if dialect is Dialect.V31:  # not a list of types, which several tools stumble over
        options = schema.get("anyOf") or [schema]
        return {"anyOf": [*options, {"type": "null"}]}
    return {**schema, ("x-nullable" if dialect is Dialect.V2 else "nullable"): True}


def array(spec: TensorSpec, dialect: Dialect, *, answer: bool = False) -> Schema:
    """
    Nested lists of this shape. NaN leaves as null, so an ``answer``'s numbers may be null; and
    its number of rows is not promised.
    """
    inner = leaf(spec.datatype, dialect)
    if answer and spec.datatype in {*_SIZES, ""}:
        inner = nullable(inner, dialect) if inner else inner
    for depth, size in reversed(list(enumerate(spec.shape or (-1,)))):
        inner = {"type": "array", "items": inner}
        if size >= 0:
            inner |= {"minItems": size, "maxItems": size}
        elif not answer and depth == 0:
            inner["minItems"] = 1
    return inner


def record(columns: Sequence[Column], dialect: Dialect) -> Schema:
    """An object with every column."""
    return {
        "type": "object",
        "properties": {column.spec.name: value(column, dialect) for column in columns},
        "required": [column.spec.name for column in columns],
        "additionalProperties": False,
    }


def row(columns: Sequence[Column], dialect: Dialect) -> Schema:
    """A list with a value for each column, in the model's order."""
    values = [value(column, dialect) for column in columns]
    size = {"minItems": len(values), "maxItems": len(values)}
    if all(each == values[0] for each in _bare(values)) or len(_kinds(values)) == 1:
        return {"type": "array", "items": _bare(values)[0], **size}
    if dialect is Dialect.V31:
        return {"type": "array", "prefixItems": values, **size}
    kinds = _kinds(values)
    items: Schema = {} if dialect is Dialect.V2 else {"anyOf": kinds}
    return {"type": "array", "items": items, **size}


def example_rows(columns: Sequence[Column]) -> list[list[Any]]:
    """One row of example values."""
    return [[column.example for column in columns]]


def example_array(spec: TensorSpec, sample: Sample) -> Any:
    """The sample's first rows, or made-up ones of the shape."""
    for part in sample:
        if part.get("name") == spec.name or len(sample) == 1:
            shape = tuple(part["shape"])
            rows = nest(list(part["data"]), shape)
            return rows[:_EXAMPLE_ROWS] if isinstance(rows, list) else rows
    shape = tuple(1 if size < 0 else size for size in spec.shape) or (1,)
    example = _example(spec.datatype)
    for size in reversed(shape):
        example = [example] * size
    return example


def _column(spec: TensorSpec, part: Mapping[str, Any] | None) -> Column:
    data = list(islice(part.get("data") or (), None)) if part is not None else []
    known = [each for each in data if each is not None]
    example = known[0] if known else _example(spec.datatype)
    return Column(spec, example, nullable=len(known) < len(data))


def _example(datatype: str) -> Any:
    if datatype in _EXAMPLES:
        return _EXAMPLES[datatype]
    return 1 if datatype in RANGES else 1.0


def _set_example(schema: Schema, example: Any, dialect: Dialect) -> None:
    if dialect is Dialect.V31:
        schema["examples"] = [example]
    else:
        schema["example"] = example


def _bare(schemas: Sequence[Schema]) -> list[Schema]:
    """Without their examples."""
    return [{k: v for k, v in s.items() if k not in {"example", "examples"}} for s in schemas]


def _kinds(schemas: Sequence[Schema]) -> list[Schema]:
    """The different ones of them."""
    kinds: list[Schema] = []
    for schema in _bare(schemas):
        if schema not in kinds:
            kinds.append(schema)
    return kinds


def _plain_kinds() -> list[Schema]:
    return [{"type": kind} for kind in ("number", "string", "boolean")]
