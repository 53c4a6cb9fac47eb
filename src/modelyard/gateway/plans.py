"""
Plans: which backend has which of a service's 1,000 buckets, as few entries of a map; pure.

A bucket is written as four digits, 1000 to 1999, and looked up by the longest entry that it begins
with: ``PLAN/1`` is whose all are, ``PLAN/10`` who has the first hundred instead. A plan is named
after what it says, so one that is there is right, and is never changed.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from modelyard.domain.traffic import BUCKETS, Runs, buckets

PREFIX = "plan_"
"""How every plan's name begins."""

FIRST = BUCKETS
"""Added to a bucket, so that all have four digits."""


Plan = tuple[str, Mapping[str, str]]
"""Its name, and its entries by what a bucket begins with."""


@lru_cache(maxsize=1024)
def plan(owners: Runs) -> Plan:
    """The plan by which these have the buckets; kept, because most stay when one changes."""
    entries = dict(_entries("1", buckets(owners), ""))
    text = " ".join(f"{key}={value}" for key, value in sorted(entries.items()))
    return PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16], MappingProxyType(entries)


def _entries(digits: str, owners: Sequence[str], above: str) -> list[tuple[str, str]]:
    """What must be said of the buckets that begin so, where ``above`` is said of all."""
    counts = Counter(owners)
    most = max(sorted(counts), key=lambda owner: (counts[owner], owner == above))
    found = [] if most == above else [(digits, most)]
    if len(counts) > 1:
        step = len(owners) // 10
        for digit in range(10):
            part = owners[digit * step : (digit + 1) * step]
            found += _entries(f"{digits}{digit}", part, most)
    return found


def with_plans_in_use(
    wanted: Mapping[str, str], present: Mapping[str, str], backends: Mapping[str, str]
) -> dict[str, str]:
    """
    The entries of plans that shall be there, with those of plans that services now go by.

    A request may just have read the name of one. So it stays until the next change: ``present``
    entries and ``backends`` are what is in force now.
    """
    in_use = {name for name in backends.values() if name.startswith(PREFIX)}
    kept = {key: value for key, value in present.items() if key.partition("/")[0] in in_use}
    return {**kept, **wanted}
