import gzip
import io
import json
import zlib
from typing import Any

import numpy as np
import pytest

from modelyard.serving.tensors import arrow
from modelyard.serving.tensors.tensor import Tensor, pack
from tests.serving.fronts import Front

ROWS = [[1, 2, 3], [0, 0, 0]]
RESULTS = [14.5, 0.5]  # age + 2 height + 3 weight + 0.5
STREAM = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"


def npy_file(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def table(columns: dict[str, list[float]], *, file: bool = False) -> bytes:
    tensors = [Tensor(n, "FP64", (len(v),), pack("FP64", v)) for n, v in columns.items()]
    return arrow.written(tensors, file=file)


PEOPLE = {"weight": [3.0, 0.0], "age": [1.0, 0.0], "height": [2.0, 0.0]}


@pytest.mark.parametrize(
    ("body", "wrapped"),
    [
        ({"data": ROWS}, lambda results: {"predict": results}),
        ({"data": [{"weight": 3, "age": 1, "height": 2}, {"age": 0, "weight": 0, "height": 0}]},
         lambda results: {"predict": results}),
        ({"input_data": ROWS}, lambda results: results),
        ({"dataframe_split": {"columns": ["weight", "age", "height"],
                              "data": [[3, 1, 2], [0, 0, 0]]}},
         lambda results: {"predictions": results}),
        (ROWS, lambda results: results),
        ({"Inputs": {"data": ROWS}}, lambda results: {"Results": results}),
    ],
)  # fmt: skip
def test_json_of_every_shape_is_answered_in_its_own(
    linear: Front, body: Any, wrapped: Any
) -> None:
    answer = linear.ask(body=body)

    assert answer.status == 200
    assert answer.headers["x-ms-run-function-failed"] == "False"
    expected = wrapped([pytest.approx(value) for value in RESULTS])
    assert answer.json == expected


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-npy", npy_file(np.array(ROWS, dtype=float))),
        ("application/octet-stream", npy_file(np.asfortranarray(np.array(ROWS)))),
        (STREAM, table(PEOPLE)),
        (FILE, table(PEOPLE, file=True)),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "application/x-npy", STREAM, FILE])
def test_binary_bodies_go_in_and_out(
    linear: Front, content_type: str, body: bytes, accept: str
) -> None:
    answer = linear.ask(body=body, headers={"content-type": content_type, "accept": accept})

    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == accept
    assert _numbers(accept, answer.body) == [pytest.approx(value) for value in RESULTS]


def _numbers(content_type: str, body: bytes) -> list[float]:
    if content_type == "application/json":
        found: list[float] = json.loads(body)["predict"]
        return found
    if content_type == "application/x-npy":
        loaded: list[float] = np.load(io.BytesIO(body)).tolist()
        return loaded
    return arrow.read(body)[0].values()


@pytest.mark.parametrize(
    ("content_type", "body", "status", "field"),
    [
        ("application/x-npy", b"nothing", 400, None),
        ("application/x-npy", npy_file(np.zeros((2, 2))), 422, "array"),
        ("application/x-npy", npy_file(np.zeros((0, 3))), 422, "array"),
        (STREAM, table({"age": [1.0], "height": [2.0]}), 422, "table"),
        (STREAM, b"nothing", 400, None),
        ("image/png", b"x", 415, None),
        ("application/octet-stream", b"x", 415, None),
        ("application/json", b'{"data": [[1, 2]]}', 422, "data[0]"),
    ],
)
def test_what_cannot_be_used_is_the_caller_s_error_and_names_the_field(
    linear: Front, content_type: str, body: bytes, status: int, field: str | None
) -> None:
    answer = linear.ask(body=body, headers={"content-type": content_type})

    assert answer.status == status
    assert answer.json["request_id"]
    assert answer.json.get("details", {}).get("field") == field


def test_missing_values_that_a_model_cannot_take_are_the_caller_s_error(linear: Front) -> None:
    answer = linear.ask(body={"data": [[1, None, 3]]})

    assert answer.status == 422
    assert "NaN" in answer.json["message"]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
    ],
)
def test_a_compressed_body_is_unpacked(linear: Front, encoding: str, pack: Any) -> None:
    body = pack(json.dumps({"data": ROWS}).encode())

    answer = linear.ask(body=body, headers={"content-encoding": encoding})

    assert answer.json == {"predict": [pytest.approx(value) for value in RESULTS]}


def test_the_limit_counts_what_a_body_unpacks_to(linear: Front) -> None:
    bomb = gzip.compress(b" " * (100 * 1024 * 1024 + 1))

    answer = linear.ask(body=bomb, headers={"content-encoding": "gzip"})

    assert answer.status == 413


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [("gzip", b"no gzip", 400), ("gzip", gzip.compress(b"{}")[:-3], 400), ("br", b"x", 415)],
    ids=["no gzip", "a torn gzip", "another encoding"],  # gzip writes the time
)
def test_a_broken_or_unknown_encoding_is_refused(
    linear: Front, encoding: str, body: bytes, status: int
) -> None:
    assert linear.ask(body=body, headers={"content-encoding": encoding}).status == status


def test_scikit_learn_gives_probabilities_by_azure_s_rule_and_classes_when_asked(
    classifier: Front,
) -> None:
    usual = classifier.ask(body={"data": ROWS})
    classes = classifier.ask(body={"data": ROWS, "method": "predict"})
    mlflow = classifier.ask(body={"input_data": ROWS})
    unknown = classifier.ask(body={"data": ROWS, "method": "transform"})
    empty = classifier.ask(body={"data": ROWS, "method": ""})

    assert [len(row) for row in usual.json["predict_proba"]] == [2, 2]
    assert classes.json["predict"] == mlflow.json
    assert unknown.status == empty.status == 400
    assert "'predict'" in unknown.json["message"]


def test_other_methods_of_http_are_refused(linear: Front) -> None:
    answer = linear.ask("DELETE")

    assert answer.status == 405
    assert answer.headers["allow"] == "POST, OPTIONS"
