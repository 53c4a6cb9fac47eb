"""Where a backup goes: a file that appears whole or not at all, or standard output."""

import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from modelyard.domain.errors import BadInput, Conflict, DiskFull

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Output(Protocol):
    """Takes the bytes of the archive, in order."""

    def write(self, data: bytes, /) -> object:
        """All of them, or it raises."""


class Stdout:
    """Standard output, which may be a pipe."""

    def write(self, data: bytes, /) -> None:
        """Blocks while the reader is slow."""
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextmanager
def file_output(file: Path) -> Iterator[Output]:
    """
    ``FILE.part``, mode 0600, named FILE when the body has ended well; else it is removed.

    Raises BadInput for a place that cannot be written, Conflict for one that another backup
    writes to, DiskFull.
    """
    draft = file.with_name(file.name + ".part")
    descriptor = _open(file, draft)
    try:
        with os.fdopen(descriptor, "wb", buffering=1024 * 1024) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            draft.replace(file)
        _flush_folder(file.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        if error.errno not in _FULL:
            raise
        raise DiskFull(
            f"There is no room for the backup in {file.parent}; nothing of it was kept. Free "
            "some space or name another place."
        ) from error
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _open(file: Path, draft: Path) -> int:
    if file.is_dir():
        raise BadInput(f"{file} is a folder; name the file, such as {file / 'modelyard.tar'}.")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadInput(f"{draft} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Conflict(f"Another backup is being written to {file}.") from None
    os.fchmod(descriptor, 0o600)  # one that a killed backup left may have another mode
    os.ftruncate(descriptor, 0)
    return descriptor


def _flush_folder(folder: Path) -> None:
    with suppress(OSError):  # some network file systems cannot
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
