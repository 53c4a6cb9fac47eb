"""Limits without control groups: fewer cores to run on, and a watch on the memory."""

import asyncio
import math
import os
import zlib
from collections.abc import Callable, Mapping

import psutil

from modelyard.serving.limits.base import Limits

PERIOD = 0.5


class Watchdog(Limits):
    """
    Ties workers to ``ceil(cpu)`` cores; kills the largest when all are over ``memory`` together.

    Weaker than a control group: a share of a core is rounded up, and memory may be over its
    bound for half a second.
    """

    kind = "watchdog"

    def __init__(self, name: str, cpu: float | None, memory: int | None) -> None:
        self._memory = memory
        self._cores = None if cpu is None else cores(name, cpu, available_cores())
        self._task: asyncio.Task[None] | None = None

    def admit(self, pid: int) -> None:
        if self._cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(pid, self._cores)

    def start(
        self, workers: Callable[[], Mapping[int, int]], kill: Callable[[int, str], None]
    ) -> None:
        if self._memory is not None and self._task is None:
            self._task = asyncio.ensure_future(self._watch(self._memory, workers, kill))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _watch(
        self,
        limit: int,
        workers: Callable[[], Mapping[int, int]],
        kill: Callable[[int, str], None],
    ) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            sizes = await asyncio.to_thread(measure, dict(workers()), limit)
            victim = to_kill(sizes, limit)
            if victim is not None:
                used = sum(sizes.values())
                kill(victim, f"the workers use {used} bytes together, the limit is {limit}")


def available_cores() -> list[int]:
    """The cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cores(name: str, cpu: float, available: list[int]) -> set[int]:
    """``ceil(cpu)`` of the cores; different services begin at different ones."""
    count = min(len(available), max(1, math.ceil(cpu)))
    first = zlib.crc32(name.encode()) % len(available)
    return {available[(first + step) % len(available)] for step in range(count)}


def to_kill(sizes: Mapping[int, int], limit: int) -> int | None:
    """The worker to kill: the largest, when all together are over the limit."""
    if sum(sizes.values()) <= limit:
        return None
    return max(sizes, key=lambda number: sizes[number])


def measure(pids: Mapping[int, int], limit: int) -> dict[int, int]:
    """
    Bytes of each worker with its children.

    Resident size first, because it is cheap; only when that is over the limit the proportional
    one, which counts shared pages once.
    """
    sizes = {number: _size(pid, shared=True) for number, pid in pids.items()}
    if sum(sizes.values()) > limit:
        sizes = {number: _size(pid, shared=False) for number, pid in pids.items()}
    return sizes


def _size(pid: int, *, shared: bool) -> int:
    total = 0
    try:
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            try:
                total += member.memory_info().rss if shared else member.memory_full_info().pss
            except (psutil.Error, AttributeError):
                continue
    except psutil.Error:
        return total
    return total
