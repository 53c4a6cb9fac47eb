"""The log file of a child: opened for appending, rotated under its feet by copy and truncate."""

import os
from contextlib import suppress
from pathlib import Path

LOG_BYTES = 10 * 1024 * 1024
LOG_FILES = 5
_PIECE = 1024 * 1024


def open_for_append(path: str) -> int:
    """A descriptor that every write of appends to the file; /dev/null when there is no room."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)
    except OSError:  # a process without a log is better than no process
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def rotate(path: Path, limit: int = LOG_BYTES, keep: int = LOG_FILES) -> bool:
    """
    Move a log over ``limit`` bytes to PATH.1 (… PATH.5); whether it was. Raises OSError.

    The child goes on writing to the same open file, so the bytes are copied and the file emptied;
    a line written in between is lost, which is the price of never asking the child.
    """
    try:
        if path.stat().st_size <= limit:
            return False
    except FileNotFoundError:
        return False
    copy = path.with_name(path.name + ".copy")
    try:
        _copy(path, copy)
    except OSError:
        with suppress(OSError):
            copy.unlink(missing_ok=True)
        raise
    for number in range(keep - 1, 0, -1):
        with suppress(FileNotFoundError):
            rotated(path, number).replace(rotated(path, number + 1))
    copy.replace(rotated(path, 1))
    os.truncate(path, 0)
    return True


def rotated(path: Path, number: int) -> Path:
    """The name of a rotated log; 1 is the newest."""
    return path.with_name(f"{path.name}.{number}")


def _copy(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with source.open("rb") as reader, os.fdopen(descriptor, "wb") as writer:
        while piece := reader.read(_PIECE):
            writer.write(piece)
