"""The log of a service: from telemetry, or its end asked for again and again."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from modelyard.cli.deployments import find
from modelyard.domain.errors import Unavailable
from modelyard.sdk.client import Client
from modelyard.sdk.telemetry import line_text, lines

LINES = 200
"""Lines of a log that are shown unless another number is said."""

POLL = 0.5
"""Seconds between two looks at the log."""

WINDOW = 1000
"""Lines asked for each time: more may not be printed between two looks."""


def asked(given: Mapping[str, Any], lines: int | None, *, follow: bool) -> dict[str, Any]:
    """
    What telemetry is asked for. Pure.

    Who follows what is filtered waits for what comes: lines of last week are no news, unless they
    are asked for.
    """
    if not follow:
        return {**given, "num_lines": LINES if lines is None else lines}
    default = LINES if "since" in given else 0
    return {**given, "num_lines": default if lines is None else lines, "follow": "true"}


def show(
    client: Client, workspace: str, name: str, query: Mapping[str, Any], *, as_json: bool
) -> None:
    """Lines from telemetry, as text or as JSON; raises NotFound for a service there is not."""
    with suppress(Unavailable):  # telemetry answers without the control plane
        find(client, workspace, name)
    for line in lines(client, workspace, name, query):
        text = msgspec.json.encode(line).decode() if as_json else line_text(line)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


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
