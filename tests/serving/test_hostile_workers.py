"""A worker whose answers are well-formed frames with nonsense in them."""

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

import modelyard_worker
from tests.serving.fronts import Front
from tests.waiting import wait_until

Start = Callable[..., Front]

LIAR = """
import json, os, socket, sys
from modelyard_worker import frames
from modelyard_worker.frames import Frame, encode

sock = socket.socket(fileno=int(sys.argv[2]))
decoder = frames.Decoder()

def say(kind, id=0, head=None, body=b""):
    payload = json.dumps({} if head is None else head).encode()
    size = 4 + len(payload) + len(body)
    start = frames.HEADER.pack(frames.MAGIC, frames.PROTOCOL, kind, 0, id, 0.0, size)
    sock.sendall(start + len(payload).to_bytes(4, "big") + payload + body)

say(frames.HELLO, 0, {"protocol": frames.PROTOCOL, "pid": os.getpid(), "python": "3"})
HELLO = json.loads(os.environ["HELLO"])
while True:
    data = sock.recv(65536)
    if not data:
        break
    for frame in decoder.feed(data):
        if frame.type == frames.HELLO:
            say(frames.HELLO, 0, {"ready": True, **HELLO} if isinstance(HELLO, dict) else HELLO)
        elif frame.type == frames.REQUEST:
            asked = json.loads(bytes(frame.body) or b"[]")
            for kind, id, head, body in asked:
                say(kind, frame.id if id is None else id, head, body.encode())
            say(frames.RESPONSE, frame.id, {"status": 200, "headers": []}, b'"good"')
"""

RESPONSE, STARTED, CHUNK, END, FAULT, HELLO = 4, 3, 5, 6, 8, 1


@pytest.fixture
def liar(start: Start, tmp_path: Path) -> Callable[[Any], Front]:
    """A front whose worker says what its requests tell it to say."""
    source = Path(str(modelyard_worker.__file__)).parent
    copytree(source, tmp_path / "modelyard_worker")
    (tmp_path / "modelyard_worker" / "__main__.py").write_text(LIAR)

    def make(hello: Any, **spec: Any) -> Front:
        variables = {"HELLO": json.dumps(hello)}
        return start(runtime=tmp_path, variables=variables, scoring_timeout=2.0, **spec)

    return make


def alive(front: Front) -> None:
    wait_until(lambda: front.ask(body=[]).body == b'"good"', 40, "a good answer")
    assert front.process.poll() is None
    assert "unexpected" not in front.log()


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([RESPONSE, None, {"status": 99999}, ""], id="a status of five digits"),
        pytest.param([RESPONSE, None, {"status": -1}, ""], id="a status below none"),
        pytest.param(
            [RESPONSE, None, {"status": "x"}, ""], id="a status that is a text"
        ),
        pytest.param([RESPONSE, None, {"status": 204}, "body"], id="a body where none may be"),
        pytest.param([RESPONSE, None, {"status": 101}, ""], id="a switch of protocols"),
        pytest.param(
            [RESPONSE, None, {"headers": 5}, ""], id="headers that are a number"
        ),
        pytest.param([RESPONSE, None, {"headers": [[1], [], 5]}, ""], id="headers in pieces"),
        pytest.param(
            [RESPONSE, None, {"headers": [["a", "b\r\nc: d"], ["e\n", "f"]]}, ""], id="split ones"
        ),
        pytest.param(
            [RESPONSE, None, {"headers": [["content-length", "9"], ["upgrade", "x"]]}, ""],
            id="headers of the connection",
        ),
        pytest.param(
            [RESPONSE, None, {"run_ms": "x"}, ""], id="a time that is a text"
        ),
        pytest.param([RESPONSE, None, {"run_ms": -1e308}, ""], id="a time before its beginning"),
        pytest.param([RESPONSE, None, {"run_ms": 1e308}, ""], id="a time without end"),
        pytest.param(
            [RESPONSE, None, {"tensors": "x"}, ""], id="tensors that are a text"
        ),
        pytest.param([RESPONSE, None, {"tensors": [[1]]}, ""], id="tensors nobody asked for"),
        pytest.param(
            [RESPONSE, None, {"batch": 5}, ""], id="a batch that is a number"
        ),
        pytest.param([RESPONSE, None, {"batch": [{"size": 10**12}]}, ""], id="a batch of nothing"),
        pytest.param(
            [RESPONSE, None, [], ""], id="a head that is a list"
        ),
        pytest.param([RESPONSE, 10**15, {}, ""], id="an answer to nobody"),
        pytest.param([RESPONSE, 0, {}, ""], id="an answer to request 0"),
        pytest.param([CHUNK, None, {"status": "x"}, "a"], id="a stream with a wrong head"),
        pytest.param([CHUNK, 10**15, {}, "a"], id="a stream to nobody"),
        pytest.param([END, None, {"error": {"a": 1}}, ""], id="an end without a stream"),
        pytest.param([END, None, [], ""], id="an end that is a list"),
        pytest.param([END, None, {"cancelled": True}, ""], id="an end of what was not cancelled"),
        pytest.param([FAULT, 0, {"message": 5, "line": []}, ""], id="a fault in between"),
        pytest.param([HELLO, 0, {"ready": True}, ""], id="another hello"),
        pytest.param([STARTED, 10**15, {}, ""], id="nobody has started"),
        pytest.param([200, None, {}, ""], id="a frame of no kind"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_a_strange_answer_is_one_request_s_matter(
    liar: Callable[[Any], Front], said: list[Any]
) -> None:
    front = liar({})

    answer = front.ask(body=[said])

    assert 200 <= answer.status <= 599
    assert "c" not in {name.lower() for name in answer.headers}
    alive(front)


@pytest.mark.slow
def test_a_whole_answer_to_what_streams_already_breaks_the_stream_off(
    liar: Callable[[Any], Front],
) -> None:
    front = liar({})

    with pytest.raises(http.client.IncompleteRead):
        front.ask(body=[[CHUNK, None, {"status": 200}, "a"]] * 3)

    alive(front)


@pytest.mark.parametrize(
    "hello",
    [
        pytest.param({"batching": 5}, id="batching that is a number"),
        pytest.param({"batching": {"on": "yes", "why": 3}}, id="batching of texts"),
        pytest.param({"signature": []}, id="a signature that is a list"),
        pytest.param({"signature": {"inputs": 5}}, id="inputs that are a number"),
        pytest.param(
            {"signature": {"inputs": [{"name": 1, "datatype": "X", "shape": "?"}], "outputs": []}},
            id="an input of no type",
        ),
        pytest.param({"decorated": [], "swagger": 5, "schema": "x"}, id="a schema of nothing"),
        pytest.param({"pid": "x", "protocol": "y", "packages": 5}, id="facts of other types"),
    ],
)
@pytest.mark.parametrize("predictor", [None, {"framework": "ScikitLearn"}])
@pytest.mark.slow
def test_a_strange_greeting_fails_its_worker_or_nothing(
    liar: Callable[[Any], Front], hello: Any, predictor: Any
) -> None:
    front = liar(hello, predictor=predictor, batching={"max_size": 8}, state="")
    wait_until(
        lambda: (front.status() or {}).get("state") in ("ready", "failed"), what="a verdict"
    )

    statuses = [
        front.ask(body=[]).status,
        front.ask("GET", "/swagger.json").status,
        front.ask("GET", "/").status,
    ]

    assert front.process.poll() is None
    assert all(200 <= status <= 599 for status in statuses)
    assert "unexpected" not in front.log()
    assert "Traceback" not in front.log()
