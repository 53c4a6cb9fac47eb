"""Counts that are kept between two scrapes; label sets are bounded."""

import math
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

Labels = tuple[tuple[str, str], ...]

OVERFLOW: Labels = (("otel_metric_overflow", "true"),)
"""OpenTelemetry's label of what stands for all label sets that were one too many."""


class Counter:
    """A sum that only grows."""

    def __init__(self, created: float) -> None:
        self.created = created
        self.value = 0.0

    def add(self, amount: float) -> None:
        """Count more."""
        self.value += amount


class Summary:
    """How many, and their sum."""

    def __init__(self, created: float) -> None:
        self.created = created
        self.count = 0
        self.sum = 0.0

    def add(self, count: int, total: float) -> None:
        """Count more."""
        self.count += count
        self.sum += total


class Histogram:
    """Exact counts between bounds; ``scale`` brings values to the unit that is told."""

    def __init__(self, bounds: Sequence[float], scale: float, created: float) -> None:
        self.bounds = bounds
        self.created = created
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._scale = scale
        self._edges = [bound / scale for bound in bounds]

    def add(self, values: Iterable[float | None]) -> None:
        """Count values; sorted once, so that thousands cost little each."""
        known = [value for value in values if value is not None]
        total = sum(known)
        if not math.isfinite(total):  # seldom: each value need not be looked at for it
            known = [value for value in known if math.isfinite(value)]
            total = sum(known)
        known.sort()
        before = 0
        for at, edge in enumerate(self._edges):
            below = bisect_right(known, edge, before)
            self.counts[at] += below - before
            before = below
        self.counts[-1] += len(known) - before
        self.sum += total * self._scale

    @property
    def count(self) -> int:
        """How many."""
        return sum(self.counts)


S = TypeVar("S")


class Bounded(Generic[S]):
    """Series by their labels; beyond ``limit`` of them all others share one."""

    def __init__(self, make: Callable[[], S], limit: int) -> None:
        self._make = make
        self._limit = limit
        self._by_key: dict[Hashable, S] = {}
        self.series: dict[Labels, S] = {}
        self.refused = 0
        """Rows whose labels had no place of their own."""

    def of(self, key: Hashable, labels: Callable[[Any], Labels], rows: int) -> S:
        """
        The series of the labels of ``key``, for so many rows.

        Labels are made once for a key; several keys may have the same.
        """
        found = self._by_key.get(key)
        if found is not None:
            return found
        if len(self.series) >= self._limit:
            self.refused += rows
            return self._of(OVERFLOW)
        if len(self._by_key) > 10 * self._limit:
            self._by_key.clear()
        found = self._by_key[key] = self._of(labels(key))
        return found

    def _of(self, labels: Labels) -> S:
        found = self.series.get(labels)
        if found is None:
            found = self.series[labels] = self._make()
        return found
