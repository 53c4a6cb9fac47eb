"""Waiting for a condition instead of for the clock."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], timeout: float = 20.0, what: str = "") -> object:
    """The first truthy answer of ``condition``; fails the test when ``timeout`` seconds pass."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {timeout} s: {what or condition}")
        time.sleep(0.02)
