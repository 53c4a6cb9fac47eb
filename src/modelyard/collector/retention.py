"""How long telemetry is kept, on machines whose clocks may jump."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from modelyard.collector.sealed_files import HOUR, SealedFile

DAY = 86_400.0
JUMP = DAY
"""Seconds that the clock may run ahead of what has passed before it is not believed."""


@dataclass(frozen=True, slots=True)
class Belief:
    """
    What is thought of the clock: when it was last looked at, and how long no file is deleted.

    ``seen`` is a wall-clock time, ``wait`` are seconds of running that are left to wait.
    """

    seen: float
    wait: float = 0.0


def looked(belief: Belief | None, now: float, passed: float) -> Belief:
    """
    After a look at the clock, ``passed`` running seconds after the one before. Pure.

    A clock that has run a day ahead is believed after another day: one that was set wrong by a
    year would else delete everything.
    """
    if belief is None:
        return Belief(now)
    if now > belief.seen + passed + JUMP:
        return Belief(now, wait=DAY)
    return replace(belief, seen=now, wait=max(0.0, belief.wait - passed))


def outdated(
    files: Iterable[SealedFile], belief: Belief, days: float
) -> list[SealedFile]:  # fmt: skip
    """The files that are older than ``days``. Pure."""
    if belief.wait > 0:
        return []
    return [file for file in files if file.hour + HOUR < belief.seen - days * DAY]
