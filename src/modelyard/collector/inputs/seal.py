"""
From open files to hourly Parquet.

A file is written whole under another name, then renamed to one that has the open file's token;
then the open file is forgotten. So a collector that is killed in between finds the Parquet file
and only forgets.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from arro3.core import RecordBatch
from arro3.io import write_parquet

from modelyard.collector.inputs.batches import HOUR, together
from modelyard.collector.inputs.places import folder_of
from modelyard.collector.inputs.spool import Segment, Spool

GRACE = 60.0
"""Seconds after an hour's end until it is sealed."""

LARGE = 32 * 1024 * 1024
"""Bytes of an open file above which it is sealed at once."""


def due(segments: Iterable[Segment], now: float) -> list[Segment]:
    """Which open files to seal now. Pure."""
    return [
        segment for segment in segments
        if segment.hour + HOUR + GRACE <= now or segment.size > LARGE
    ]  # fmt: skip


def seal(root: Path, spool: Spool, segment: Segment) -> Path | None:
    """The file, None where the open one had no whole row. Raises OSError; nothing is lost then."""
    spool.close(segment)
    folder = folder_of(root, segment.part, segment.hour)
    path = folder / f"part-{segment.token}.parquet"
    if not path.exists():
        found = spool.read(segment)
        if not found:
            spool.forget(segment)
            return None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        hidden = folder / f".{path.name}"
        try:
            _write(found, hidden)
            sync(hidden)
            hidden.rename(path)
            sync(folder)
        except BaseException:
            hidden.unlink(missing_ok=True)
            raise
    spool.forget(segment)
    return path


def _write(found: Sequence[RecordBatch], path: Path) -> None:
    try:
        write_parquet(together(found), str(path), compression="zstd(3)")
    except OSError:
        raise
    except Exception as error:  # the library has its own classes for a full disk
        raise OSError(f"{path} cannot be written: {error}") from error


def sync(path: Path) -> None:
    """Have it on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
