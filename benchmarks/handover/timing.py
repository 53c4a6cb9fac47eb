"""
Timing one way: each call, in a process of its own.

``python -m benchmarks.handover.MODULE WAY COUNT`` prints nanoseconds as JSON: p50, p99, p99.9 and
mean, without what reading the clock takes. A module imports what its ways need, and no other is
loaded with it: an interpreter has the packages of one kind of way only.
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

Keep = Callable[[int], object]
"""Keeps the record of this number."""

Way = Callable[[Path], Keep]
"""Makes ready in a folder."""

FIELDS = (1.7e9, "0f1e2d3c-0f1e-4f1e-8f1e-0123456789ab", "POST", "/score", 200, "", 1.25, 0.1, 0.9)
REST = (1, 13, 3, "10.0.0.7", -1, False, "", 1)


def main(ways: Mapping[str, Way]) -> None:
    """The way that the command line names."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        keep = ways[sys.argv[1]](Path(folder))
        print(json.dumps(timed(keep, int(sys.argv[2]))))


def timed(keep: Keep, count: int) -> list[float]:
    """p50, p99, p99.9 and mean of one call."""
    clock = time.perf_counter_ns
    for number in range(1000):
        keep(number)
    gc.collect()
    gc.freeze()
    idle = sorted(_empty(clock) for _ in range(10_000))[5000]
    taken = [0] * count
    for number in range(count):
        begun = clock()
        keep(number + 1000)
        taken[number] = clock() - begun - idle
    taken.sort()
    return [
        taken[count // 2],
        taken[count * 99 // 100],
        taken[count * 999 // 1000],
        sum(taken) / count,
    ]


def _empty(clock: Callable[[], int]) -> int:
    begun = clock()
    return clock() - begun
