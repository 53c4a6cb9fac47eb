"""Frames survive any cut, and foreign bytes are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_worker.frames import (
    HEADER,
    MAGIC,
    PROTOCOL,
    Decoder,
    Frame,
    ProtocolError,
    encode,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FRAMES = st.builds(
    Frame,
    st.integers(1, 8),
    st.integers(0, 2**64 - 1),
    st.dictionaries(st.text(), JSON, max_size=3),
    st.binary(max_size=300),
    st.floats(0, 1e6),
    st.integers(0, 2**32 - 1),
)


def facts(frame):
    return (frame.type, frame.id, frame.head, bytes(frame.body), frame.deadline, frame.flags)


@given(st.lists(FRAMES, max_size=5), st.data())
def test_frames_come_out_whole_wherever_the_bytes_are_cut(frames, data):
    stream = b"".join(encode(frame) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = Decoder()

    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += decoder.feed(stream[start:end])

    assert [facts(frame) for frame in found] == [facts(frame) for frame in frames]


@given(st.lists(FRAMES, min_size=1, max_size=3))
def test_frames_come_out_whole_byte_by_byte(frames):
    decoder = Decoder()

    found = [
        frame
        for byte in b"".join(encode(frame) for frame in frames)
        for frame in decoder.feed(bytes([byte]))
    ]

    assert [facts(frame) for frame in found] == [facts(frame) for frame in frames]


@given(st.binary(min_size=HEADER.size).filter(lambda data: data[:2] != MAGIC))
def test_foreign_bytes_are_refused(data):
    with pytest.raises(ProtocolError, match="no frame of Modelyard"):
        Decoder().feed(data)


@given(FRAMES, st.integers(0, 255).filter(lambda version: version != PROTOCOL))
def test_another_version_of_the_protocol_is_refused_by_name(frame, version):
    data = bytearray(encode(frame))
    data[2] = version

    with pytest.raises(ProtocolError, match=f"speaks protocol {version}, this one {PROTOCOL}"):
        Decoder().feed(data)


@given(st.binary(max_size=64))
def test_a_payload_of_nonsense_is_refused_or_read_but_never_anything_else(payload):
    data = HEADER.pack(MAGIC, PROTOCOL, 1, 0, 1, 0.0, len(payload)) + payload

    try:
        (frame,) = Decoder().feed(data)
    except ProtocolError:
        return
    assert isinstance(frame.head, dict)
