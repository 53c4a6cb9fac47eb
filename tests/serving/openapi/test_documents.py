import json
from typing import Any

import pytest

from modelyard.domain.fronts import FrontModel, FrontSpec
from modelyard.domain.predictors import Predictor, Signature, TensorSpec
from modelyard.serving.openapi.schemas import Dialect, array, columns_of, record, row
from modelyard.serving.openapi.service import Described
from modelyard.serving.protocols.script_types import types_of
from tests.serving.fronts import Front

FRAME = Signature(
    (
        TensorSpec("age", "INT64", (-1, 1)),
        TensorSpec("city", "BYTES", (-1, 1)),
        TensorSpec("size", "FP32", (-1, 1)),
    ),
    (TensorSpec("predict", "FP64", (-1,)),),
    columns=True,
    methods=("predict", "predict_proba"),
)
SAMPLE = (
    {"name": "age", "datatype": "INT64", "shape": [2, 1], "data": [31, 40]},
    {"name": "city", "datatype": "BYTES", "shape": [2, 1], "data": ["Ulm", "Bonn"]},
    {"name": "size", "datatype": "FP32", "shape": [2, 1], "data": [None, 1.5]},
)


def test_columns_are_properties_with_types_and_examples() -> None:
    schema = record(columns_of(FRAME, SAMPLE), Dialect.V31)

    assert schema["required"] == ["age", "city", "size"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["age"]["type"] == "integer"
    assert schema["properties"]["age"]["examples"] == [31]
    assert schema["properties"]["city"] == {"type": "string", "examples": ["Ulm"]}
    assert {"type": "null"} in schema["properties"]["size"]["anyOf"]


@pytest.mark.parametrize(
    ("dialect", "key"),
    [(Dialect.V31, "prefixItems"), (Dialect.V30, "items"), (Dialect.V2, "items")],
)
def test_a_row_has_as_many_values_as_there_are_columns(dialect: Dialect, key: str) -> None:
    schema = row(columns_of(FRAME, ()), dialect)

    assert schema["minItems"] == schema["maxItems"] == 3
    assert key in schema


def test_arrays_have_their_dimensions() -> None:
    schema = array(TensorSpec("image", "UINT8", (-1, 28, 28)), Dialect.V30)

    assert schema["minItems"] == 1
    assert schema["items"]["minItems"] == schema["items"]["items"]["maxItems"] == 28
    assert schema["items"]["items"]["items"]["maximum"] == 255


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


def reached(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


@pytest.mark.parametrize(
    "path",
    ["/openapi.json", "/openapi.json?version=3", "/swagger.json", "/swagger.json?version=3.1"],
)
def test_every_reference_of_a_document_leads_somewhere(linear: Front, path: str) -> None:
    document = linear.ask("GET", path).json

    found = references(document)

    assert found
    for reference in found:
        assert reached(document, reference)


@pytest.mark.parametrize("path", ["/openapi.json?version=4", "/swagger.json?version="])
def test_an_unknown_version_is_not_found(linear: Front, path: str) -> None:
    assert linear.ask("GET", path).status == 404


def test_the_document_names_the_errors_and_the_protocol(linear: Front) -> None:
    document = linear.ask("GET", "/openapi.json").json

    answers = document["paths"]["/score"]["post"]["responses"]
    assert set(answers) >= {"200", "400", "401", "413", "415", "422", "500", "502", "503", "504"}
    assert "/v2/models/{model}/infer" in document["paths"]
    assert document["servers"][0]["url"] == "/serve/lab/prices"
    assert document["x-modelyard"]["methods"] == ["predict"]
    assert "application/x-npy" in document["paths"]["/score"]["post"]["requestBody"]["content"]


def test_a_script_has_a_document_too(start: Any) -> None:
    front = start()

    document = front.ask("GET", "/openapi.json")

    assert document.status == 200
    assert document.json["openapi"] == "3.1.0"
    assert front.ask("GET", "/openapi.json?version=2").status == 404
    assert front.ask("GET", "/swagger.json?version=").status == 404
    score = document.json["paths"]["/score"]
    assert set(score) == {"get", "post"}  # as the Allow header says
    assert score["post"]["requestBody"]["required"] is False


def test_a_typed_script_tells_which_parameters_are_needed() -> None:
    given = {"type": "object", "properties": {"data": {"type": "array"}, "how": {}}}
    hello = {"decorated": True, "required": ["data"], "input_schema": {"3.1": given}}
    spec = FrontSpec(
        id="f", workspace="lab", service="prices", service_version="default", revision=1,
        python="", runtime="", app_root="", entry_script="score.py", model_dir="", socket="",
        control_socket="", log_file="",
    )  # fmt: skip

    document = json.loads(Described(spec, "1").document("3.1", types_of(hello), hello))

    score = document["paths"]["/score"]
    body = score["post"]["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"]["required"] == ["data"]
    assert [(p["name"], p["required"]) for p in score["get"]["parameters"]] == [
        ("data", True), ("how", False),
    ]  # fmt: skip
    assert "required" not in given


def test_examples_come_from_the_sample_of_the_model() -> None:
    spec = FrontSpec(
        id="f", workspace="lab", service="prices", service_version="default", revision=1,
        python="", runtime="", app_root="", entry_script="", model_dir="", socket="",
        control_socket="", log_file="", models=(FrontModel("prices", 2, ""),),
        predictor=Predictor("ScikitLearn", sample=SAMPLE),
    )  # fmt: skip
    document = Described(spec, "1").document("3.1", FRAME, {})

    assert b'"example":{"data":[{"age":31,"city":"Ulm","size":1.5}]}' in document
