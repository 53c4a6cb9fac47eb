"""
Arrow IPC streams and files to tensors and back.

A column is an input, its nulls NaN or missing texts; lists of one size are an input of more
dimensions.
"""

from collections.abc import Sequence

from modelyard.serving.tensors import arrow_read, arrow_write
from modelyard.serving.tensors.arrow_batch import Column
from modelyard.serving.tensors.fields import at, unreadable
from modelyard.serving.tensors.flatbuffer import Broken
from modelyard.serving.tensors.table import flattened
from modelyard.serving.tensors.tensor import Buffer, Tensor
from modelyard.serving.tensors.values import guessed, packed

MAGIC = arrow_read.MAGIC


def read(body: Buffer) -> list[Tensor]:
    """
    One tensor for each column: of shape (rows, 1), or (rows, …) where it holds lists.

    Raises the 400 or 422 that names the column.
    """
    try:
        columns, rows = arrow_read.columns(bytes(body))
    except Broken as error:
        raise unreadable(f"The body is no Arrow IPC that can be read: {error}.") from None
    if not rows or not columns:
        raise unreadable("The body is an Arrow table without rows, or none.")
    return [_tensor(column, number, rows) for number, column in enumerate(columns)]


def written(tensors: Sequence[Tensor], *, file: bool) -> bytes:
    """
    The stream, or file, of tensors that have the same number of rows, a column for each.

    Raises ValueError where they have not.
    """
    counts = {tensor.shape[0] if tensor.shape else 1 for tensor in tensors}
    if len(counts) != 1:
        raise ValueError("The outputs have different numbers of rows: a table cannot hold them.")
    rows = counts.pop()
    return arrow_write.file(tensors, rows) if file else arrow_write.stream(tensors, rows)


def _tensor(column: Column, number: int, rows: int) -> Tensor:
    name, datatype = column.field.name or str(number), column.field.datatype
    if column.data and not column.values:
        data = column.data[0] if len(column.data) == 1 else b"".join(column.data)
        return Tensor(name, datatype, (rows, 1), data)
    shape, values = flattened(column.values, name)
    shape = shape if len(shape) > 1 else (*shape, 1)

    def where(index: int) -> str:
        return at(name, index, shape)

    # nulls are NaN; a model of whole numbers will name the place
    found = datatype if datatype.startswith("FP") else guessed(values, where)
    return Tensor(name, found, shape, packed(found, values, where, missing=True))
