"""
Arrow IPC streams and files, in and out, by nanoarrow.

A column is an input, its nulls NaN or missing texts; a fixed-size list is an input of more
dimensions. Imported only when the first such body comes.
"""

import io
import struct
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

import nanoarrow
from nanoarrow.ipc import InputStream, StreamWriter

from modelyard.serving.tensors import arrow_file
from modelyard.serving.tensors.fields import at, unreadable
from modelyard.serving.tensors.table import flattened
from modelyard.serving.tensors.tensor import CODES, Buffer, Tensor
from modelyard.serving.tensors.values import guessed, packed

_NUMBERS = {
    "INT8": "INT8",
    "UINT8": "UINT8",
    "INT16": "INT16",
    "UINT16": "UINT16",
    "INT32": "INT32",
    "UINT32": "UINT32",
    "INT64": "INT64",
    "UINT64": "UINT64",
    "HALF_FLOAT": "FP16",
    "FLOAT": "FP32",
    "DOUBLE": "FP64",
}
_TYPES = {
    "BOOL": nanoarrow.bool_,
    "INT8": nanoarrow.int8,
    "UINT8": nanoarrow.uint8,
    "INT16": nanoarrow.int16,
    "UINT16": nanoarrow.uint16,
    "INT32": nanoarrow.int32,
    "UINT32": nanoarrow.uint32,
    "INT64": nanoarrow.int64,
    "UINT64": nanoarrow.uint64,
    "FP16": nanoarrow.float16,
    "FP32": nanoarrow.float32,
    "FP64": nanoarrow.float64,
    "BYTES": nanoarrow.string,
}
_BROKEN = (ValueError, RuntimeError, NotImplementedError, OverflowError, KeyError, TypeError)
"""What nanoarrow raises for bytes that are no Arrow or of a kind it does not read."""


def read(body: Buffer) -> list[Tensor]:
    """
    One tensor for each column: of shape (rows, 1), or (rows, …) where it holds lists.

    Raises the 400 or 422 that names the column.
    """
    stream = bytes(body)
    stream = stream.removeprefix(arrow_file.MAGIC)
    try:
        table = nanoarrow.Array(InputStream.from_readable(stream))
        columns = [
            (field.name or str(number), field, table.child(number))
            for number, field in enumerate(table.schema.fields)
        ]
        rows = len(table)
        if not rows or not columns:
            raise unreadable("The Arrow table has no rows.")
        return [_tensor(name, field, column, rows) for name, field, column in columns]
    except _BROKEN as error:
        raise unreadable(f"The body is no Arrow IPC that can be read: {error}") from None


def written(tensors: Sequence[Tensor], *, file: bool) -> bytes:
    """
    The stream, or file, of tensors that have the same number of rows, a column for each.

    Raises ValueError where they have not.
    """
    counts = {tensor.shape[0] if tensor.shape else 1 for tensor in tensors}
    if len(counts) != 1:
        raise ValueError("The outputs have different numbers of rows: a table cannot hold them.")
    fields = [(tensor.name, _type(tensor)) for tensor in tensors]
    array = nanoarrow.c_array_from_buffers(
        nanoarrow.struct(dict(fields)),
        length=counts.pop(),
        buffers=[None],
        children=[_column(tensor) for tensor in tensors],
    )
    out = io.BytesIO()
    with StreamWriter.from_writable(out) as writer:
        writer.write_array(array)
    return arrow_file.of_stream(out.getvalue()) if file else out.getvalue()


def _tensor(name: str, field: Any, column: Any, rows: int) -> Tensor:
    datatype = _NUMBERS.get(field.type.name)
    if datatype is not None:
        width = struct.calcsize(CODES[datatype])
        pieces = [_plain(chunk, width) for chunk in column.iter_chunks()]
        if None not in pieces:
            data = b"".join(pieces)  # type: ignore[arg-type]
            if len(data) != rows * width:
                raise unreadable(f"The column '{name}' has {len(data)} bytes for {rows} rows.")
            return Tensor(name, datatype, (rows, 1), data)
    shape, values = flattened(column.to_pylist(), name)
    values = [_value(value) for value in values]
    shape = shape if len(shape) > 1 else (*shape, 1)

    def where(index: int) -> str:
        return at(name, index, shape)

    if None in values and datatype is not None and not datatype.startswith("FP"):
        datatype = "FP64"  # nulls are NaN; a model of whole numbers will name the place
    found = datatype or guessed(values, where)
    return Tensor(name, found, shape, packed(found, values, where, missing=True))


def _plain(chunk: Any, width: int) -> bytes | None:
    """The bytes of numbers of which none is null."""
    validity, data = chunk.buffers
    if validity is not None and len(validity) and None in chunk.to_pylist():
        return None
    start = chunk.offset * width
    return bytes(memoryview(data).cast("B")[start : start + len(chunk) * width])


def _value(value: Any) -> Any:
    """A value as JSON would have brought it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value


def _type(tensor: Tensor) -> Any:
    kind = _TYPES[tensor.datatype]()
    for size in reversed(_inner(tensor)):
        kind = nanoarrow.fixed_size_list(kind, size)
    return kind


def _column(tensor: Tensor) -> Any:
    if tensor.datatype in {"BYTES", "BOOL"}:
        leaf = nanoarrow.c_array(tensor.values(), _TYPES[tensor.datatype]())
    else:
        kind = _TYPES[tensor.datatype]()
        leaf = nanoarrow.c_array_from_buffers(kind, tensor.count, [None, bytes(tensor.data)])
    inner = _inner(tensor)
    count, kind = tensor.count, _TYPES[tensor.datatype]()
    for size in reversed(inner):
        count //= size
        kind = nanoarrow.fixed_size_list(kind, size)
        leaf = nanoarrow.c_array_from_buffers(kind, count, [None], children=[leaf])
    return leaf


def _inner(tensor: Tensor) -> tuple[int, ...]:
    """The sizes of a row's lists; none for a single value a row."""
    inner = tensor.shape[1:]
    return () if inner in {(), (1,)} else inner
