"""What large tensors leave behind is given back, however small the body was that they came in."""

import gzip
import json

import pytest

from modelyard.domain.fronts import FrontSpec
from modelyard.serving.exchange import Request
from modelyard.serving.heap import LARGE, Heap
from modelyard.serving.protocols.service import ServiceProtocols

SPEC = FrontSpec("r1", "ws", "svc", "v", 1, "py", "rt", "app", "", "m", "s", "c", "log")
HELLO = {
    "signature": {
        "inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 1]}],
        "outputs": [],
        "methods": ["predict"],
    }
}
JSON = ("content-type", "application/json")


@pytest.mark.parametrize("packed", [False, True])
def test_small_bodies_of_large_tensors_are_looked_after(packed: bool) -> None:
    asked: list[float] = []
    heap = Heap(lambda seconds, _: asked.append(seconds))
    protocols = ServiceProtocols(
        SPEC,
        lambda: HELLO,
        lambda: True,
        version="1",
        describe=lambda *_: b"",
        heap=heap,
    )
    body = json.dumps({"data": [[1]] * 20_000}, separators=(",", ":")).encode()
    headers = [JSON]
    if packed:
        body, headers = gzip.compress(body), [JSON, ("content-encoding", "gzip")]

    prepared = protocols.prepare(Request("POST", "/score", "", headers), body)

    assert len(body) < LARGE < len(prepared.body)
    assert len(asked) == 1
