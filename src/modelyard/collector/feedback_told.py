"""What people tell of requests: read, checked, each named by its index where it cannot be used."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from modelyard.domain.errors import BadInput, TooLarge
from modelyard.domain.measuring import OUTCOME_NAME, names_outcome
from modelyard.wire.rollouts import Feedback, Outcome

MOST = 10_000
"""Outcomes of one call."""

_LONGEST = 100
_ID = re.compile(r"[!-~]{1,100}").fullmatch
_MANY = "outcomes"

Place = tuple[str, str, str]
"""Workspace, service and id of a request."""

Requests = Mapping[Place, Mapping[str, Any]]
"""What an outcome's row has of its request, by the columns' names."""


@dataclass(frozen=True, slots=True)
class Told:
    """One outcome; ``happened`` in seconds since the epoch, None where it was not said."""

    workspace: str
    service: str
    id: str
    metric: str
    value: float
    happened: float | None = None

    @property
    def place(self) -> Place:
        """The request that it is told of."""
        return self.workspace, self.service, self.id

    @property
    def key(self) -> bytes:
        """The same for the same metric of the same request; what is told first under it stays."""
        text = "\0".join((self.workspace, self.service, self.id, self.metric))
        return hashlib.blake2b(text.encode(), digest_size=16).digest()


def read_told(body: bytes, workspace: str, service: str) -> list[Told]:
    """A body of one outcome or many. Raises BadInput naming the one that is wrong, TooLarge."""
    outcomes = _decoded(body)
    if not outcomes:
        raise BadInput("'outcomes' is empty: say at least one.")
    if len(outcomes) > MOST:
        raise TooLarge(
            f"{len(outcomes):,} outcomes are too many for one call; send {MOST:,} in each.",
            details={"limit": MOST},
        )
    return [
        _checked(one, workspace, service, "" if len(outcomes) == 1 else f"outcomes[{index}]: ")
        for index, one in enumerate(outcomes)
    ]


def _decoded(body: bytes) -> Sequence[Outcome]:
    try:
        raw = msgspec.json.decode(body or b"null")
        if isinstance(raw, dict) and _MANY not in raw:
            return [msgspec.convert(raw, Outcome)]
        return msgspec.convert(raw, Feedback).outcomes
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(
            f"The feedback cannot be used: {error}. Send one outcome "
            '{"request_id": …, "metric": …, "value": …} or {"outcomes": [one, …]}.'
        ) from error


def _checked(one: Outcome, workspace: str, service: str, where: str) -> Told:
    if not _ID(one.request_id):
        raise BadInput(
            f"{where}request_id={one.request_id[:_LONGEST]!r} is no id of a request: it stands in "
            "the answer's header x-ms-request-id, 1 to 100 characters without blanks."
        )
    if not names_outcome(one.metric):
        raise BadInput(f"{where}metric={one.metric[:_LONGEST]!r} must be {OUTCOME_NAME}.")
    value = float(one.value)
    if not math.isfinite(value):
        raise BadInput(f"{where}value={value!r} must be a finite number, true or false.")
    happened = None if one.time is None else _seconds(one.time, where)
    return Told(workspace, service, one.request_id, one.metric, value, happened)


def _seconds(time: datetime, where: str) -> float:
    try:
        seconds = time.replace(tzinfo=time.tzinfo or UTC).timestamp()
    except (OverflowError, ValueError):
        seconds = -1.0
    if not 0 < seconds < 32_503_680_000:  # the year 3000
        raise BadInput(f"{where}time={time.isoformat()!r} is no time that anything can happen at.")
    return seconds
