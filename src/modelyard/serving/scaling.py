"""
How many workers there shall be. Pure: what was seen at each look goes in, a number comes out.

Up at once, by work that comes in and by work that waits; down only to what the whole cool-down
would have needed, so that a load that comes and goes moves nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

COOL_DOWN = 60
"""Looks that must all have needed less before there are fewer workers."""

SLACK = 0.1
"""Share by which the load must lie below what fewer workers may have."""

SMOOTHED = 3
"""Looks whose mean counts as the load: one request more or less shall move nothing."""

DRAINED_IN = 5
"""Looks in which new workers shall have worked off what waits."""

SHORTEST_WAIT = 0.05
"""Seconds of waiting that are never a reason for more workers, however short a run is."""

STEP = 4
"""At one look there come as many workers as there are, or so many if that is more."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    ``least`` and ``most`` workers; ``target`` is the share of their time that they shall run,
    ``refresh`` the seconds between looks.
    """

    least: int
    most: int
    target: float
    refresh: float


@dataclass(frozen=True, slots=True)
class Look:
    """
    What was seen since the look before; times in seconds.

    ``busy``: how many workers ran something, on average. ``came``: requests that came, ``run``:
    how long one keeps a worker. ``waiting``: requests without a worker now; ``oldest``: how long
    the first of them has waited. ``start``: how long a worker takes to be ready.
    """

    busy: float
    came: float = 0.0
    run: float = 0.0
    waiting: int = 0
    oldest: float = 0.0
    start: float = 0.0


def needed(looks: Sequence[Look], bounds: Bounds) -> float:
    """Workers that the load of now asks for, the newest look last; a fraction, not yet bounded."""
    last = looks[-1]
    load = offered(looks, bounds.refresh) / bounds.target
    if last.oldest <= max(last.run, SHORTEST_WAIT):
        return load
    if last.run > bounds.refresh:
        return max(load, last.busy + last.waiting)  # each of them wants a worker of its own
    patience = max(DRAINED_IN * bounds.refresh, last.start)
    return load + last.waiting * last.run / patience


def offered(looks: Sequence[Look], refresh: float) -> float:
    """
    The load in workers: those that were busy, or what came where they cannot keep up with it.

    What came in so short a time says little of requests that run for longer than that.
    """
    recent = looks[-SMOOTHED:]
    busy = sum(look.busy for look in recent) / len(recent)
    if recent[-1].run > refresh:
        return busy
    came = sum(look.came for look in recent) / len(recent)
    return max(busy, came * recent[-1].run / refresh)


def wanted(needs: Sequence[float], now: int, bounds: Bounds) -> int:
    """
    How many workers there shall be; ``needs`` are the newest ``COOL_DOWN`` results of ``needed``,
    the newest last, ``now`` how many there shall be so far.
    """
    up = _whole(needs[-1])
    if up > now:
        return _bounded(min(up, now + max(now, STEP)), bounds)
    if len(needs) < COOL_DOWN:
        return _bounded(now, bounds)
    down = _whole(max(needs[-COOL_DOWN:]) * (1 + SLACK))
    return _bounded(min(now, down), bounds)


def _bounded(count: int, bounds: Bounds) -> int:
    return max(bounds.least, min(count, bounds.most))


def _whole(need: float) -> int:
    return math.ceil(round(need, 6))
