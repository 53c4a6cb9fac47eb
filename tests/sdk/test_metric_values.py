import datetime
import math
from typing import Any

import numpy as np
import pytest

from modelyard.sdk.errors import UserErrorException
from modelyard.sdk.metric_values import plain, scalar, shape
from modelyard.wire.runs import Metric


def metric(kind: str, value: Any, name: str = "m") -> Metric:
    return Metric(name=name, kind=kind, value=value)


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1, 2]]), [[1, 2]]),
        ((1, "a"), [1, "a"]),
        ({1: np.float64(2)}, {"1": 2.0}),
        (float("nan"), "NaN"),
        (-math.inf, "-Infinity"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (None, None),
        (complex(1, 2), "(1+2j)"),
    ],
)
def test_what_scripts_log_becomes_json(value: Any, becomes: Any) -> None:
    assert plain(value) == becomes


@pytest.mark.parametrize("value", [[1], (1, 2), {"a": 1}, (i for i in [1]), np.array([1, 2])])
def test_log_refuses_lists_and_says_what_to_use(value: Any) -> None:
    with pytest.raises(UserErrorException, match="log_list"):
        scalar("loss", value)


def test_an_array_of_one_is_a_scalar() -> None:
    assert scalar("loss", np.array([0.25])) == 0.25


@pytest.mark.parametrize(
    ("logged", "got"),
    [
        pytest.param([metric("scalar", 1)], 1, id="a scalar once"),
        pytest.param([metric("scalar", 1), metric("scalar", 2)], [1, 2], id="a scalar twice"),
        pytest.param([metric("list", [1])], 1, id="a list of one"),
        pytest.param([metric("list", [1, 2])], [1, 2], id="a list"),
        pytest.param([metric("row", {"x": 1})], {"x": 1}, id="a row"),
        pytest.param(
            [metric("row", {"x": 1}), metric("row", {"x": 2})], {"x": [1, 2]}, id="two rows"
        ),
        pytest.param([metric("table", {"x": [1]})], {"x": 1}, id="a table of one row"),
        pytest.param([metric("table", {"x": [1, 2]})], {"x": [1, 2]}, id="a table"),
        pytest.param([metric("image", "aml://x")], "aml://x", id="an image"),
        pytest.param([metric("scalar", "text")], "text", id="text"),
    ],
)
def test_metrics_come_back_in_azures_shapes(logged: list[Metric], got: Any) -> None:
    assert shape(logged) == {"m": got}


def test_what_is_no_number_comes_back_as_a_float() -> None:
    values = shape([metric("list", ["NaN", "Infinity", 1.0])])["m"]

    assert math.isnan(values[0])
    assert values[1:] == [math.inf, 1.0]
