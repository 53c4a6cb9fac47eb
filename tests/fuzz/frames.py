"""
Both decoders of frames and the reader of answers' heads: `make fuzz` runs it.

Anything but a refusal that is expected is a finding; so is a frame that only one decoder sees.
"""

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["modelyard", "modelyard_worker"]):
    import msgspec

    from modelyard.serving import decoding
    from modelyard.serving.messages import headers_of, response_head
    from modelyard_worker import frames
    from modelyard_worker.frames import HEADER, MAGIC, PROTOCOL, ProtocolError

LARGEST = 2**24
"""Announced sizes above this are left out: they cost memory, which a test of its own looks at."""


def frame(data: bytes) -> bytes:
    """A frame whose numbers are the fuzzer's but whose first bytes are right."""
    source = atheris.FuzzedDataProvider(data)
    kind, flags = source.ConsumeIntInRange(0, 255), source.ConsumeIntInRange(0, 1)
    length, extra = source.ConsumeIntInRange(0, 300), source.ConsumeIntInRange(0, 3)
    payload = length.to_bytes(4, "big") + source.ConsumeBytes(400)
    size = len(payload) if extra else source.ConsumeIntInRange(0, LARGEST)
    return HEADER.pack(MAGIC, PROTOCOL, kind, flags, length, 0.0, size) + payload


def small(data: bytes) -> bool:
    """Whether no header in it announces too much."""
    at = data.find(MAGIC)
    while at >= 0:
        size = data[at + 24 : at + 32]
        if len(size) == 8 and int.from_bytes(size, "big") > LARGEST:
            return False
        at = data.find(MAGIC, at + 1)
    return True


def heads(data: bytes) -> None:
    """What the front does with the head of an answer."""
    with suppress(msgspec.MsgspecError, ValueError, TypeError):
        headers_of(bytes(response_head(data).headers))


def one_input(data: bytes) -> None:
    heads(data)
    for stream in (data, frame(data), frame(data) + data):
        if not small(stream):
            continue
        with suppress(ProtocolError):
            decoding.Decoder().feed(stream)
        with suppress(ProtocolError):
            frames.Decoder().feed(stream)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
