"""
Several requests as one, and one answer as several; no I/O.

Requests of a script travel in an envelope, whole, one after the other; the worker joins them.
Tensors are joined here: their data are row-major, so rows of equal inputs only stand one after the
other.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

Bytes = bytes | bytearray | memoryview
Tensor = Sequence[Any]
"""[name, datatype, shape, size] as in the head of a frame."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_POST = b'{"method":"POST"'
_TENSORS = b'{"tensors":'
_TEXT = struct.Struct("<I")


class Unsplittable(Exception):
    """The answer has not one row for each that was asked for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How a request may be merged: with those of the same ``key``; ``rows`` where they count.

    ``tensors`` are those of its head; a script's has none.
    """

    key: object
    rows: int = 0
    tensors: tuple[Tensor, ...] = ()

    @property
    def is_script(self) -> bool:
        """Whether it travels in an envelope."""
        return not self.tensors


_SCRIPT = Plan("script")


def plan(head: bytes) -> Plan | None:
    """How the request with this head may be merged; None if not at all."""
    if head.startswith(_POST):
        return _SCRIPT
    if b'"tensors":' not in head:
        return None
    rest = _decode(head)
    tensors = tuple(rest.pop("tensors"))
    counts = {shape[0] if shape else 0 for _, _, shape, _ in tensors}
    if len(counts) != 1 or not (rows := counts.pop()):
        return None
    inputs = tuple((name, datatype, tuple(shape[1:])) for name, datatype, shape, _ in tensors)
    rest.pop("request_id", None)
    return Plan((inputs, _encode(rest)), rows, tensors)


def envelope(heads: Sequence[bytes], bodies: Sequence[Bytes]) -> tuple[bytes, bytes]:
    """Head and body of the REQUEST that holds these whole requests of a script."""
    parts = [
        head[:-1] + b',"size":%d}' % len(body) for head, body in zip(heads, bodies, strict=True)
    ]
    return b'{"batch":[' + b",".join(parts) + b"]}", b"".join(bodies)


def stacked(
    head: bytes,
    plans: Sequence[Plan],
    bodies: Sequence[Bytes],
    *,
    heads: Sequence[bytes] = (),
) -> tuple[bytes, bytes]:
    """
    Head and body of the REQUEST whose tensors have the rows of all, which have one key.

    ``head`` is the first's: beside tensors it says what they have in common. With the
    ``heads`` of all it says as well which rows are of which request.
    """
    total = sum([plan.rows for plan in plans])
    tensors, body = _stacked(total, plans, bodies)
    said = {**_decode(head), "tensors": tensors}
    if heads:  # plans are shared by requests, so ids are only there
        ids = [_decode(each).get("request_id") or "" for each in heads]
        said["parts"] = [(id, plan.rows) for id, plan in zip(ids, plans, strict=True)]
    return _encode(said), body


def _stacked(
    total: int, plans: Sequence[Plan], bodies: Sequence[Bytes]
) -> tuple[list[Tensor], bytes]:
    first = plans[0]
    if len(first.tensors) == 1:
        name, datatype, shape, _ = first.tensors[0]
        body = b"".join(bodies)
        return [[name, datatype, [total, *shape[1:]], len(body)]], body
    views = [memoryview(body) for body in bodies]
    starts = [0] * len(plans)
    tensors: list[Tensor] = []
    pieces: list[Bytes] = []
    for at, (name, datatype, shape, _) in enumerate(first.tensors):
        joined = 0
        for number, each in enumerate(plans):
            size = each.tensors[at][3]
            pieces.append(views[number][starts[number] : starts[number] + size])
            starts[number] += size
            joined += size
        tensors.append([name, datatype, [total, *shape[1:]], joined])
    return tensors, b"".join(pieces)


def parted(
    tensors: Sequence[Tensor], body: Bytes, counts: Sequence[int]
) -> list[tuple[list[Tensor], bytes]]:
    """
    The tensors and data of each request, given each one's number of rows.

    Raises Unsplittable when an output has not as many rows as went in.
    """
    if len(tensors) == 1 and tensors[0][1] != "BYTES":
        return _parted_numbers(tensors[0], body, counts)
    view = memoryview(body)
    heads: list[list[Tensor]] = [[] for _ in counts]
    pieces: list[list[Bytes]] = [[] for _ in counts]
    start = 0
    for name, datatype, shape, size in tensors:
        _check_rows(name, shape, counts)
        data = view[start : start + size]
        start += size
        at = 0
        for number, (count, length) in enumerate(_lengths(datatype, shape, data, counts)):
            heads[number].append([name, datatype, [count, *shape[1:]], length])
            pieces[number].append(data[at : at + length])
            at += length
    return [(head, b"".join(piece)) for head, piece in zip(heads, pieces, strict=True)]


def _parted_numbers(
    tensor: Tensor, body: Bytes, counts: Sequence[int]
) -> list[tuple[list[Tensor], bytes]]:
    """The same for one output of numbers, which is what most models give."""
    name, datatype, shape, size = tensor
    _check_rows(name, shape, counts)
    data = bytes(body[:size])
    each = _row_size(data, shape[0])
    rest = shape[1:]
    heads: dict[int, list[Tensor]] = {
        count: [[name, datatype, [count, *rest], count * each]] for count in set(counts)
    }
    found: list[tuple[list[Tensor], bytes]] = []
    at = 0
    for count in counts:
        end = at + count * each
        found.append((heads[count], data[at:end]))
        at = end
    return found


def _check_rows(name: str, shape: Sequence[int], counts: Sequence[int]) -> None:
    if not shape or shape[0] != sum(counts):
        raise Unsplittable(f"output '{name}' has shape {list(shape)} for {sum(counts)} rows")


def _row_size(data: Bytes, rows: int) -> int:
    each, left = divmod(len(data), rows)
    if left:
        raise Unsplittable(f"{len(data)} bytes are no {rows} rows")
    return each


def _lengths(
    datatype: str, shape: Sequence[int], data: memoryview, counts: Sequence[int]
) -> list[tuple[int, int]]:
    """Rows of each request and the bytes that they take."""
    rows = shape[0]
    if datatype != "BYTES":
        each = _row_size(data, rows)
        return [(count, count * each) for count in counts]
    texts = 1
    for length in shape[1:]:
        texts *= length
    return [(count, size) for count, size in zip(counts, _texts(data, texts, counts), strict=True)]


def _texts(data: memoryview, per_row: int, counts: Sequence[int]) -> list[int]:
    """Texts stand each after its length, so only walking tells where a row ends."""
    sizes, start, at = [], 0, 0
    try:
        for count in counts:
            for _ in range(count * per_row):
                at += _TEXT.size + _TEXT.unpack_from(data, at)[0]
            sizes.append(at - start)
            start = at
    except struct.error as error:
        raise Unsplittable(f"texts of an output break off: {error}") from None
    if at != len(data):
        raise Unsplittable("an output has more texts than its shape says")
    return sizes


def share(waiting: int, idle: int, max_size: int) -> int:
    """
    How many waiting requests the next idle worker gets at most.

    A fair share, so that no worker idles while another has all.
    """
    if not waiting or not idle:
        return 0
    return min(max_size, -(-waiting // idle))


def patience(waiting: int, oldest: float, now: float, max_size: int, max_wait: float) -> float:
    """Seconds that an idle worker still waits for more requests; 0.0 begins at once."""
    if max_wait <= 0.0 or waiting >= max_size:
        return 0.0
    return max(0.0, oldest + max_wait - now)
