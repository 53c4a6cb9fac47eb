"""A lock between threads and processes that the kernel frees when its holder dies."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_EVERY = 0.05


@contextmanager
def locked(
    path: Path, waiting: Callable[[], None], going_on: Callable[[], None]
) -> Iterator[None]:
    """
    Hold the lock file; it is gone afterwards.

    ``waiting`` is called once when somebody else holds it, ``going_on`` again and again while
    waiting; what they raise ends the wait.
    """
    descriptor = _take(path)
    if descriptor is None:
        waiting()
        pause = threading.Event()
        while (descriptor := _take(path)) is None:
            going_on()
            pause.wait(_EVERY)
    try:
        yield
    finally:
        _drop(path, descriptor)


@contextmanager
def locked_at_once(path: Path) -> Iterator[bool]:
    """Hold the lock file if nobody else does; tells whether it is held."""
    descriptor = _take(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            _drop(path, descriptor)


def _take(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still_there(path, descriptor):
            return descriptor
    except BlockingIOError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_still_there(path: Path, descriptor: int) -> bool:
    """The holder before us removes the file: a lock on a removed file locks nobody out."""
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino  # noqa: PTH116 - beside fstat
    except FileNotFoundError:
        return False


def _drop(path: Path, descriptor: int) -> None:
    path.unlink(missing_ok=True)
    os.close(descriptor)
