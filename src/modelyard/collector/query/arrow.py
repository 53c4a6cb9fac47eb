"""Answers as Arrow IPC streams."""

from io import BytesIO

import duckdb
from arro3.core import RecordBatch, RecordBatchReader
from arro3.io import write_ipc_stream


def stream(relation: duckdb.DuckDBPyRelation, rows: int, size: int) -> tuple[bytes, int, str]:
    """
    The stream's bytes, how many rows are in it, and which limit cut it ('rows', 'bytes' or '').
    """
    reader = RecordBatchReader.from_arrow(relation)
    batches: list[RecordBatch] = []
    count, held, truncated = 0, 0, ""
    for batch in reader:
        if count + batch.num_rows > rows:
            batch, truncated = batch.slice(0, rows - count), "rows"
        held += batch.nbytes
        if held > size:
            truncated = "bytes"
            break
        batches.append(batch)
        count += batch.num_rows
        if truncated:
            break
    written = BytesIO()
    write_ipc_stream(
        RecordBatchReader.from_batches(reader.schema, batches), written, compression=None
    )
    return written.getvalue(), count, truncated
