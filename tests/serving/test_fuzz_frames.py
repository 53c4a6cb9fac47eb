"""Both decoders of frames, fed with everything: the same frames, or a refusal that is expected."""

import json

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from modelyard.serving import decoding
from modelyard.serving.messages import headers_of, response_head
from modelyard_worker import frames
from modelyard_worker.frames import HEADER, MAGIC, PROTOCOL, ProtocolError

KINDS = st.integers(0, 255)
SIZES = st.integers(0, 80) | st.integers(0, 2**24)
HEADS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)


@st.composite
def nearly_frames(draw: st.DrawFn) -> bytes:
    """Right frames, some with one number or byte changed, and a piece of nonsense at times."""
    pieces = []
    for _ in range(draw(st.integers(0, 4))):
        head = json.dumps(draw(HEADS)).encode()
        body = draw(st.binary(max_size=60))
        length = draw(st.just(len(head)) | st.integers(0, 200))
        payload = length.to_bytes(4, "big") + head + body
        size = draw(st.just(len(payload)) | SIZES)
        number = draw(st.integers(0, 2**64 - 1))
        pieces.append(HEADER.pack(MAGIC, PROTOCOL, draw(KINDS), 0, number, 0.0, size) + payload)
    data = bytearray(b"".join(pieces))
    if data and draw(st.booleans()):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data) + draw(st.just(b"") | st.binary(max_size=40))


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(at, len(data)) for at in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def of_front(pieces: list[bytes]) -> tuple[list[tuple[int, int, bytes]], bool]:
    """Kinds, ids and bodies until the end or the refusal, and whether it was refused."""
    decoder = decoding.Decoder()
    found: list[tuple[int, int, bytes]] = []
    try:
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                wanted = decoder.wanted
                if wanted is None:
                    found += [(k, n, bytes(body)) for k, n, _, body in decoder.feed(bytes(rest))]
                    break
                taken = min(len(wanted), len(rest))
                wanted[:taken] = rest[:taken]
                found += [(k, n, bytes(body)) for k, n, _, body in decoder.filled(taken)]
                rest = rest[taken:]
    except ProtocolError:
        return found, True
    return found, False


def of_worker(pieces: list[bytes]) -> tuple[list[tuple[int, int, bytes]], bool]:
    decoder = frames.Decoder()
    found: list[tuple[int, int, bytes]] = []
    try:
        for piece in pieces:
            found += [(f.type, f.id, bytes(f.body)) for f in decoder.feed(piece)]
    except ProtocolError:
        return found, True
    return found, False


@given(nearly_frames(), st.lists(st.integers(0, 600), max_size=6))
@example(HEADER.pack(MAGIC, PROTOCOL, 4, 0, 1, 0.0, 4) + b"\0\0\0\0", [33])
def test_a_decoder_finds_frames_or_refuses_and_never_anything_else(
    data: bytes, cuts: list[int]
) -> None:
    pieces = cut(data, cuts)

    front, refused = of_front(pieces)
    worker, worker_refused = of_worker(pieces)

    # they see foreign bytes after more or fewer frames of the same read: the front reads heads
    # only when it wants them, and a refusal ends everything
    assert front[: len(worker)] == worker[: len(front)]
    if not worker_refused:
        assert not refused
        assert front == worker


@given(st.binary(max_size=200) | nearly_frames(), st.lists(st.integers(0, 200), max_size=6))
def test_where_the_bytes_are_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    found, refused = of_front(cut(data, cuts))
    whole, whole_refused = of_front([data])

    assert refused == whole_refused
    assert refused or found == whole


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["status", "headers", "run_ms", "tensors", "batch", "size"])


@given(
    st.binary(max_size=100) | st.dictionaries(NAMES, JSON).map(lambda d: json.dumps(d).encode())
)
def test_the_head_of_an_answer_is_read_or_refused(head: bytes) -> None:
    try:
        found = response_head(head)
    except msgspec.MsgspecError:
        return
    try:
        headers, lines = headers_of(bytes(found.headers))
    except ProtocolError:
        return

    for name, value in headers:
        assert not set("\r\n\0") & set(name + value)
    assert lines.sent.count(b"\r\n") == lines.sent.count(b"\n")
