"""
Where a message of protobuf breaks: its parser only says that it does.

Walks the wire format along the message's description: a tag (field number and wire type), then a
varint, four or eight bytes, or a length and so many bytes.
"""

from typing import Any

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
_MESSAGE, _STRING = 11, 9
_DEEPEST = 100


class Broken(Exception):
    """Cannot be read from here on."""

    def __init__(self, at: int, path: str, why: str) -> None:
        super().__init__(why)
        self.at, self.path, self.why = at, path, why


def broken_at(data: bytes, descriptor: Any) -> str:
    """Words for where and why, like 'byte 17, in resource_metrics.resource: ends too early'."""
    try:
        _walk(data, 0, len(data), descriptor, "", 0)
    except Broken as found:
        place = f", in {found.path}" if found.path else ""
        return f"byte {found.at}{place}: {found.why}"
    return "no position is known"


def _walk(data: bytes, at: int, end: int, descriptor: Any, path: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise Broken(at, path, "nested too deeply")
    fields = descriptor.fields_by_number
    while at < end:
        begun = at
        tag, at = _varint(data, at, end, path)
        number, kind = tag >> 3, tag & 7
        field = fields.get(number)
        here = ".".join(filter(None, (path, field.name if field else f"field {number}")))
        if number == 0:
            raise Broken(begun, path, "no field has the number 0")
        if kind == _VARINT:
            _, at = _varint(data, at, end, here)
        elif kind in (_EIGHT, _FOUR):
            at += 8 if kind == _EIGHT else 4
            if at > end:
                raise Broken(begun, here, "ends too early")
        elif kind == _LENGTH:
            size, at = _varint(data, at, end, here)
            if at + size > end:
                raise Broken(begun, here, f"{size} bytes are announced, {end - at} are left")
            if field is not None and field.type == _MESSAGE:
                _walk(data, at, at + size, field.message_type, here, depth + 1)
            elif field is not None and field.type == _STRING:
                _check_text(data, at, size, here)
            at += size
        else:
            raise Broken(begun, here, f"there is no wire type {kind}")


def _varint(data: bytes, at: int, end: int, path: str) -> tuple[int, int]:
    value = shift = 0
    begun = at
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Broken(begun, path, "ends within a number" if at >= end else "a number is too long")


def _check_text(data: bytes, at: int, size: int, path: str) -> None:
    try:
        data[at : at + size].decode()
    except UnicodeDecodeError as error:
        raise Broken(at + error.start, path, "is no UTF-8") from None
