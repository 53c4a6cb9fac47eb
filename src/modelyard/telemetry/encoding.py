"""Records to bytes and back: msgpack arrays whose first element says what they are."""

from collections.abc import Iterable

import msgspec

from modelyard.telemetry.records import About, Record

Bytes = bytes | bytearray | memoryview

_encoder = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(Record).decode
_decode_about = msgspec.msgpack.Decoder(About).decode

encode = _encoder.encode
"""A record as bytes."""

encode_into = _encoder.encode_into
"""A record into a bytearray that is used again and again; it has the record's size afterwards."""


class Decoder:
    """
    Reads records of this release and of others.

    ``unknown`` counts those of a kind that only a newer release knows, or with a field of another
    type; ``damaged`` those that are no msgpack.
    """

    def __init__(self) -> None:
        self.unknown = 0
        self.damaged = 0

    def records(self, found: Iterable[Bytes]) -> list[Record]:
        """Those that can be read, in order; the others are counted."""
        records: list[Record] = []
        for data in found:
            try:
                records.append(_decode(data))
            except msgspec.ValidationError:
                self.unknown += 1
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.damaged += 1
        return records


def about(data: Bytes) -> About:
    """Who writes into a ring, from its head; an unknown process where it cannot be read."""
    try:
        return _decode_about(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return About(role="unknown", instance="")
