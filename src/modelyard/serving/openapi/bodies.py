"""The bodies of /score of a model without a script, request and answer, as named schemas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelyard.domain.predictors import Signature
from modelyard.serving.openapi import schemas
from modelyard.serving.openapi.schemas import Dialect, Sample, Schema

AZURE = "ScoreRequest"


@dataclass(frozen=True, slots=True)
class Bodies:
    """Named schemas, the names of those that are requests and answers, and an example."""

    named: Mapping[str, Schema]
    requests: Sequence[str]
    answers: Sequence[str]
    example: Any
    example_answer: Any = None


def bodies(signature: Signature, sample: Sample, dialect: Dialect, place: str) -> Bodies:
    """
    What the model takes and gives. ``place`` is where references lead, such as
    ``#/components/schemas/``.
    """
    if signature.columns:
        tables, example = _of_columns(signature, sample, dialect, place)
    else:
        tables, example = _of_arrays(signature, sample, dialect)
    rows = {"$ref": f"{place}Rows"}
    methods: Schema = {"type": "string", "enum": list(signature.methods)}
    method = schemas.nullable(methods, dialect)
    named: dict[str, Schema] = dict(tables)
    named[AZURE] = _object({"data": rows, "method": method}, ["data"])
    requests = [AZURE]
    if "Split" in tables:
        # of two lists in one field a generated client could not tell which it is
        named["RowsRequest"] = named[AZURE]
        known = {"data": {"$ref": f"{place}Records"}, "method": method}
        named[AZURE] = _object(known, ["data"])
        requests.append("RowsRequest")
        split = {"$ref": f"{place}Split"}
        named["InputDataRequest"] = _object({"input_data": split}, ["input_data"])
        named["DataframeSplitRequest"] = _object({"dataframe_split": split}, ["dataframe_split"])
        records = {"$ref": f"{place}Records"}
        named["DataframeRecordsRequest"] = _object(
            {"dataframe_records": records}, ["dataframe_records"]
        )
        requests += ["InputDataRequest", "DataframeSplitRequest", "DataframeRecordsRequest"]
    else:
        named["InputDataRequest"] = _object({"input_data": rows}, ["input_data"])
        named["InstancesRequest"] = _object({"instances": rows}, ["instances"])
        requests += ["InputDataRequest", "InstancesRequest"]
    named["Predictions"] = _predictions(signature, dialect)
    answer = {"$ref": f"{place}Predictions"}
    named["MethodAnswer"] = {
        "type": "object",
        "properties": {name: _answer_of(name, signature, answer) for name in signature.methods},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    named["PredictionsAnswer"] = _object({"predictions": answer}, ["predictions"])
    # generated clients try them in this order, and MethodAnswer requires no name
    answers = ["PredictionsAnswer", "MethodAnswer", "Predictions"]
    return Bodies(named, requests, answers, {"data": example})


def either(names: Sequence[str], dialect: Dialect, place: str) -> Schema:
    """One of the named schemas."""
    return _either([{"$ref": f"{place}{name}"} for name in names], dialect)


def _of_columns(
    signature: Signature, sample: Sample, dialect: Dialect, place: str
) -> tuple[dict[str, Schema], Any]:
    columns = schemas.columns_of(signature, sample)
    names = [column.spec.name for column in columns]
    row = {"$ref": f"{place}Row"}
    rows: Schema = {"type": "array", "items": row, "minItems": 1}
    record = schemas.record(columns, dialect)
    named: Schema = {"type": "array", "items": {"type": "string"}, "minItems": len(names)}
    if dialect is Dialect.V31:
        named = {
            "type": "array",
            "prefixItems": [{"type": "string", "const": name} for name in names],
            "minItems": len(names),
            "maxItems": len(names),
        }
    split = _object({"columns": named, "data": {"$ref": f"{place}Rows"}}, ["columns", "data"])
    tables: dict[str, Schema] = {
        "Record": record,
        "Row": schemas.row(columns, dialect),
        "Rows": rows,
        "Records": {"type": "array", "items": {"$ref": f"{place}Record"}, "minItems": 1},
        "Split": split,
    }
    return tables, [{column.spec.name: column.example for column in columns}]


def _of_arrays(
    signature: Signature, sample: Sample, dialect: Dialect
) -> tuple[dict[str, Schema], Any]:
    specs = signature.inputs
    if len(specs) == 1:
        return {"Rows": schemas.array(specs[0], dialect)}, schemas.example_array(specs[0], sample)
    inputs = _object(
        {spec.name: schemas.array(spec, dialect) for spec in specs}, [spec.name for spec in specs]
    )
    return {"Rows": inputs}, {spec.name: schemas.example_array(spec, sample) for spec in specs}


def _predictions(signature: Signature, dialect: Dialect) -> Schema:
    """A list with an entry for each row."""
    outputs = signature.outputs
    if len(outputs) == 1 and outputs[0].shape and signature.methods[:1] == ("predict",):
        return schemas.array(outputs[0], dialect, answer=True)
    return {"type": "array", "items": {}}


def _answer_of(method: str, signature: Signature, usual: Schema) -> Schema:
    return usual if method == signature.methods[0] else {"type": "array", "items": {}}


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _either(options: list[Schema], dialect: Dialect) -> Schema:
    """Swagger 2.0 has no alternatives: the first is told."""
    if len(options) == 1 or dialect is Dialect.V2:
        return options[0]
    return {"anyOf": options}
