"""What was said at the start of a rollout, as it is kept with it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from modelyard.abtest.metrics import Kind, Metric, Plan
from modelyard.domain.measuring import Measure, Source
from modelyard.domain.rollouts import Rollout
from modelyard.domain.services import RevisionContent
from modelyard.domain.traffic import BUCKETS


@dataclass(frozen=True, slots=True)
class Term:
    """A metric with all that was left out filled in; fields as in ``Metric`` and ``Measure``."""

    name: str
    kind: Kind
    source: Source
    of: str
    better: Literal["higher", "lower"]
    margin: float
    relative: bool
    quantile: float = 0.95
    low: float = 0.0
    high: float = 1.0

    def metric(self) -> Metric:
        """What is tested. Raises BadInput, naming it."""
        return Metric(self.name, self.kind, self.better, self.margin, self.relative, self.quantile)

    def measure(self) -> Measure:
        """What telemetry is asked for."""
        return Measure(self.name, self.kind, self.source, self.of, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Terms:
    """
    ``step_seconds`` and ``step_users`` of each step at least; ``automatic``: nobody is asked
    before the promotion. ``by_user``: a unit is a user of a sticky assignment, not a request.
    ``contents`` are fingerprints of what the candidate and the control run, by version name.
    """

    metric: Term | None
    guardrails: tuple[Term, ...]
    alpha: float = 0.05
    prove_guardrails: bool = True
    step_seconds: float = 60.0
    step_users: int = 100
    automatic: bool = False
    max_seconds: float | None = None
    by_user: bool = False
    contents: Mapping[str, str] = field(default_factory=dict)

    @property
    def all(self) -> tuple[Term, ...]:
        """Every metric, the key metric first."""
        return (*((self.metric,) if self.metric else ()), *self.guardrails)

    @property
    def units(self) -> str:
        """What is counted, in words."""
        return "users" if self.by_user else "requests"

    def plan(self, steps: int) -> Plan:
        """
        The test. Raises BadInput, naming what cannot be tested.

        Users who come back are seen in several of the ``steps``, so each step is a test of its
        own, at its part of the level; requests are new each time and all count together.
        """
        level = self.alpha / steps if self.by_user else self.alpha
        return Plan(
            key=self.metric.metric() if self.metric else None,
            guardrails=tuple(term.metric() for term in self.guardrails),
            alpha=level,
            breach_alpha=level,
            minimum_users=self.step_users,
            minimum_seconds=self.step_seconds,
            prove_guardrails=self.prove_guardrails,
            units=self.units,
        )


def terms_of(rollout: Rollout) -> Terms:
    """As they were agreed on at the start."""
    return msgspec.convert(rollout.plan, Terms)


def plan_of(rollout: Rollout) -> Plan:
    """The test that was agreed on at the start."""
    return terms_of(rollout).plan(len(compared(rollout.steps)))


def compared(steps: tuple[int, ...]) -> tuple[int, ...]:
    """The steps that leave the control something: at 100 % there is nothing to compare with."""
    return tuple(share for share in steps if share < BUCKETS)


def fingerprint(content: RevisionContent) -> str:
    """Tells one content from another; the same content deployed anew has the same."""
    data = msgspec.json.encode(msgspec.to_builtins(content), order="deterministic")
    return hashlib.sha256(data).hexdigest()[:16]
