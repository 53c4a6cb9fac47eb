from typing import Any

import pytest

from modelyard.usecases.schema_diff import changes


def signature(*inputs: tuple[str, str], **facts: Any) -> dict[str, Any]:
    specs = [{"name": n, "datatype": d, "shape": [-1, 1]} for n, d in inputs]
    outputs = [{"name": "predict", "datatype": "FP64", "shape": [-1]}]
    known = {"inputs": specs, "outputs": outputs, "columns": True, "methods": ["predict"]}
    return {"x-modelyard": {**known, **facts}}


OLD = signature(("age", "INT32"), ("city", "BYTES"))


def told(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[str], list[str]]:
    found = changes(old, new)
    return (
        [f"{change.path} {change.text}" for change in found.breaking],
        [f"{change.path} {change.text}" for change in found.safe],
    )


def test_what_is_the_same_is_no_change() -> None:
    assert told(OLD, OLD) == ([], [])


@pytest.mark.parametrize(
    ("new", "breaking"),
    [
        (signature(("age", "INT32")), "inputs.city was removed: a request that has it is refused"),
        (
            signature(("age", "INT32"), ("city", "BYTES"), ("zip", "INT64")),
            "inputs.zip was added and must be sent",
        ),
        (signature(("age", "INT32"), ("town", "BYTES")), "inputs.city was renamed to 'town'"),
        (signature(("age", "INT8"), ("city", "BYTES")), "inputs.age was INT32, now it is INT8"),
        (signature(("age", "BYTES"), ("city", "BYTES")), "inputs.age was INT32, now it is BYTES"),
        (
            signature(("city", "BYTES"), ("age", "INT32")),
            "inputs have another order: rows sent as lists would be scored wrong",
        ),
        (
            signature(("age", "INT32"), ("city", "BYTES"), methods=["decision_function"]),
            "methods.predict was removed",
        ),
        (
            signature(("age", "INT32"), ("city", "BYTES"), outputs=[]),
            "outputs.predict was removed",
        ),
        (
            signature(
                ("age", "INT32"),
                ("city", "BYTES"),
                outputs=[{"name": "predict", "datatype": "BYTES", "shape": [-1]}],
            ),
            "outputs.predict was FP64, now it is BYTES",
        ),
        (
            signature(
                ("age", "INT32"),
                ("city", "BYTES"),
                outputs=[{"name": "predict", "datatype": "FP64", "shape": [-1, 2]}],
            ),
            "outputs.predict had the shape [any], now it has [any, 2]",
        ),
        (
            signature(("age", "INT32"), ("city", "BYTES"), columns=False),
            "inputs have no names any more: rows must be lists, not records",
        ),
    ],
)
def test_what_breaks_callers_is_told(new: dict[str, Any], breaking: str) -> None:
    assert told(OLD, new)[0] == [breaking]


@pytest.mark.parametrize(
    ("new", "safe"),
    [
        (signature(("age", "INT64"), ("city", "BYTES")), "inputs.age was INT32, now it is INT64"),
        (signature(("age", "FP64"), ("city", "BYTES")), "inputs.age was INT32, now it is FP64"),
        (signature(("age", ""), ("city", "BYTES")), "inputs.age was INT32, now it is of any type"),
        (
            signature(("age", "INT32"), ("city", "BYTES"), methods=["predict", "predict_proba"]),
            "methods.predict_proba was added",
        ),
    ],
)
def test_what_callers_do_not_notice_is_safe(new: dict[str, Any], safe: str) -> None:
    assert told(OLD, new) == ([], [safe])


def array(width: int) -> dict[str, Any]:
    spec = {"name": "input", "datatype": "FP64", "shape": [-1, width]}
    return signature(inputs=[spec], columns=False)


def test_an_array_of_another_width_breaks() -> None:
    assert told(array(3), array(4))[0] == [
        "inputs.input had the shape [any, 3], now it has [any, 4]"
    ]
    assert told(array(3), array(-1)) == (
        [],
        ["inputs.input had the shape [any, 3], now it has [any, any]"],
    )


def test_columns_that_got_names_still_take_rows() -> None:
    named = signature(("a", "FP64"), ("b", "FP64"))

    assert told(array(2), named) == ([], ["inputs have names now; rows as lists are still taken"])
    assert told(array(3), named)[0] == ["inputs take 2 values in each row now, not 3"]


def script(given: Any, returned: Any) -> dict[str, Any]:
    def content(schema: Any) -> Any:
        return {"content": {"application/json": {"schema": schema}}}

    operation = {"requestBody": content(given), "responses": {"200": content(returned)}}
    return {"paths": {"/score": {"post": operation}}}


def rows(kind: str, **more: Any) -> dict[str, Any]:
    items = {"type": "array", "items": {"type": kind}}
    return {
        "type": "object",
        "properties": {"data": {"type": "array", "items": items}, **more},
        "required": ["data", *more],
    }


NUMBERS = {"type": "array", "items": {"type": "number"}}


def test_what_run_takes_is_compared_too() -> None:
    old = script(rows("number"), NUMBERS)

    assert told(old, script(rows("integer"), NUMBERS))[0] == [
        "request.data[][] was number, now it is integer"
    ]
    assert told(script(rows("integer"), NUMBERS), old) == (
        [],
        ["request.data[][] was integer, now it is number"],
    )
    assert told(old, script(rows("number", k={"type": "integer"}), NUMBERS))[0] == [
        "request.k was added and must be sent"
    ]


def test_what_run_gives_may_become_narrower_but_not_wider() -> None:
    wide = {"type": "array", "items": {"type": ["number", "string"]}}

    old = script(rows("number"), NUMBERS)
    new = script(rows("number"), wide)

    assert told(old, new)[0] == ["answer[] was number, now it is number or string"]
    assert told(new, old) == ([], ["answer[] was number or string, now it is number"])


def test_references_are_followed() -> None:
    def document(kind: str) -> dict[str, Any]:
        made = script({"$ref": "#/components/schemas/Input"}, {})
        return {**made, "components": {"schemas": {"Input": rows(kind)}}}

    assert told(document("number"), document("string"))[0] == [
        "request.data[][] was number, now it is string"
    ]


@pytest.mark.parametrize(
    ("old", "new", "breaking", "safe"),
    [
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, ["has not the value 'b' any more"], []),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, [], ["has also the value 'b'"]),
        ({"minItems": 1}, {"minItems": 2}, ["minItems was 1, now it is 2"], []),
        ({"maximum": 5}, {"maximum": 9}, [], ["maximum was 5, now it is 9"]),
        ({"maximum": 5}, {}, [], ["is not described any more"]),
        ({}, {"type": "object"}, ["is described now"], []),
    ],
)
def test_bounds_and_values_narrow_or_widen(
    old: Any, new: Any, breaking: list[str], safe: list[str]
) -> None:
    found = told(script(old, {}), script(new, {}))

    assert found == ([f"request {text}" for text in breaking], [f"request {t}" for t in safe])
