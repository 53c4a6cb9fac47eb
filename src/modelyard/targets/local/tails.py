"""The end of a log that was rotated."""

import os
from pathlib import Path

_PIECE = 64 * 1024


def last_lines(log: Path, count: int, files: int = 5) -> list[str]:
    """The last ``count`` lines of the log and its rotated ones, oldest first."""
    found: list[str] = []
    rotated = (log.with_name(f"{log.name}.{number}") for number in range(1, files + 1))
    for path in (log, *rotated):
        missing = count - len(found)
        if missing <= 0:
            break
        found = _end(path, missing) + found
    return found


def _end(path: Path, count: int) -> list[str]:
    """Read backwards, so that the end of a large file costs little."""
    try:
        with path.open("rb") as file:
            position = file.seek(0, os.SEEK_END)
            data = b""
            while position > 0 and data.count(b"\n") <= count:
                size = min(_PIECE, position)
                position = file.seek(position - size)
                data = file.read(size) + data
    except FileNotFoundError:
        return []
    # not splitlines: it would break a line at characters that are no line ends in a log
    lines = data.decode(errors="replace").removesuffix("\n").split("\n") if data else []
    return lines[-count:]
