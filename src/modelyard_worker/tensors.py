"""
Tensors of the protocol to numpy arrays and back.

Imported only where a model without a script is served: numpy is the model's own, from its
environment. Data is row-major and little-endian; a text (BYTES) lies after its length in 4 bytes.
"""

from __future__ import annotations

import struct
from importlib import import_module
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

from modelyard_worker.errors import BadInput
from modelyard_worker.frames import Bytes

np: Any = import_module("numpy")

Arrays = Dict[str, Any]
Named = List[Tuple[str, Any]]

_CODES = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    "BYTES": "O",
}
_DTYPES = {name: np.dtype(code) for name, code in _CODES.items()}
_NAMES = {(dtype.kind, dtype.itemsize): name for name, dtype in _DTYPES.items() if name != "BYTES"}
_LENGTH = struct.Struct("<I")
_SMALL = 1 << 14


def dtype_of(datatype: str) -> Any:
    """The numpy type of a protocol's name."""
    return _DTYPES[datatype]


def datatype_of(dtype: Any) -> str:
    """The protocol's name of a numpy type; BYTES for what is no number."""
    return _NAMES.get((dtype.kind, dtype.itemsize), "BYTES")


def decode(heads: Iterable[Sequence[Any]], body: Bytes) -> Arrays:
    """
    The arrays of a REQUEST's head and body, numbers without a copy (and read-only, where the body
    is bytes).

    Raises BadInput, which names the input, for data that is not what the head says.
    """
    arrays: Arrays = {}
    at = 0
    for name, datatype, shape, size in heads:
        if datatype not in _DTYPES:
            raise BadInput("Input '%s' has the unknown datatype '%s'." % (name, datatype), name)
        arrays[name] = _array(name, datatype, tuple(shape), body, at, size)
        at += size
    return arrays


def _array(
    name: str, datatype: str, shape: Tuple[int, ...], body: Bytes, at: int, size: int
) -> Any:
    count = 1
    for length in shape:
        count *= length
    if datatype == "BYTES":
        return _texts(name, memoryview(body)[at : at + size], count).reshape(shape)
    dtype = _DTYPES[datatype]
    if size != count * dtype.itemsize or at + size > len(body):
        raise BadInput(
            "Input '%s' has %d bytes, its shape %s takes %d."
            % (name, min(size, len(body) - at), list(shape), count * dtype.itemsize),
            name,
        )
    array = np.frombuffer(body, dtype, count, at) if count else np.empty(0, dtype)
    if not array.flags.aligned:  # behind texts of odd lengths; C libraries rely on it
        array = array.copy()
    return array.reshape(shape)


def _texts(name: str, data: memoryview, count: int) -> Any:
    texts = np.empty(count, dtype=object)
    at = 0
    try:
        for index in range(count):
            (length,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size + length
            if at > len(data):
                raise struct.error
            texts[index] = str(data[at - length : at], "utf-8")
    except UnicodeDecodeError as error:
        raise BadInput("Input '%s' is no UTF-8: %s" % (name, error), name) from None
    except struct.error:
        raise BadInput("Input '%s' ends within a text." % name, name) from None
    return texts


def of_json(tensors: Iterable[Mapping[str, Any]]) -> Arrays:
    """The arrays of tensors written as JSON (``name``, ``datatype``, ``shape``, ``data``)."""
    arrays: Arrays = {}
    for tensor in tensors:
        shape = tuple(tensor["shape"])
        arrays[tensor["name"]] = np.array(
            [np.nan if value is None else value for value in _flat(tensor["data"])]
            if tensor["datatype"].startswith("FP")
            else _flat(tensor["data"]),
            _DTYPES[tensor["datatype"]],
        ).reshape(shape)
    return arrays


def _flat(data: Any) -> List[Any]:
    if not isinstance(data, list):
        return [data]
    if not any(isinstance(item, list) for item in data):
        return data
    return [value for item in data for value in _flat(item)]


def encode(named: Iterable[Tuple[str, Any]]) -> Tuple[List[List[Any]], Bytes]:
    """
    The head ``tensors`` and the body of arrays of numbers, str or bytes.

    A single large array is not copied: the body is a view of it.
    """
    heads: List[List[Any]] = []
    parts: List[Bytes] = []
    for name, array in named:
        datatype = datatype_of(array.dtype)
        part = _packed(array) if datatype == "BYTES" else _data(array)
        heads.append([name, datatype, list(array.shape), len(part)])
        parts.append(part)
    return heads, parts[0] if len(parts) == 1 else b"".join(parts)


def _data(array: Any) -> Bytes:
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
    if array.nbytes < _SMALL:
        return array.tobytes()  # type: ignore[no-any-return]
    return memoryview(array.reshape(-1).view("u1"))


def _packed(array: Any) -> bytes:
    parts: List[bytes] = []
    for value in array.reshape(-1).tolist():
        data = value if isinstance(value, bytes) else value.encode("utf-8")
        parts.append(_LENGTH.pack(len(data)))
        parts.append(data)
    return b"".join(parts)
