"""The folder of rings: who makes one, and what is done when nobody takes them away."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from modelyard.telemetry.encoding import encode
from modelyard.telemetry.records import About
from modelyard.telemetry.ring import Damaged, RingReader, RingWriter

SUFFIX = ".ring"
REQUESTS_BYTES = 16 * 1024 * 1024
"""A quarter of it, which is kept in any case, are 30,000 requests: more than the seconds that a
collector takes to come back."""

LOGS_BYTES = 16 * 1024 * 1024
SMALL_BYTES = 1024 * 1024
"""Of processes that say little."""

LEFT_BYTES = 512 * 1024 * 1024
"""What rings may take together before the oldest that nobody writes into are given up."""


class NotOurs(OSError):
    """The folder is another user's, or others can write into it."""


def data_folder(folder: Path) -> Path:
    """Where the rings of collected inputs and outputs lie: workers write these."""
    return folder / "data"


def host() -> str:
    """What this machine calls itself."""
    return socket.gethostname()


def create(folder: Path, name: str, capacity: int, about: About) -> RingWriter:
    """
    ``NAME.ring`` of this process in ``folder``, which is made, mode 0700, where it is not there.

    A name is '<process>-<pid>', or with what is in it '<front id>-<pid>.requests'. One that a
    process of the same number has left is not touched. Raises OSError.
    """
    prepare(folder)
    make_room(folder)
    path, number = folder / f"{name}{SUFFIX}", 1
    while path.exists():
        number += 1
        path = folder / f"{name}.{number}{SUFFIX}"
    return RingWriter.create(path, capacity, encode(about))


def prepare(folder: Path) -> None:
    """Have a folder that is ours alone. Raises OSError, NotOurs for one of somebody else."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotOurs(f"{folder} is not a folder of this user; remove it")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def make_room(folder: Path, limit: int = LEFT_BYTES) -> None:
    """
    Give up the oldest rings that nobody writes into, until all take ``limit`` bytes at most.

    The collector removes what it has read; this bounds the memory where none runs for days.
    """
    found = sorted(_sizes(folder))
    total = sum(size for _, size, _ in found)
    for _, size, path in found:
        if total <= limit:
            return
        with suppress(OSError, Damaged):
            ring = RingReader.open(path)
            if ring.orphaned():
                ring.remove()
                total -= size
            ring.close()


def _sizes(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Age and size of each ring."""
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):
            status = path.stat()
            yield status.st_mtime, status.st_blocks * 512, path
