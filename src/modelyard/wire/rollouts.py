"""Rollouts and outcomes of requests."""

from datetime import datetime
from typing import Any

import msgspec

from modelyard.wire.base import Request, Why, Wire


class Metric(Request):
    """
    What versions are compared by.

    ``name``: 'error_rate', 'unavailable_rate' (503s), 'latency' (milliseconds), or the name of an
    outcome that feedback brings, or of a custom metric with ``source`` 'metric'. ``kind``: 'rate',
    'mean', 'bounded' (between ``low`` and ``high``), 'quantile' (of ``quantile``); '' is that of
    the name: rates for the first two, the 95th percentile for latency, 'mean' for outcomes.
    ``better``: 'higher' or 'lower', '' is lower for the known names and higher for outcomes.
    ``margin``: of the key metric the least gain worth having, of a guardrail the worst loss that
    is put up with; ``relative``: as a share of the control's value.
    """

    name: str
    kind: str = ""
    source: str = ""
    better: str = ""
    margin: float | None = None
    relative: bool | None = None
    quantile: float | None = None
    low: float = 0.0
    high: float = 1.0


class RolloutRequest(Request):
    """
    Moves traffic to ``candidate`` step by step, as long as the guardrails hold.

    ``steps``: shares in percent, growing; 100 is the promotion itself, and what follows the last
    one where that is less. ``control``: the version it is compared with, '' is the default one.
    ``metric``: what shall be better; None promotes on guardrails alone. ``guardrails`` None are
    the error rate, the 95th percentile of the latency and the share of 503s.
    ``prove_guardrails``: a promotion needs proof that each margin is kept; False: that none is
    breached is enough. ``step_seconds`` and ``step_users``: the least time and number of units of
    each version in a step. ``alpha``: the chance of a wrong decision that is accepted.
    ``promote``: 'propose' waits for a person before the promotion, 'automatic' does it.
    ``max_seconds``: after so long without proof traffic goes back; None: never.
    """

    candidate: str
    steps: list[float] = msgspec.field(default_factory=lambda: [1, 5, 25, 50, 100])
    control: str = ""
    metric: Metric | None = None
    guardrails: list[Metric] | None = None
    step_seconds: float = 60.0
    step_users: int = 100
    alpha: float = 0.05
    promote: str = "propose"
    max_seconds: float | None = None
    prove_guardrails: bool = True


class RolloutDecision(Request):
    """What a person says with stop, promote or rollback."""

    why: Why = ""


class RolloutStep(Wire):
    """A step that was begun, or the end: ``share`` in percent."""

    time: datetime
    what: str
    share: float
    why: str = ""


class Finding(Wire):
    """What is known of one metric: the effect with its confidence sequence, and the evidence."""

    name: str
    role: str
    control: float | None = None
    candidate: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    state: str = ""
    text: str = ""


class Rollout(Wire):
    """
    A rollout; ``state``: running, proposed, promoted, rolled back, kept or stopped.

    ``share`` is the candidate's now, in percent. ``step`` counts from 0, -1 before the first;
    ``since`` is when it came into force. ``decision`` is what the evidence says: promote, keep,
    undecided, breach. ``reasons`` are sentences, ``waiting_for`` is what the next step lacks.
    ``units`` are those of control and candidate, all steps together.
    """

    id: str
    workspace: str
    service: str
    candidate: str
    control: str
    state: str
    steps: list[float]
    step: int
    share: float
    created: datetime
    updated: datetime
    since: datetime | None = None
    decision: str = ""
    reasons: list[str] = []
    waiting_for: str = ""
    findings: list[Finding] = []
    units: list[int] = msgspec.field(default_factory=lambda: [0, 0])
    unit: str = "request"
    history: list[RolloutStep] = []
    plan: dict[str, Any] = {}
    created_by: str = ""


class Outcome(Request):
    """
    What became of a request: ``value`` is a number, true or false. ``time`` may be given late.
    """

    request_id: str
    metric: str
    value: float | bool
    time: datetime | None = None


class Feedback(Request):
    """Outcomes in bulk; the same one twice counts once."""

    outcomes: list[Outcome]


class FeedbackResult(Wire):
    """
    How many were new, known already, in conflict with what is known (the first stays), and of
    requests that nobody knows (kept for a while, as the request may be on its way).
    """

    accepted: int
    repeated: int = 0
    conflicting: int = 0
    unknown: int = 0
    unknown_ids: list[str] = []
