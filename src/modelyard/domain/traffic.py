"""
How the requests of one address are shared out among its versions.

A share is a whole number of tenths of a percent. There are as many buckets as there are tenths in
a hundred percent; a caller falls into one, by chance or by a hash of who they are, and each bucket
belongs to a version. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import groupby

from modelyard.domain.errors import BadInput

BUCKETS = 1000
"""One for each tenth of a percent."""

Shares = Mapping[str, int]
"""Tenths of a percent by version name."""

Buckets = tuple[str, ...]
"""The version of each bucket."""

Runs = tuple[tuple[str, int], ...]
"""The same, shorter: owners and how many buckets in a row each has."""


@dataclass(frozen=True, slots=True)
class Split:
    """
    What can be gone back to: ``given`` shares, who takes the rest, and whether anybody takes any.
    """

    given: Mapping[str, int] = field(default_factory=dict)
    default: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """
    How an address shares its requests out.

    ``given`` are the shares that were asked for, in tenths of a percent; what is left is the
    default version's. ``closed``: no version has any, so only a header reaches one. ``owners``
    says who has which bucket; none while the default version has all. ``sticky`` is '' (by
    chance), 'header:NAME', 'cookie:NAME', or 'cookie' for one that the gateway sets itself.
    ``shadows``: tenths of a percent of the requests that are copied to a version. ``previous`` is
    the split before the last change, None before the first. ``stand_in`` answers for the default
    version until that is ready for the first time since it became the default, '' is nobody.
    """

    given: Mapping[str, int] = field(default_factory=dict)
    closed: bool = False
    owners: Runs = ()
    sticky: str = ""
    shadows: Mapping[str, int] = field(default_factory=dict)
    previous: Split | None = None
    stand_in: str = ""


def runs(buckets: Sequence[str]) -> Runs:
    """Owners one by one as runs."""
    return tuple((name, len(list(group))) for name, group in groupby(buckets))


def buckets(runs_: Runs) -> Buckets:
    """Runs as owners one by one."""
    return tuple(name for name, count in runs_ for _ in range(count))


def tenths(percent: float, version: str) -> int:
    """
    A percentage as tenths of a percent.

    Raises BadInput naming the version, when it is no number from 0 to 100 with at most one digit
    behind the point.
    """
    try:
        exact = Decimal(str(percent)) * 10
        whole = int(exact)
    except (InvalidOperation, ValueError, OverflowError):  # no number, NaN, infinity
        raise BadInput(_not_a_share(percent, version)) from None
    if isinstance(percent, bool) or whole != exact or not 0 <= whole <= BUCKETS:
        raise BadInput(_not_a_share(percent, version))
    return whole


def _not_a_share(percent: object, version: str) -> str:
    return (
        f"The share {percent!r} of version {version!r} must be a percentage from 0 to 100, "
        "in steps of 0.1."
    )


def shares(percentages: Mapping[str, float], default: str) -> dict[str, int]:
    """
    All shares, together all of the traffic: what nobody was given goes to the default version.

    Raises BadInput when one is no share, or all are over 100 %.
    """
    given = {name: tenths(percent, name) for name, percent in percentages.items()}
    total = sum(given.values())
    if total > BUCKETS:
        parts = ", ".join(f"{name} {value / 10:g}" for name, value in given.items())
        raise BadInput(
            f"The shares are {total / 10:g} % together ({parts}); they may be 100 % at most. "
            "Lower the others first, or set all in one call."
        )
    if total < BUCKETS:
        given[default] = given.get(default, 0) + BUCKETS - total
    return given


def reassign(old: Sequence[str], wanted: Shares) -> Buckets:
    """
    The owner of each bucket so that each version has its share, moving as few as can be.

    ``old`` are the owners so far; none for a new address. ``wanted`` is all of the traffic. Of all
    ways that move the fewest it takes the one nearest to versions lying side by side in the order
    of their names: where two share, one step up and one back end with the same owners as before.
    """
    assert sum(wanted.values()) == BUCKETS  # noqa: S101 - ``shares`` sees to it
    ideal = [name for name in sorted(wanted) for _ in range(wanted[name])]
    kept = _kept(old, wanted, ideal)
    lacks = {name: wanted[name] - kept.count(name) for name in sorted(wanted)}
    for bucket, owner in enumerate(kept):
        if owner is None and lacks[ideal[bucket]] > 0:
            kept[bucket] = ideal[bucket]
            lacks[ideal[bucket]] -= 1
    left = iter([name for name, count in lacks.items() for _ in range(count)])
    return tuple(next(left) if owner is None else owner for owner in kept)


def _kept(old: Sequence[str], wanted: Shares, ideal: Sequence[str]) -> list[str | None]:
    """The owners so far, but for what each has too much of: that is nobody's."""
    kept: list[str | None] = [name if name in wanted else None for name in old]
    for name, share in wanted.items():
        mine = [bucket for bucket, owner in enumerate(kept) if owner == name]
        mine.sort(key=lambda bucket: ideal[bucket] == name)
        for bucket in mine[: max(0, len(mine) - share)]:
            kept[bucket] = None
    return kept or [None] * BUCKETS


def moved(old: Sequence[str], new: Sequence[str]) -> int:
    """How many buckets have another owner."""
    return sum(before != after for before, after in zip(old, new, strict=True))
