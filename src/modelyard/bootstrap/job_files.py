"""Which of a job's files are sent while it runs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SMALL = 1024 * 1024
"""Bytes up to which a new file is sent at once, although it may still be written."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A file as it was seen: when it was written, how big it is, which one it is."""

    modified: int
    size: int
    inode: int

    @classmethod
    def of(cls, place: Path) -> "Mark":
        """Raises OSError when it is gone."""
        found = place.stat()
        return cls(found.st_mtime_ns, found.st_size, found.st_ino)


def due(
    found: Mapping[str, Mark], before: Mapping[str, Mark], sent: Mapping[str, Mark]
) -> list[str]:
    """
    What to send now: files not sent as they are, that rest or have doubled since they were sent.

    A file that grows all the time, such as a log, is so sent a few times only, while its first
    lines and what rests are there soon.
    """
    return sorted(
        name
        for name, mark in found.items()
        if sent.get(name) != mark and (before.get(name) == mark or _doubled(mark, sent.get(name)))
    )


def _doubled(mark: Mark, sent: Mark | None) -> bool:
    if sent is None:
        return 0 < mark.size <= SMALL
    return mark.size >= 2 * max(sent.size, 1)
