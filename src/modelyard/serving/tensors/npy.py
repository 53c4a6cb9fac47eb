"""
NumPy's .npy files, versions 1 to 3, in and out.

Arrays of Python objects are refused: reading them would run code.
"""

import ast
import re
import struct
from math import prod
from typing import Any

from modelyard.serving.tensors.fields import unreadable
from modelyard.serving.tensors.tensor import CODES, Buffer, Shape, Tensor, pack

MAGIC = b"\x93NUMPY"

_CODES = {
    "?": "BOOL",
    "b1": "BOOL",
    **{f"u{size}": f"UINT{8 * size}" for size in (1, 2, 4, 8)},
    **{f"i{size}": f"INT{8 * size}" for size in (1, 2, 4, 8)},
    **{f"f{size}": f"FP{8 * size}" for size in (2, 4, 8)},
}
_NAMES = {datatype: code for code, datatype in _CODES.items() if code != "?"}
_DESCR = re.compile(r"([<>|=]?)([?biufSUO])([0-9]{0,9})").fullmatch
_HEADER_LIMIT = 10_000
_MOST_DIMENSIONS = 32
_LARGEST = 2**63 - 1


def read(body: Buffer, name: str = "") -> Tensor:
    """The array of a .npy file. Raises the 400 that says what is wrong with it."""
    descr, fortran, shape, start = _header(body)
    found = _DESCR(descr) if isinstance(descr, str) else None
    if found is None:
        raise unreadable(f"The .npy file has the dtype {descr!r}; numbers and texts are taken.")
    order, kind, digits = found.groups()
    if kind == "O":
        raise unreadable(
            "The .npy file holds Python objects, which are never read; save numbers or texts, "
            "for example with array.astype(float) or array.astype(str)."
        )
    data: Any = memoryview(body)[start:]
    if kind in "SU":
        width = int(digits or 0) * (4 if kind == "U" else 1)
        return _texts(name, data, shape, width, kind, order, fortran)
    datatype = _CODES.get(kind + digits)
    if datatype is None:
        raise unreadable(f"The .npy file has the dtype {descr!r}; numbers to 8 bytes are taken.")
    width = struct.calcsize(CODES[datatype])
    _check_size(data, prod(shape) * width, shape)
    if order == ">" and width > 1:
        data = memoryview(_swapped(data, datatype))
    if fortran and len(shape) > 1:
        data = _row_major(data, width, shape)
    return Tensor(name, datatype, shape, data)


def written(tensor: Tensor) -> bytes:
    """The .npy file of a tensor, as NumPy writes it; texts have a fixed width there."""
    if tensor.datatype == "BYTES":
        values = ["" if value is None else value for value in tensor.values()]
        width = max(map(len, values), default=0) or 1
        data: Buffer = b"".join(v.ljust(width, "\0").encode("utf-32-le") for v in values)
        descr = f"<U{width}"
    else:
        data = tensor.data
        code = _NAMES[tensor.datatype]
        descr = ("|" if code[1] == "1" else "<") + code
    facts = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {tensor.shape!r}, }}"
    # the data begins at a multiple of 64
    text = facts.encode("latin1")
    space = -(len(MAGIC) + 4 + len(text) + 1) % 64
    header = text + b" " * space + b"\n"
    return b"".join((MAGIC, b"\x01\x00", struct.pack("<H", len(header)), header, data))


def _header(body: Buffer) -> tuple[Any, bool, Shape, int]:
    if bytes(body[:6]) != MAGIC:
        raise unreadable("The body is no .npy file: it does not begin as one.")
    version = body[6] if len(body) > 8 else 0
    if version not in {1, 2, 3}:
        raise unreadable(f"The .npy file has the version {version}; 1, 2 and 3 are known.")
    size = 2 if version == 1 else 4
    start = 8 + size
    length = int.from_bytes(body[8:start], "little")
    if length > _HEADER_LIMIT or start + length > len(body):
        raise unreadable("The .npy file ends within its header.")
    text = bytes(body[start : start + length])
    try:
        facts = ast.literal_eval(text.decode("utf-8" if version == 3 else "latin1").strip())
        descr, fortran, shape = facts["descr"], facts["fortran_order"], facts["shape"]
        shape = tuple(shape)
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise unreadable("The header of the .npy file cannot be read.") from None
    possible = len(shape) <= _MOST_DIMENSIONS and all(type(s) is int for s in shape)
    if not possible or any(not 0 <= s <= _LARGEST for s in shape) or prod(shape) > _LARGEST:
        raise unreadable("The .npy file has an impossible shape.")
    return descr, bool(fortran), shape, start + length


def _check_size(data: memoryview, wanted: int, shape: Shape) -> None:
    if len(data) != wanted:
        raise unreadable(
            f"The .npy file has {len(data)} bytes of data, its shape {list(shape)} takes {wanted}."
        )


def _swapped(data: memoryview, datatype: str) -> bytes:
    code, count = CODES[datatype], len(data) // struct.calcsize(CODES[datatype])
    return pack(datatype, struct.unpack(f">{count}{code}", data))


def _row_major(data: Any, width: int, shape: Shape) -> bytes:
    """Elements stored with the first index running fastest, put in the order of C."""
    code = {1: "B", 2: "H", 4: "I", 8: "Q"}[width]
    elements = data.cast(code).tolist() if len(data) else []
    return struct.pack(f"={len(elements)}{code}", *_transposed(elements, shape))


def _transposed(elements: list[Any], shape: Shape) -> list[Any]:
    """Elements of the order of Fortran in that of C."""
    if not elements:
        return elements  # of a shape such as (1000000000, 0)
    strides = [prod(shape[:axis]) for axis in range(len(shape))]
    places = [0]
    for size, stride in zip(shape, strides, strict=True):
        places = [place + step * stride for place in places for step in range(size)]
    return [elements[place] for place in places]


def _texts(
    name: str, data: memoryview, shape: Shape, width: int, kind: str, order: str, fortran: bool
) -> Tensor:
    count = prod(shape)
    if count and not width:
        raise unreadable("The .npy file holds texts of no width: there is nothing to read.")
    _check_size(data, count * width, shape)
    encoding = "utf-8" if kind == "S" else "utf-32-be" if order == ">" else "utf-32-le"
    try:
        values = [
            str(data[at * width : (at + 1) * width], encoding).rstrip("\0") for at in range(count)
        ]
    except UnicodeDecodeError as error:
        raise unreadable(f"The .npy file holds a text that is none: {error}.") from None
    if fortran and len(shape) > 1:
        values = _transposed(values, shape)
    return Tensor(name, "BYTES", shape, pack("BYTES", values))
