"""Waiting with a line of progress for the person who watches."""

import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

PAUSE = 0.05
_T = TypeVar("_T")


def say(sentence: str) -> None:
    """A line for people on stdout."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def complain(sentence: str) -> None:
    """A line for people on stderr."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def wait_for(condition: Callable[[], _T], timeout: float, doing: Callable[[], str]) -> _T | None:
    """
    The first truthy answer, or None when ``timeout`` seconds have passed.

    On a terminal ``doing()`` and the seconds are shown, and wiped away at the end.
    """
    began = time.monotonic()
    terminal = sys.stdout.isatty()
    pause = threading.Event()
    try:
        while True:
            answer = condition()
            passed = time.monotonic() - began
            if answer:
                return answer
            if passed > timeout:
                return None
            if terminal and passed > 0.5:
                sys.stdout.write(f"\r\x1b[K{doing()} … {passed:.0f} s")
                sys.stdout.flush()
            pause.wait(PAUSE)
    finally:
        if terminal:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()
