"""A log file that never grows past its bounds."""

import os
from pathlib import Path


class RotatingFile:
    """
    ``path`` and at most ``keep - 1`` older ones beside it, ``path.1`` the youngest.

    Mode 0600: what a model prints may be its callers' data. A full disk loses lines, never the
    process: writing goes on when there is room again.
    """

    def __init__(self, path: Path, limit: int, keep: int) -> None:
        self._path = path
        self._limit = max(1024, limit)
        self._keep = max(1, keep)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = -1
        self._size = 0
        self._open()

    def write(self, data: bytes) -> None:
        """Append whole lines; rotates before the file would grow past its limit."""
        try:
            if self._fd < 0:
                self._open()
            if self._size and self._size + len(data) > self._limit:
                self._rotate()
            while data:
                written = os.write(self._fd, data)
                self._size += written
                data = data[written:]
        except OSError:
            return  # no room or no folder: these lines are lost

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._fd).st_size

    def _rotate(self) -> None:
        self.close()
        try:
            for number in range(self._keep - 1, 1, -1):
                older = rotated(self._path, number - 1)
                if older.exists():
                    older.replace(rotated(self._path, number))
            if self._keep > 1:
                self._path.replace(rotated(self._path, 1))
            else:
                self._path.unlink(missing_ok=True)
        finally:
            self._open()


def rotated(path: Path, number: int) -> Path:
    """The ``number``-th older file."""
    return path.with_name(f"{path.name}.{number}")


def last_lines(path: Path, count: int, keep: int) -> list[str]:
    """The last lines over the present file and the older ones, oldest first."""
    lines: list[str] = []
    for file in [path, *(rotated(path, number) for number in range(1, keep))]:
        if len(lines) >= count or not file.exists():
            break
        lines = _tail(file, count - len(lines)) + lines
    return lines


def _tail(path: Path, count: int) -> list[str]:
    """The last lines of one file, read from its end in blocks."""
    data = b""
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        while position and data.count(b"\n") <= count:
            step = min(position, 64 * 1024)
            position -= step
            file.seek(position)
            data = file.read(step) + data
    lines = data.decode(errors="replace").splitlines()
    return lines[-count:] if count > 0 else []
