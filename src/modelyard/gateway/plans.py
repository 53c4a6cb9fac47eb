"""
Plans: which backend has which of a service's 1,000 buckets, as few entries of a map; pure.

A bucket is written as four digits, 1000 to 1999, and looked up by the longest entry that it begins
with: ``PLAN/1`` is whose all are, ``PLAN/10`` who has the first hundred instead. What a plan says
also stands in one line (``be_a:1|be_b:10``), and it is named after that: one that is there is
right, and is never changed.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from modelyard.domain.traffic import BUCKETS, Runs, buckets

PREFIX = "plan_"
"""How every plan's name begins."""

FIRST = BUCKETS
"""Added to a bucket, so that all have four digits."""

_KEPT = 2048
"""Plans that are kept ready: when the traffic of a service changes all others stay."""


@lru_cache(maxsize=_KEPT)
def plan(owners: Runs) -> tuple[str, str]:
    """The name of the plan by which these have the buckets, and what it says."""
    digits: dict[str, list[str]] = {}
    for key, owner in _entries("1", buckets(owners), ""):
        digits.setdefault(owner, []).append(key)
    said = "|".join(f"{owner}:{','.join(digits[owner])}" for owner in sorted(digits))
    return PREFIX + hashlib.sha256(said.encode()).hexdigest()[:16], said


@lru_cache(maxsize=_KEPT)
def lines(name: str, said: str) -> tuple[str, ...]:
    """The entries of a plan in the map: key, space, value."""
    parts = (part.rpartition(":") for part in said.split("|"))
    return tuple(f"{name}/{key} {owner}" for owner, _, keys in parts for key in keys.split(","))


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
