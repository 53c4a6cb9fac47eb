"""
Records to bytes and back: msgpack arrays whose first element says what they are.

Several at once are a *lot*: a byte that msgpack never uses, then an array of them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from modelyard.telemetry.records import About, Record

Bytes = bytes | bytearray | memoryview

LOT = 0xC1
"""The first byte of a lot."""

_encoder = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(Record).decode
_decode_lot = msgspec.msgpack.Decoder(list[Record]).decode
_decode_parts = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_LOT = bytes([LOT])
_decode_about = msgspec.msgpack.Decoder(About).decode

encode = _encoder.encode
"""A record as bytes."""

encode_into = _encoder.encode_into
"""A record into a bytearray that is used again and again; it has the record's size afterwards."""


def encode_lot_into(lot: Sequence[Any], buffer: bytearray) -> None:
    """Several records, as one, into a bytearray that has their size afterwards."""
    _encoder.encode_into(lot, buffer, 1)
    buffer[0] = LOT


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
                if data[:1] == _LOT:
                    records += _decode_lot(memoryview(data)[1:])
                else:
                    records.append(_decode(data))
            except msgspec.ValidationError:
                self._rescue(data, records)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.damaged += 1
        return records

    def _rescue(self, data: Bytes, records: list[Record]) -> None:
        """What can be read of a lot with something else in it."""
        if data[:1] != _LOT:
            self.unknown += 1
            return
        try:
            parts = _decode_parts(memoryview(data)[1:])
        except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
            self.damaged += 1
            return
        records += self.records([bytes(part) for part in parts])


def about(data: Bytes) -> About:
    """Who writes into a ring, from its head; an unknown process where it cannot be read."""
    try:
        return _decode_about(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return About(role="unknown", instance="")
