"""Batches in a real worker, and the test that decides whether there are any."""

import json
import sys
from typing import Any

import pytest

from modelyard_worker.frames import REQUEST, RESPONSE, Frame, encode
from tests.modelyard_worker.worker import WorkerProcess

SUMS = """
import json

sample_input = '{"data": [[1.5, 2.0], [3.0, 4.0]]}'
calls = []

def run(data):
    rows = json.loads(data)["data"]
    calls.append(len(rows))
    if any(row[0] == -1 for row in rows):
        raise ValueError("minus one")
    return [[sum(row), len(calls)] if row[0] == -2 else [sum(row)] for row in rows]
"""


def start(launch, script: str, python: str, **more: Any) -> tuple[WorkerProcess, dict[str, Any]]:
    worker = launch(script, python)
    ready = worker.greet(batching={"max_size": 64, "max_wait_ms": 0.0}, **more)
    assert ready.head.get("ready"), ready.head
    return worker, ready.head["batching"]


def ask(worker: WorkerProcess, *bodies: Any, headers: Any = (), method: str = "POST") -> list[Any]:
    """One batch; gives (status, parsed body) of each request."""
    texts = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
    pairs = [["content-type", "application/json"], *headers]
    heads = [
        {"method": method, "path": "/score", "query": "", "size": len(text)}
        | {"headers": [["x-request-id", f"r{at}"], *pairs]}
        for at, text in enumerate(texts)
    ]
    worker.sock.sendall(encode(Frame(REQUEST, 9, {"batch": heads}, b"".join(texts))))
    frame = worker.receive()
    assert (frame.type, frame.id) == (RESPONSE, 9)
    answers, at = [], 0
    for head in frame.head["batch"]:
        end = at + head["size"]
        answers.append((head["status"], json.loads(frame.body[at:end])))
        at = end
    assert at == len(frame.body)
    return answers


def test_a_batch_is_one_call_and_each_gets_its_own(launch, python):
    worker, verdict = start(launch, SUMS, python)
    before = worker.score({"data": [[-2, 2]]}).json[0][1]

    answers = ask(worker, {"data": [[1, 2]]}, {"data": [[-2, 1], [3, 4]]}, {"data": [[5, 6]]})

    assert verdict == {"on": True, "why": ""}
    assert answers == [(200, [[3]]), (200, [[-1, before + 1], [7]]), (200, [[11]])]
    assert worker.page()[2] == 2
    assert "batched and single answers agree" in worker.log


def test_a_bad_request_in_a_batch_fails_alone(launch, python):
    worker, _ = start(launch, SUMS, python)

    answers = ask(worker, {"data": [[1, 2]]}, {"data": [[-1, 0]]}, b"{", {"data": [[5, "x"]]})

    assert answers[0] == (200, [[3]])
    assert [status for status, _ in answers[1:]] == [500, 500, 500]
    assert "minus one" in answers[1][1]["message"]
    assert answers[1][1]["request_id"] == "r1"
    assert "JSON" in answers[2][1]["message"]
    assert "TypeError" in answers[3][1]["message"]


def test_requests_of_other_forms_are_run_apart(launch, python):
    worker, _ = start(launch, SUMS, python)

    answers = ask(
        worker, {"data": [[-2, 2]]}, {"data": [[-2, 2, 3]]}, {"data": [[-2, 2]]}, {"data": []}
    )

    counts = [answer[0][1] for _, answer in answers[:3]]
    assert counts[0] == counts[2] != counts[1]
    assert answers[3] == (200, [])


def test_every_number_reaches_the_script_as_it_was_written(launch, python):
    script = """
    import json
    sample_input = [1, 2]
    def run(data):
        return [str(number) for number in json.loads(data, parse_float=str, parse_int=str)]
    """
    worker, _ = start(launch, script, python)

    answers = ask(worker, b"[1.50, 2e3]", b"[0.1000000000000000055]", b" [ 1E400 ] ")

    expected = [["1.50", "2e3"], ["0.1000000000000000055"], ["1E400"]]
    assert [answer for _, answer in answers] == expected


def test_a_text_of_json_stays_a_text(launch, python):
    script = """
    import json
    sample_input = {"data": [1, 2]}
    def run(data):
        return json.dumps({"result": [x * 2 for x in json.loads(data)["data"]], "n": [1] * 0})
    """
    worker, verdict = start(launch, script.replace(', "n": [1] * 0', ""), python)

    answers = ask(worker, {"data": [1]}, {"data": [2, 3]})

    assert verdict["on"]
    assert answers == [(200, '{"result": [2]}'), (200, '{"result": [4, 6]}')]


def test_an_async_run_is_batched_too(launch, python):
    worker, verdict = start(launch, SUMS.replace("def run", "async def run"), python)

    assert verdict["on"]
    assert ask(worker, {"data": [[1, 2]]}, {"data": [[5, 6]]}) == [(200, [[3]]), (200, [[11]])]


def test_the_page_tells_the_time_of_each_run_when_they_are_run_alone(launch, python):
    script = SUMS.replace(
        "    calls.append",
        "    import mmap, struct, sys\n"
        "    fd = int(sys.argv[sys.argv.index('--page-fd') + 1])\n"
        "    page = mmap.mmap(fd, 24)\n"
        "    began.append(struct.unpack('!d', page[8:16])[0])\n"
        "    calls.append",
    ).replace("len(calls)] if", "began] if")
    worker, _ = start(launch, "began = []\n" + script, python)

    answers = ask(worker, {"data": [[1, 2]]}, {"data": [[-1, 0]]}, {"data": [[-2, 0]]})

    times = answers[2][1][0][1][-4:]
    assert times == sorted(times)
    assert len(set(times)) == 4


def test_batches_are_answered_one_by_one_where_the_self_test_failed(launch, python):
    worker, verdict = start(launch, SUMS.replace("sample_input", "samples"), python)

    answers = ask(worker, {"data": [[-2, 2]]}, {"data": [[-2, 2]]})

    assert not verdict["on"]
    assert answers == [(200, [[0, 1]]), (200, [[0, 2]])]


def test_a_stream_within_a_batch_is_read_to_its_end(launch, python):
    worker, verdict = start(
        launch, "def run(data):\n    yield '[1,'\n    yield data + ']'\n", python
    )

    assert "streams" in verdict["why"]
    assert ask(worker, 2, 3) == [(200, [1, 2]), (200, [1, 3])]


def test_batching_ends_where_batches_fail_and_their_requests_do_not(launch, python):
    script = SUMS.replace("return [", "return [0] if len(rows) > 8 else [")
    worker, verdict = start(launch, script, python)

    for _ in range(6):
        answers = ask(worker, *[{"data": [[1, 2]]}] * 9)

    assert verdict["on"]
    assert answers == [(200, [[3]])] * 9
    assert "Batching ends in this worker: run()'s result has 1 rows for 9 rows" in worker.log


OFF = {
    "no sample": ("def run(data):\n    return [1]\n", "there are no sample rows"),
    "headers": (
        "sample_input = [1]\ndef run(data, request_headers):\n    return [1]\n",
        "request_headers",
    ),
    "raw": (
        "from azureml.contrib.services.aml_request import rawhttp\n"
        "@rawhttp\ndef run(request):\n    return [1]\n",
        "@rawhttp",
    ),
    "raises": (
        "sample_input = [1]\ndef run(data):\n    raise ValueError('no')\n",
        "run() raised ValueError: no (score.py, line 3)",
    ),
    "one answer for all": (
        "sample_input = [1, 2]\ndef run(data):\n    return [7]\n",
        "has 1 rows for 2 rows of input",
    ),
    "no rows in the answer": (
        "sample_input = [1]\ndef run(data):\n    return {'sum': 3}\n",
        "'sum' of run()'s result is a int",
    ),
    "rows that look at one another": (
        "import json\nsample_input = [1.0]\n"
        "def run(data):\n    rows = json.loads(data)\n    return [x / sum(rows) for x in rows]\n",
        "the answer[0] is 1.0 alone and",
    ),
    "an answer that changes": (
        "import itertools\ncount = itertools.count()\nsample_input = [1]\n"
        "import json\ndef run(data):\n    return [next(count) for _ in json.loads(data)]\n",
        "alone and",
    ),
    "a sample that is no JSON": (
        "sample_input = 'rows'\ndef run(data):\n    return [1]\n",
        "sample_input is no JSON",
    ),
    "exit": ("sample_input = [1]\ndef run(data):\n    raise SystemExit(3)\n", "sys.exit(3)"),
}


@pytest.mark.parametrize(("script", "why"), OFF.values(), ids=list(OFF))
def test_batching_is_off_and_says_why(launch, script, why):
    worker, verdict = start(launch, script, sys.executable)

    assert verdict["on"] is False
    assert why in verdict["why"]
    assert f"Batching is off: {verdict['why']}." in worker.log
    assert worker.process.poll() is None


def test_nothing_is_tried_where_nobody_asked_for_batching(serve):
    worker = serve(SUMS)

    assert worker.score({"data": [[-2, 2]]}).json == [[0, 1]]
    assert "Batching" not in worker.log
