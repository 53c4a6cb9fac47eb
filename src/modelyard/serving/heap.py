"""
What becomes of memory that a large body has left.

The C library gives it back to the system at once, and the next body pays for every page of it
again: a third to a half of what reading a megabyte of numbers costs a front.
"""

import ctypes
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

LARGE = 128 * 1024
"""Bytes of a body from which there is something to keep."""

KEPT = 64 * 1024 * 1024
"""Bytes at the end of the heap that are kept at most, until nobody has wanted them for a while."""

QUIET_SECONDS = 5.0

_LARGEST = 32 * 1024 * 1024  # what is larger always goes back at once
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3


class Heap:
    """
    Keeps freed memory while large bodies come, and gives it back when they have stopped.

    ``later`` calls a function after so many seconds, as an event loop does; ``release`` lets go of
    what others keep for as long. With another C library than GNU's only that is done.
    """

    def __init__(
        self,
        later: Callable[[float, Callable[[], None]], Any],
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._later = later
        self._release = release
        self._library: Any = None
        self._asked = False
        self._used = False
        self._waiting = False

    def use(self) -> None:
        """A large body has come."""
        self._used = True
        if not self._asked:
            self._asked = True
            self._library = _keeping()
        if not self._waiting:
            self._waiting = True
            self._later(QUIET_SECONDS, self._look)

    def _look(self) -> None:
        if self._used:
            self._used = False
            self._later(QUIET_SECONDS, self._look)
        else:
            self._waiting = False
            self._release()
            if self._library is not None:
                self._library.malloc_trim(0)


def _keeping() -> Any:
    """The C library, set to keep what is freed; None where it cannot be."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.malloc_trim  # noqa: B018 - that of musl has none
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
        library.mallopt(_TRIM_THRESHOLD, KEPT)
        return library
    return None
