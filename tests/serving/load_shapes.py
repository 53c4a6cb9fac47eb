"""Recorded load shapes, and a front's queue and workers that are only numbers."""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from modelyard.serving.scaling import COOL_DOWN, Bounds, Look, needed, wanted

Shape = Sequence[tuple[float, float]]
"""Seconds, and requests a second from then on; the last line is the end."""


def steps(rate: Callable[[float], float], seconds: int) -> Shape:
    """A shape of one line a second."""
    return [(float(t), rate(t)) for t in range(seconds)] + [(float(seconds), 0.0)]


CONSTANT: Shape = [(0, 20), (600, 0)]
STEP: Shape = [(0, 5), (120, 45), (420, 5), (600, 0)]
SPIKE: Shape = [(0, 5), (120, 80), (130, 5), (400, 0)]
ON_OFF: Shape = [(t * 10, 40 if t % 2 == 0 else 0) for t in range(60)] + [(600, 0)]
SINE: Shape = steps(lambda t: 22 + 20 * math.sin(2 * math.pi * t / 600), 1800)
QUICK_SINE: Shape = steps(lambda t: 22 + 20 * math.sin(2 * math.pi * t / 30), 600)
SAWTOOTH: Shape = steps(lambda t: t % 200 / 5, 1000)
RISING: Shape = steps(lambda t: t / 15, 600)
LONG: Shape = [(0, 0.05), (200, 0.5), (700, 0.05), (1000, 0)]
"""Few requests, each of which runs for seconds."""
DAY: Shape = [
    # requests a second of a shop over a day: a line an hour, and an hour takes a minute
    (t * 60.0, rate)
    for t, rate in enumerate(
        [3, 2, 1, 1, 1, 2, 6, 14, 22, 28, 31, 33, 36, 34, 30, 29, 31, 35, 41, 44, 38, 24, 12, 6]
    )
] + [(1440.0, 0)]


@dataclass
class Seen:
    """What became of a load."""

    changes: list[tuple[float, int]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    worker_seconds: float = 0.0

    @property
    def ups(self) -> int:
        return sum(new > old for old, new in pairwise(self._counts))

    @property
    def turns(self) -> int:
        """How often more became fewer or fewer became more."""
        steps = [new > old for old, new in pairwise(self._counts)]
        return sum(one != other for one, other in pairwise(steps))

    @property
    def _counts(self) -> list[int]:
        return [1, *(count for _, count in self.changes)]

    def wait(self, share: float) -> float:
        """That share of the requests waited no longer."""
        return sorted(self.waits)[int(share * (len(self.waits) - 1))]


class Yard:
    """Workers that take ``run`` seconds for a request and ``start`` to come; always the same."""

    def __init__(self, bounds: Bounds, run: float, start: float, *, even: bool = False) -> None:
        self.bounds, self.run, self.start, self.even = bounds, run, start, even
        self.random = random.Random(7)
        self.now = 0.0
        self.wanted = bounds.least
        self.ready = bounds.least
        self.coming: list[float] = []
        self.running: list[tuple[float, float]] = []  # until, since
        self.queue: deque[float] = deque()
        self.busy_seconds = 0.0
        self.done = self.came = 0
        self.seen = Seen()

    def play(self, shape: Shape, quiet: float = 200.0) -> Seen:
        """The shape, and after it nothing for a while."""
        end = shape[-1][0] + quiet
        looks: list[Look] = []
        needs: list[float] = []
        arrivals = iter(self._arrivals(shape))
        following = next(arrivals, math.inf)
        look_at = self.bounds.refresh
        while look_at <= end:
            if following <= look_at:
                self._until(following)
                self.came += 1
                self.queue.append(self.now)
                self._hand_out()
                following = next(arrivals, math.inf)
                continue
            self._until(look_at)
            looks = [*looks[-5:], self._look()]
            needs = [*needs[1 - COOL_DOWN :], needed(looks, self.bounds)]
            self._want(wanted(needs, self.wanted, self.bounds))
            self.seen.worker_seconds += self.wanted * self.bounds.refresh
            look_at += self.bounds.refresh
        return self.seen

    def _arrivals(self, shape: Shape) -> list[float]:
        found = []
        for (begin, rate), (end, _) in pairwise(shape):
            at = begin
            while rate:
                at += 1 / rate if self.even else self.random.expovariate(rate)
                if at >= end:
                    break
                found.append(at)
        return found

    def _look(self) -> Look:
        since = [
            self.now - max(begun, self.now - self.bounds.refresh) for _, begun in self.running
        ]
        busy = (self.busy_seconds + sum(since)) / self.bounds.refresh
        look = Look(
            busy, self.came, self.run, len(self.queue),
            self.now - self.queue[0] if self.queue else 0.0, self.start,
        )  # fmt: skip
        self.busy_seconds, self.came = 0.0, 0
        return look

    def _want(self, count: int) -> None:
        if count != self.wanted:
            self.seen.changes.append((self.now, count))
        for _ in range(count - self.wanted):
            heapq.heappush(self.coming, self.now + self.start)
        for _ in range(self.wanted - count):
            if self.coming:
                self.coming.pop()
            else:
                self.ready -= 1
        self.wanted = count

    def _until(self, time: float) -> None:
        while True:
            comes = self.coming[0] if self.coming else math.inf
            ends = self.running[0][0] if self.running else math.inf
            if min(comes, ends) > time:
                break
            if comes <= ends:
                self.now = heapq.heappop(self.coming)
                self.ready += 1
            else:
                self.now, begun = heapq.heappop(self.running)
                self.busy_seconds += self.now - max(begun, self._last_look())
                self.done += 1
            self._hand_out()
        self.now = time

    def _last_look(self) -> float:
        refresh = self.bounds.refresh
        return math.floor(self.now / refresh + 1e-9) * refresh

    def _hand_out(self) -> None:
        while self.queue and len(self.running) < self.ready:
            came = self.queue.popleft()
            self.seen.waits.append(self.now - came)
            heapq.heappush(self.running, (self.now + self.run, self.now))
