"""What may be thrown away. Pure, so that every rule is a test."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from modelyard.domain.errors import BadInput

GRACE_DAYS = 1.0
"""Things this young stay: what is uploaded is referred to only later."""

SHORTEST_WHILE_RUNNING = timedelta(hours=1)


class Kind(StrEnum):
    """What is collected, in the words of the table."""

    MANIFESTS = "file lists"
    FILES = "files and unfinished uploads"
    ENVIRONMENTS = "environments"
    REVISIONS = "folders of revisions"
    LOGS = "logs of revisions"
    RUNTIMES = "copies of the worker"


@dataclass(frozen=True, slots=True)
class Thing:
    """
    Something that lies in the home.

    ``name`` is what others refer to it by, ``place`` tells several of one name apart. ``touched``
    is when it was last changed or asked for, in seconds; ``size`` what removing it gives back.
    """

    kind: Kind
    name: str
    place: str
    size: int
    touched: float


@dataclass(frozen=True, slots=True)
class Removed:
    """A line of the table."""

    kind: Kind
    count: int
    size: int


def garbage(
    things: Iterable[Thing], used: Mapping[Kind, AbstractSet[str]], before: float
) -> list[Thing]:
    """Those that nobody uses and that were last touched before."""
    return [
        thing
        for thing in things
        if thing.touched < before and thing.name not in used.get(thing.kind, frozenset())
    ]


def unwanted_manifests(
    files: Mapping[str, Sequence[str]], used: AbstractSet[str], touched: Mapping[str, float],
    before: float,
) -> list[str]:  # fmt: skip
    """
    Manifests that nobody refers to and whose files all were last touched before.

    A manifest itself has no time. But whoever adds or uses one has asked for its files just
    before, which touches them: the newest of its files tells when it was last of interest.
    """
    return [
        digest
        for digest, names in files.items()
        if names
        and digest not in used
        and max((touched.get(name, 0.0) for name in names), default=before) < before
    ]


def checked_age(days: float, *, running: bool) -> timedelta:
    """How old garbage must be. Raises BadInput for less than is safe."""
    if not 0 <= days < 36500:
        raise BadInput(f"--older-than {days:g} must be a number of days from 0 on.")
    age = timedelta(days=days)
    if running and age < SHORTEST_WHILE_RUNNING:
        raise BadInput(
            f"--older-than {days:g} is less than an hour, and the server runs: files that are "
            "being uploaded now would be lost. Give at least 0.05 days, or stop the server first "
            "(modelyard down)."
        )
    return age


def table(removed: Sequence[Removed], human: Mapping[int, str]) -> str:
    """Lines for people; ``human`` says each size in words."""
    width = max(len(str(line.kind)) for line in removed)
    lines = [f"{line.kind:<{width}}  {line.count:>7}  {human[line.size]:>10}" for line in removed]
    return "\n".join(lines)
