"""Frames of a worker as the front reads them: what is refused as soon as it can be told."""

import pytest

from modelyard.serving.decoding import Decoder
from modelyard_worker.frames import (
    FRAME_LIMIT,
    HEADER,
    MAGIC,
    PROTOCOL,
    RESPONSE,
    ProtocolError,
)


def header(magic: bytes = MAGIC, version: int = PROTOCOL, size: int = 4) -> bytes:
    return HEADER.pack(magic, version, RESPONSE, 0, 7, 0.0, size)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(header(magic=b"NO"), "no frame of Modelyard", id="foreign bytes"),
        pytest.param(header(version=9), "speaks protocol 9", id="another protocol"),
        pytest.param(header(size=FRAME_LIMIT + 1), "are the most", id="too large a frame"),
        pytest.param(header(size=3), "without the length", id="no room for the head's length"),
        pytest.param(header(size=6) + b"\0\0\0\3{}", "longer than itself", id="too long a head"),
    ],
)
@pytest.mark.parametrize("before", [b"", header() + bytes(4)], ids=["first", "behind a frame"])
def test_a_wrong_frame_is_refused_before_more_of_it_comes(data: bytes, why: str, before: bytes):
    with pytest.raises(ProtocolError, match=why):
        Decoder().feed(before + data)


def test_a_header_alone_waits_for_the_rest():
    decoder = Decoder()

    assert decoder.feed(header(size=8)) == []
    assert decoder.feed(b"\0\0\0\2") == []
    assert decoder.wanted is not None
    decoder.wanted[:] = b"{}ab"
    ((kind, id_, head, body),) = decoder.filled(4)

    assert (kind, id_, head, bytes(body)) == (RESPONSE, 7, b"{}", b"ab")
