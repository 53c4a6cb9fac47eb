"""Requests merged and answers parted, without a front."""

import json
import struct

import pytest

from modelyard.serving.merging import (
    Unsplittable,
    envelope,
    parted,
    patience,
    plan,
    share,
    stacked,
)
from modelyard.serving.messages import request_head


def tensors(*inputs, **more):
    head = {"tensors": list(inputs), "method": "predict", "request_id": "r", **more}
    return json.dumps(head, separators=(",", ":")).encode()


def doubles(*values):
    return struct.pack(f"<{len(values)}d", *values)


def texts(*values):
    return b"".join(struct.pack("<I", len(value.encode())) + value.encode() for value in values)


X = ["x", "FP64", [1, 2], 16]


def test_a_scripts_requests_travel_whole_in_an_envelope():
    heads = [request_head("POST", "/score", "", [("a", f"{n}")]) for n in range(2)]

    head, body = envelope(heads, [b"one", bytearray(b"three")])

    assert [plan(head) is not None for head in heads] == [True, True]
    assert plan(heads[0]).is_script
    assert body == b"onethree"
    batch = json.loads(head)["batch"]
    assert [part["size"] for part in batch] == [3, 5]
    assert [part["headers"] for part in batch] == [[["a", "0"]], [["a", "1"]]]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(request_head("GET", "/score", "a=1", []), id="GET"),
        pytest.param(request_head("OPTIONS", "/score", "", []), id="OPTIONS"),
        pytest.param(tensors(X, ["y", "FP64", [2, 1], 16]), id="inputs of different rows"),
        pytest.param(tensors(["x", "FP64", [], 8]), id="an input without rows"),
        pytest.param(tensors(["x", "FP64", [0, 2], 0]), id="no row"),
    ],
)
def test_what_cannot_be_merged_has_no_plan(head):
    assert plan(head) is None


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(tensors(["x", "FP64", [7, 2], 112]), True, id="more rows"),
        pytest.param(tensors(X, request_id="another"), True, id="another request"),
        pytest.param(tensors(["x", "FP64", [1, 3], 24]), False, id="another width"),
        pytest.param(tensors(["x", "FP32", [1, 2], 8]), False, id="another type"),
        pytest.param(tensors(["z", "FP64", [1, 2], 16]), False, id="another name"),
        pytest.param(tensors(X, method="predict_proba"), False, id="another method"),
        pytest.param(request_head("POST", "/score", "", []), False, id="a script's"),
    ],
)
def test_tensors_are_merged_with_their_like(other, same):
    assert (plan(tensors(X)).key == plan(other).key) is same


def test_tensors_are_stacked_by_rows_input_by_input():
    first = tensors(X, ["city", "BYTES", [1, 1], 7])
    second = tensors(["x", "FP64", [2, 2], 32], ["city", "BYTES", [2, 1], 13])
    bodies = [
        doubles(1, 2) + texts("Ulm"),
        doubles(3, 4, 5, 6) + texts("Köln", ""),
    ]

    head, body = stacked(first, [plan(first), plan(second)], bodies)

    assert json.loads(head) == {
        "tensors": [["x", "FP64", [3, 2], 48], ["city", "BYTES", [3, 1], 20]],
        "method": "predict",
        "request_id": "r",
    }
    assert body == doubles(1, 2, 3, 4, 5, 6) + texts("Ulm", "Köln", "")


def test_outputs_are_parted_by_rows_exactly():
    outputs = [["label", "BYTES", [3], 18], ["p", "FP64", [3, 2], 48]]
    body = texts("a", "Köln", "") + doubles(1, 2, 3, 4, 5, 6)

    first, second = parted(outputs, body, [1, 2])

    assert first == (
        [["label", "BYTES", [1], 5], ["p", "FP64", [1, 2], 16]],
        texts("a") + doubles(1, 2),
    )
    assert second == (
        [["label", "BYTES", [2], 13], ["p", "FP64", [2, 2], 32]],
        texts("Köln", "") + doubles(3, 4, 5, 6),
    )


@pytest.mark.parametrize(
    ("output", "body"),
    [
        pytest.param(["y", "FP64", [2], 16], doubles(1, 2), id="fewer rows"),
        pytest.param(["y", "FP64", [], 8], doubles(1), id="one value for all"),
        pytest.param(["y", "FP64", [3], 23], b"x" * 23, id="bytes that are no rows"),
        pytest.param(["y", "BYTES", [3], 5], texts("a"), id="texts that break off"),
        pytest.param(["y", "BYTES", [3], 20], texts(*"abcd"), id="too many texts"),
    ],
)
def test_an_answer_without_a_row_for_each_is_not_parted(output, body):
    with pytest.raises(Unsplittable):
        parted([output], body, [1, 2])


@pytest.mark.parametrize(
    ("waiting", "idle", "max_size", "given"),
    [
        pytest.param(0, 2, 64, 0, id="nothing waits"),
        pytest.param(5, 0, 64, 0, id="nobody is idle"),
        pytest.param(5, 1, 64, 5, id="one worker takes all"),
        pytest.param(100, 1, 64, 64, id="not more than may be"),
        pytest.param(5, 2, 64, 3, id="two share"),
        pytest.param(2, 4, 64, 1, id="no worker idles while another has two"),
        pytest.param(100, 4, 8, 8, id="four full batches"),
    ],
)
def test_share(waiting, idle, max_size, given):
    assert share(waiting, idle, max_size) == given


@pytest.mark.parametrize(
    ("waiting", "age", "max_wait", "left"),
    [
        pytest.param(1, 0.0, 0.0, 0.0, id="an idle worker adds no wait"),
        pytest.param(1, 0.01, 0.05, 0.04, id="the oldest waits as long as it may"),
        pytest.param(1, 0.05, 0.05, 0.0, id="long enough"),
        pytest.param(64, 0.0, 0.05, 0.0, id="full"),
    ],
)
def test_patience(waiting, age, max_wait, left):
    assert patience(waiting, 100.0, 100.0 + age, 64, max_wait) == pytest.approx(left)


def test_a_worker_that_collects_is_told_which_rows_are_of_which_request():
    heads = [
        tensors(["x", "FP64", [rows, 2], 16 * rows], request_id=f"r{rows}") for rows in (1, 2)
    ]

    plans = [plan(heads[0]), plan(heads[1])]

    head, _ = stacked(heads[0], plans, [doubles(1, 2), doubles(*range(4))], heads=heads)

    assert json.loads(head)["parts"] == [["r1", 1], ["r2", 2]]
