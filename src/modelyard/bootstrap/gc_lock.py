"""Backups and garbage collection exclude each other by a lock that dies with its holder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.bootstrap.waiting import complain


@contextmanager
def files_stay(run: Path) -> Iterator[None]:
    """Nothing is collected meanwhile; any number of backups may hold this at once."""
    with _held(run, fcntl.LOCK_SH, "Garbage is being collected; waiting for the end of that."):
        yield


@contextmanager
def files_may_go(run: Path) -> Iterator[None]:
    """Nobody copies files meanwhile."""
    with _held(run, fcntl.LOCK_EX, "A backup or collection is under way; waiting for its end."):
        yield


@contextmanager
def _held(run: Path, kind: int, waiting: str) -> Iterator[None]:
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(run / "gc.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            complain(waiting)
            fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)
