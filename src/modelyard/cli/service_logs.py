"""Following the log of a service by asking for its end again and again."""

import time
from collections.abc import Callable, Sequence

POLL = 0.5
"""Seconds between two looks at the log."""

WINDOW = 1000
"""Lines asked for each time: more may not be printed between two looks."""


def follow(
    read: Callable[[], Sequence[str]], tell: Callable[[str], None], *, seen: Sequence[str] = ()
) -> None:
    """
    Tell each line once that comes after ``seen``.

    Ends when something is raised: Ctrl-C, or that the service is gone.
    """
    while True:
        now = read()
        for line in unseen(seen, now):
            tell(line)
        seen = now
        time.sleep(POLL)  # noqa: TID251 - polls a server


def unseen(seen: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """
    The lines of ``now`` that follow those of ``seen``; both are the last lines of one log, equally
    many were asked for. Pure.

    All of ``now`` when nothing is common: so much was written meanwhile, or the log is another.
    """
    for start in range(len(seen)):
        known = len(seen) - start
        if known <= len(now) and list(seen[start:]) == list(now[:known]):
            return now[known:]
    return now
