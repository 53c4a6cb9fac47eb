"""Numbers for decorated scripts that the front reads: what run() gets is what it got before."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest

from modelyard.serving.exchange import Request
from modelyard.serving.protocols.script_matrix import LEAST, matrix_of
from tests.modelyard_worker.test_inference_schema import environment
from tests.serving.fronts import Background, Front

__all__ = ["environment"]

TOLD = {"matrix": {"name": "data", "datatype": "FP32", "width": 2}}
PLAIN = [("content-type", "application/json")]
FAR = 5000

SCRIPT = """
import hashlib
import numpy as np
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

{above}
@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0, 3.0]], dtype="{dtype}"){more}))
def run(data):
    about = [str(type(data)), str(data.dtype), data.shape, data.strides]
    about += [data.flags.writeable, data.flags.owndata]
    said = hashlib.sha256(np.ascontiguousarray(data).tobytes()).hexdigest()
    data[0, 0] = 7
    return about + [said]
"""

OUTSIDE = """
def looks(run):
    def called(data):
        return [type(data).__name__, *run(data)]
    return called

@looks"""


def post(headers: list[tuple[str, str]]) -> Request:
    return Request("POST", "/score", "", headers)


def text_of(rows: list[list[str]], more: str = "") -> bytes:
    """As a client wrote it, to the digit."""
    lists = ",".join("[" + ", ".join(row) + "]" for row in rows)
    return f'{{"data": [{lists}]{more}}}'.encode()


def rows_of(*first: list[str]) -> list[list[str]]:
    """These rows, and then so many that the front has a look."""
    source = random.Random(7)
    others = [[repr(source.gauss(0, 1)) for _ in range(3)] for _ in range(200)]
    return [*first, *others]


def test_the_front_reads_a_matrix_for_the_worker() -> None:
    matrix = matrix_of(TOLD)
    assert matrix is not None
    body = json.dumps({"data": [[1, 2.5]] * FAR}).encode()

    prepared = matrix.prepare(post(PLAIN), body, "r")

    head = json.loads(prepared.head)
    assert head["tensors"] == [["data", "FP64", [FAR, 2], 16 * FAR, "FP32"]]
    assert head["headers"] == [["content-type", "application/json"], ["x-request-id", "r"]]
    assert memoryview(prepared.body).cast("B").cast("d").tolist() == [1, 2.5] * FAR
    assert prepared.render is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(text_of([["1", "2"]] * FAR, ', "more": 1'), id="another key"),
        pytest.param(text_of([["1", "2"]] * FAR, ', "method": "predict"'), id="a method"),
        pytest.param(text_of([["1", "2"]] * FAR + [["1"]]), id="a short row"),
        pytest.param(text_of([["1", "2"]] * FAR + [["1"], ["1", "2", "3"]]), id="ragged rows"),
        pytest.param(text_of([["1", "2"]] * FAR + [["1", "null"]]), id="null"),
        pytest.param(text_of([["1", "2"]] * FAR + [["1", "true"]]), id="a truth value"),
        pytest.param(text_of([["1", "2"]] * FAR + [["1", '"2"']]), id="a text"),
        pytest.param(text_of([["1", "2"]] * FAR + [["1", "NaN"]]), id="NaN"),
        pytest.param(text_of([["1", "2"]] * FAR + [["1", "1e999"]]), id="beyond floats"),
        pytest.param(text_of([["1", "2"]] * FAR) + b"x", id="broken"),
    ],
)
def test_anything_else_goes_on_as_it_came(body: bytes) -> None:
    matrix = matrix_of(TOLD)
    assert matrix is not None

    prepared = matrix.prepare(post(PLAIN), body, "r")

    assert prepared.body == body
    assert "tensors" not in json.loads(prepared.head)


@pytest.mark.parametrize(
    ("request_", "size", "taken"),
    [
        (post(PLAIN), LEAST, True),
        (post(PLAIN), LEAST - 1, False),
        (post([("content-type", "application/json; charset=utf-8")]), LEAST, False),
        (post([]), LEAST, False),
        (post([*PLAIN, ("content-encoding", "gzip")]), LEAST, False),
        (Request("GET", "/score", "", PLAIN), LEAST, False),
    ],
)
def test_only_large_bodies_of_plain_json_are_looked_at(
    request_: Request, size: int, taken: bool
) -> None:
    matrix = matrix_of(TOLD)

    assert matrix is not None
    assert matrix.takes(request_, size) is taken


@pytest.mark.parametrize("numbers", [[[1, 2.5]] * FAR, [["a", "b"]] * FAR])
def test_the_worker_is_told_of_the_trace_as_of_any_request(numbers: list[object]) -> None:
    matrix = matrix_of(TOLD)
    assert matrix is not None
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    traced = post([*PLAIN, ("traceparent", trace)])

    prepared = matrix.prepare(traced, json.dumps({"data": numbers}).encode(), "r")

    assert json.loads(prepared.head)["trace"] == trace


def test_scripts_that_ask_for_nothing_are_left_alone() -> None:
    assert matrix_of({}) is None
    assert matrix_of({"matrix": None}) is None
    assert matrix_of({"matrix": {"name": "data", "datatype": "INT8", "width": 2}}) is None


@pytest.fixture(scope="module", params=["float64", "float32"])
def sums(request: pytest.FixtureRequest, runtime: Path, environment: str) -> Iterator[Front]:
    """A decorated script, shared by all bodies."""
    folder = Path(mkdtemp(prefix="my-"))
    script = SCRIPT.format(above="", dtype=request.param, more="")
    front = Front(folder, runtime, script, python=environment)
    try:
        front.wait_for("ready")
        yield front
    finally:
        front.close()
        rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(text_of(rows_of()), id="fractions"),
        pytest.param(text_of(rows_of(["1", "-0", "-0.0"])), id="whole numbers and zeros"),
        pytest.param(
            text_of(rows_of(["9007199254740993", "-9223372036854775808", "1"])), id="long"
        ),
        pytest.param(text_of(rows_of(["18446744073709551615", "16777217", "1"])), id="unsigned"),
        pytest.param(text_of(rows_of(["5e-324", "1.7976931348623157e308", "1E-50"])), id="far"),
        pytest.param(text_of(rows_of(["1" * 40, "1", "2"])), id="longer than 64 bits"),
        pytest.param(text_of(rows_of(["1e999", "1", "2"])), id="infinite"),
        pytest.param(text_of(rows_of(["NaN", "1", "2"])), id="NaN"),
        pytest.param(text_of(rows_of(["null", "1", "2"])), id="null"),
        pytest.param(text_of(rows_of(["true", "1", "2"])), id="true"),
        pytest.param(text_of(rows_of(['"1.5"', "1", "2"])), id="a number as text"),
        pytest.param(text_of(rows_of(['"x"', "1", "2"])), id="a text"),
        pytest.param(text_of(rows_of(["1", "2"])), id="a short row"),
        pytest.param(text_of([row[:2] for row in rows_of()]), id="another width"),
        pytest.param(text_of(rows_of(), ', "more": 1'), id="another key"),
        pytest.param(text_of(rows_of(), ', "data": [[1, 2, 3]]'), id="the key twice"),
        pytest.param(text_of(rows_of()) + b"x", id="broken"),
    ],
)
def test_run_gets_the_same_array_either_way(sums: Front, body: bytes) -> None:
    here = sums.ask(body=body)
    there = sums.ask(body=body, headers={"content-type": "application/json; charset=utf-8"})

    assert without_id(here.json) == without_id(there.json)
    assert here.status == there.status
    assert {name.lower() for name in here.headers} == {name.lower() for name in there.headers}


def without_id(answer: Any) -> Any:
    return {**answer, "request_id": ""} if isinstance(answer, dict) else answer


@pytest.mark.slow
@pytest.mark.parametrize(
    ("above", "more", "read"),
    [
        pytest.param("", "", True, id="the plain decorator"),
        pytest.param(OUTSIDE, "", False, id="within another decorator"),
        pytest.param("", ", enforce_shape=False", False, id="any shape"),
        pytest.param("", ", enforce_column_type=False", False, id="any type"),
    ],
)
def test_the_worker_asks_only_where_nobody_can_tell(
    start: Callable[..., Front], environment: str, above: str, more: str, read: bool
) -> None:
    script = SCRIPT.format(above=above, dtype="float64", more=more)
    seen = script.replace("data[0, 0] = 7", "import sys; about.append(was_read(sys))") + (
        "\ndef was_read(sys):\n"
        "    frame = sys._getframe()\n"
        "    while frame and 'arguments' not in frame.f_locals:\n"
        "        frame = frame.f_back\n"
        "    return type(frame.f_locals['arguments']['data']).__name__\n"
    )
    front = start(seen, python=environment)

    answer = front.ask(body=text_of(rows_of()))

    assert ("ndarray" in answer.json) is read


@pytest.mark.slow
def test_matrices_that_wait_run_together(start: Callable[..., Front], environment: str) -> None:
    script = SCRIPT.format(above="seen = []", dtype="float64", more="").partition("    about =")[0]
    script += "    seen.append(len(data))\n"
    script += "    return [max(seen)] * len(data) if data[0, 0] == -9 else data.sum(axis=1)\n"
    front = start(script, python=environment, batching={"max_size": 64})
    waiting = Background(front)

    for number in range(24):
        waiting.score(data=[[float(number), 1.0, 2.0]] * 400)
    answers = [answer.json for answer in waiting.answers()]
    most = front.score(data=[[-9.0, 1.0, 2.0]] * 400).json[0]

    assert answers == [[number + 3.0] * 400 for number in range(24)]
    assert most > 400
