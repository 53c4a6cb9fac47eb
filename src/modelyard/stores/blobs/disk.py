"""What file systems do: fill up, and lose what was not flushed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.domain.errors import DiskFull

_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Raises ``DiskFull`` where the operating system says that the disk or quota is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull(
            f"There is no room left on the disk of {folder}. Free some space (modelyard gc "
            "removes what is no longer used), then do the same again."
        ) from error


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write every byte: a nearly full disk takes a part first."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def flush_folder(folder: Path) -> None:
    """Make a rename in the folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
