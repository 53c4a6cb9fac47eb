"""What two versions of a service are compared by, and what was counted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Source = Literal["errors", "unavailable", "latency", "feedback", "metric"]
"""
Where a metric's values come from: requests that failed, requests that got 503, milliseconds of
requests, outcomes that were sent in, custom metrics that the script's requests recorded.
"""


OUTCOME_NAME = "1 to 100 characters, none of them a control character, and no blank at either end"
"""What the name of an outcome must be."""

_OUTCOME = re.compile(r"[^\x00-\x1f\x7f]{1,100}").fullmatch


def names_outcome(name: str) -> bool:
    """Whether feedback may be told under that name; ``OUTCOME_NAME`` says what it must be."""
    return bool(_OUTCOME(name)) and name == name.strip()


@dataclass(frozen=True, slots=True)
class Measure:
    """
    One metric: ``kind`` as in ``abtest.metrics.Metric``.

    ``of`` names the outcome or custom metric. ``low`` and ``high`` bound the values of kind
    'bounded'.
    """

    name: str
    kind: Literal["rate", "mean", "bounded", "quantile"]
    source: Source
    of: str = ""
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """
    What came to two versions from ``since`` (included) until ``until`` (not included).

    Counted are requests that were shared out, not those that named their version by a header.
    With ``by_user`` the unit is a user of a sticky assignment: each counts once for a metric, with
    the first value that there is; else it is a request.
    """

    workspace: str
    service: str
    control: str
    candidate: str
    since: datetime
    until: datetime
    measures: tuple[Measure, ...]
    by_user: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """
    Units of both versions, and by metric what each had, control first.

    States of ``Counts``, ``Moments``, ``Sums`` or ``Histogram``, by the metric's kind.
    """

    units: tuple[int, int] = (0, 0)
    tallies: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]] = field(
        default_factory=dict
    )
