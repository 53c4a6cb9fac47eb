"""What is collected of a service's inputs and outputs, as its variables say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard.domain.errors import BadInput

SAMPLE = "COLLECT_SAMPLE"
COLUMNS = "COLLECT_COLUMNS"
POLICIES = ("keep", "drop", "hash")

_MOST = 3000
"""Characters of the columns' policies: they travel in the head of a ring."""


@dataclass(frozen=True, slots=True)
class Collection:
    """
    ``rate`` is the share of requests that is kept; of those that fail all are.

    ``columns`` are the policies of columns by name: 'keep', 'drop', or 'hash' for a keyed hash.
    ``*`` is the policy of those without one, 'keep' where nothing is said.
    """

    rate: float = 1.0
    columns: Mapping[str, str] = field(default_factory=dict)


def collection_of(variables: Mapping[str, str]) -> Collection:
    """
    From a service's variables: ``COLLECT_SAMPLE=0.1``, ``COLLECT_COLUMNS=mail=hash, note=drop``.

    Raises BadInput, which names the variable.
    """
    return Collection(_rate(variables.get(SAMPLE, "")), _columns(variables.get(COLUMNS, "")))


def _rate(text: str) -> float:
    if not text.strip():
        return 1.0
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate <= 1.0:
        raise BadInput(
            f"The variable {SAMPLE} is {text!r}: it must be a share from 0 to 1, like 0.1.",
            details={"field": SAMPLE},
        )
    return rate


def _columns(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, policy = part.rpartition("=")
        if not name.strip() or policy.strip() not in POLICIES:
            raise BadInput(
                f"The variable {COLUMNS} has {part!r}: write NAME=keep, NAME=drop or NAME=hash, "
                "separated by commas.",
                details={"field": COLUMNS},
            )
        found[name.strip()] = policy.strip()
    if len(text.encode()) > _MOST:
        raise BadInput(f"The variable {COLUMNS} is longer than {_MOST} bytes; use *=drop.")
    return found
