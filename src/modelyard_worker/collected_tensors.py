"""Tensors as they travel, ready to be written; pure."""

from __future__ import annotations

import struct
from typing import Any, Sequence

from modelyard_worker.collected import LARGEST_ROW, MOST_BYTES, MOST_ROWS, Rows, Unusable

_SIZE = struct.Struct("<I")


def tensors(heads: Sequence[Sequence[Any]], body: Any) -> Rows:
    """Tensors as they travel, cut by rows where they are too many bytes."""
    view = memoryview(body)
    counts = {shape[0] if shape else 1 for _, _, shape, _ in heads}
    if len(counts) != 1:
        raise Unusable("the tensors have not one number of rows")
    total = counts.pop()
    if len(view) <= MOST_BYTES and total <= MOST_ROWS:
        return Rows(total, {"tensors": [list(head) for head in heads]}, bytes(view))
    keep = min(total, MOST_ROWS, max(1, total * MOST_BYTES // len(view)))
    said, parts, at = [], [], 0
    for name, datatype, shape, size in heads:
        data = view[at : at + size]
        at += size
        data = _first_texts(data, keep * _per_row(shape)) if datatype == "BYTES" else (
            data[: size // total * keep]
        )  # fmt: skip
        if len(data) > LARGEST_ROW:
            raise Unusable("one row of %d bytes is too large to be collected" % len(data))
        said.append([name, datatype, [keep, *shape[1:]], len(data)])
        parts.append(bytes(data))
    return Rows(keep, {"tensors": said}, b"".join(parts), total - keep)


def _per_row(shape: Sequence[int]) -> int:
    found = 1
    for length in shape[1:]:
        found *= length
    return found


def _first_texts(data: memoryview, count: int) -> memoryview:
    at = 0
    for _ in range(count):
        at += 4 + _SIZE.unpack_from(data, at)[0]
    return data[:at]
