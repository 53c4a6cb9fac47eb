"""
Tensors of numbers to their JSON text.

A module in C does it where it could be built (``native/``), without an object for each number;
elsewhere msgspec, which writes the same bytes (docs/decisions/0006-numbers-in-c.md).
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import msgspec

from modelyard.serving.tensors import powers
from modelyard.serving.tensors.tensor import CODES, Buffer, nest, unpack

try:
    from modelyard.serving.tensors import _json_numbers as native
except ImportError:  # no compiler where it was installed
    native = None  # type: ignore[assignment]
else:
    native.prepare_to_write(powers.table_of_ten())

FEWEST_BYTES = 64
"""The size of data from which on it is quicker in C."""

_WRITTEN = {"FP64": 8, "FP32": 4, "INT64": 8}
"""The bytes of an element of what is written in C."""


def text_of(
    datatype: str, data: Buffer, shape: Sequence[int], start: bytes = b"", end: bytes = b""
) -> bytes | None:
    """
    The elements in a list, or in a list for each row, between ``start`` and ``end``; NaN and
    infinity are null.

    None for what msgspec shall write: few elements, other datatypes and ranks, data of another
    size, and everything without the module in C.
    """
    if len(data) < FEWEST_BYTES or native is None or len(shape) > 2:
        return None
    if len(data) != prod(shape) * _WRITTEN.get(datatype, 0):
        return None
    width = shape[1] if len(shape) == 2 else 0
    return None if width < 0 else native.write(data, CODES[datatype], width, start, end)


def value_of(datatype: str, data: Buffer, shape: Sequence[int]) -> Any:
    """What msgspec encodes to that text. Raises BadData when the data is not of that size."""
    text = text_of(datatype, data, shape)
    if text is not None:
        return msgspec.Raw(text)
    return nest(unpack(datatype, data, prod(shape)), tuple(shape))
