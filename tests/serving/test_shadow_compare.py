"""How much two answers differ."""

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.serving.shadow_compare import EQUAL, EXCERPT, Difference, Slices, compare

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def result(slices: Slices) -> Difference:
    """All slices at once."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            found: Difference = end.value
            return found


def differ(served: Any, shadow: Any) -> Difference:
    return compared(json.dumps(served).encode(), json.dumps(shadow, indent=1).encode())


def compared(served: bytes, shadow: bytes, *, as_json: bool = True) -> Difference:
    return result(compare(served, shadow, as_json=as_json))


@given(VALUES)
def test_a_value_is_equal_to_itself_however_it_is_written(value: Any) -> None:
    assert differ(value, value) == EQUAL


@given(VALUES, VALUES)
def test_both_directions_find_the_same_size(one: Any, other: Any) -> None:
    assert differ(one, other).size == differ(other, one).size


@given(VALUES, VALUES)
def test_only_equal_values_have_no_difference(one: Any, other: Any) -> None:
    found = differ(one, other)

    assert (found.size == 0) == (plain(one) == plain(other))
    assert found.size is None or 0 <= found.size <= 2
    assert max(map(len, (found.path, found.served, found.shadow))) <= EXCERPT


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.data())
def test_one_changed_number_is_found_at_its_place(numbers: list[float], data: Any) -> None:
    at = data.draw(st.integers(0, len(numbers) - 1))
    changed = copy.copy(numbers)
    changed[at] = data.draw(NUMBERS.filter(lambda number: number != numbers[at]))
    served, shadow = {"deep": [{"values": numbers}]}, {"deep": [{"values": changed}]}

    found = differ(served, shadow)

    assert found.size != 0
    assert found.path == f"$.deep[0].values[{at}]"
    assert found.served == cut(json.dumps(numbers[at]))
    assert found.shadow == cut(json.dumps(changed[at]))


@pytest.mark.parametrize(
    ("served", "shadow", "size", "path"),
    [
        pytest.param([1.0, 10.0, 5], [1.1, 20.0, 5], 0.5, "$[1]", id="the largest counts"),
        pytest.param([1, -1], [1, 1], 2.0, "$[1]", id="another sign"),
        pytest.param(0, 1e-300, 1.0, "$", id="nothing and little"),
        pytest.param(-1.7e308, 1.7e308, 2.0, "$", id="a difference that no float holds"),
        pytest.param(2**70, 2**70 + 1, 1 / (2**70 + 1), "$", id="large integers"),
        pytest.param(10**400, 1.5, None, "$", id="an integer that no float holds"),
        pytest.param(1, 1.0, 0.0, "", id="whole numbers"),
        pytest.param(1, True, None, "$", id="a number and a truth"),
        pytest.param("1", 1, None, "$", id="a text and a number"),
        pytest.param({"a": None}, {"a": 0}, None, "$.a", id="nothing and a number"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, None, "$.b", id="a name more"),
        pytest.param({"x": [1, 2]}, {"x": [1]}, None, "$.x", id="a value less"),
        pytest.param({"x": [1, "a"]}, {"x": [2, "b"]}, None, "$.x[1]", id="not only in numbers"),
        pytest.param(math.nan, math.nan, 0.0, "", id="no numbers"),
        pytest.param([math.nan], [1.0], None, "$[0]", id="no number and one"),
        pytest.param([math.inf], [-math.inf], None, "$[0]", id="infinities"),
    ],
)
def test_what_counts_as_how_different(
    served: Any, shadow: Any, size: float | None, path: str
) -> None:
    found = differ(served, shadow)

    assert found.size == (None if size is None else pytest.approx(size, rel=1e-12))
    assert found.path == path


def test_what_is_no_json_is_compared_by_its_bytes() -> None:
    binary = bytes(range(256))

    assert compared(b"1.0", b"1", as_json=False) == Difference(None, "", "1.0", "1")
    assert compared(b"{broken", b"{broken") == EQUAL
    assert compared(b"{broken", b"{}") == Difference(None, "", "{broken", "{}")
    assert compared(binary, b"x", as_json=False) == Difference(None, "", "256 bytes", "x")
    assert compared("ä".encode() * 1000, b"", as_json=False).served == "ä" * 199 + "…"


def test_names_that_do_not_count_are_left_out_of_the_outermost_object_alone() -> None:
    served, shadow = b'{"id": 1, "x": {"id": 1}}', b'{"id": 2, "y": 0, "x": {"id": 1}}'

    assert result(compare(served, shadow, as_json=True, ignored={"id", "y"})) == EQUAL
    assert result(compare(served, shadow, as_json=True, ignored={"y"})).path == "$.id"


def test_depth_and_size_break_nothing_and_come_in_slices() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    numbers = list(range(10_000))

    assert compared(deep, deep + b" ").size is None
    many = json.dumps(numbers).encode()
    slices = list(compare(many, many + b" ", as_json=True))

    assert len(slices) == 20


def plain(value: Any) -> Any:
    """Truths and numbers told apart, as Python's == does not."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return value


def cut(text: str) -> str:
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
