"""What was measured becomes evidence, and evidence a judgement. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import msgspec

from modelyard.abtest import wording
from modelyard.abtest.decision import Decision, Verdict, decide
from modelyard.abtest.evidence import Finding
from modelyard.abtest.metrics import Metric, Plan
from modelyard.abtest.normal_mixture import threshold
from modelyard.abtest.tallies import TALLIES, Batch, State, from_json, replaced, to_json
from modelyard.domain.measuring import Measured, Question
from modelyard.domain.rollouts import Rollout
from modelyard.usecases.rollout_splits import compared_share
from modelyard.usecases.rollout_terms import Terms, plan_of, terms_of


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time with one share, as far as it was looked at: ``until`` not included."""

    step: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a rollout keeps as ``seen``: windows, and beside each its step of ``state``."""

    windows: tuple[Window, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What a rollout keeps as ``verdict``: what the evidence means at ``time``, in ``step``.

    ``users`` of control and candidate in all steps, ``step_users`` in this one. ``silent`` says
    why telemetry could not be asked at the last look, '' when it could; all else is then that of
    the look before. ``doubts`` name the guardrails that look worse than their margin allows,
    though nothing is proven. ``findings`` are as the wire's.
    """

    time: datetime
    step: int
    decision: Decision = "undecided"
    reasons: tuple[str, ...] = ()
    users: tuple[int, int] = (0, 0)
    step_users: tuple[int, int] = (0, 0)
    mismatch: bool = False
    silent: str = ""
    doubts: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()


def evidence_of(rollout: Rollout) -> Evidence:
    """What was seen so far."""
    return msgspec.convert(rollout.seen, Evidence) if rollout.seen else Evidence()


def judgement_of(rollout: Rollout) -> Judgement | None:
    """What it means; None before the first look."""
    return msgspec.convert(rollout.verdict, Judgement) if rollout.verdict else None


def questions(rollout: Rollout, until: datetime) -> tuple[tuple[Window, Question], ...]:
    """
    What telemetry is asked at a look: all of the present step, and of those before it what may
    still come late, the outcomes of requests. Nothing before there is any time to ask about.
    """
    terms = terms_of(rollout)
    since = rollout.since
    assert since is not None  # noqa: S101 - a look is at a step that is in force
    if until <= since:
        return ()
    now = Window(rollout.step, since, until)
    asked = [(now, _question(rollout, terms, now, late=False))]
    if not terms.by_user and any(term.source == "feedback" for term in terms.all):
        past = [w for w in evidence_of(rollout).windows if w.step < rollout.step]
        asked += [(window, _question(rollout, terms, window, late=True)) for window in past]
    return tuple(asked)


def judged(
    rollout: Rollout, answers: Sequence[tuple[Window, Measured]], now: datetime
) -> tuple[Evidence, Judgement]:
    """The evidence with these answers, and what it means."""
    terms, plan = terms_of(rollout), plan_of(rollout)
    evidence = evidence_of(rollout)
    windows, state = list(evidence.windows), _state(plan, evidence)
    if terms.by_user and windows and windows[-1].step != rollout.step:
        windows, state = [], State()  # those users come back: this step is a test of its own
    for window, measured in answers:
        index = next((i for i, w in enumerate(windows) if w.step == window.step), len(windows))
        windows[index : index + 1] = [window]
        share = compared_share(rollout, window.step)
        state = replaced(plan, state, index, share, _batch(terms, measured))
    seconds = (now - began(rollout)).total_seconds()
    verdict = decide(plan, state, max(0.0, seconds))
    at = next(i for i, w in enumerate(windows) if w.step == rollout.step)
    judgement = Judgement(
        time=now,
        step=rollout.step,
        decision=verdict.decision,
        reasons=verdict.reasons,
        users=verdict.users,
        step_users=state.steps[at].users,
        mismatch=verdict.ratio >= threshold(plan.ratio_alpha),
        doubts=tuple(m.name for m in plan.guardrails if _doubtful(m, verdict.findings[m.name])),
        findings=tuple(_told(plan, metric, verdict) for metric in plan.metrics),
    )
    return Evidence(tuple(windows), to_json(state)), judgement


def unheard(rollout: Rollout, why: str, now: datetime) -> Judgement:
    """The judgement when telemetry could not be asked: what was known stays as it was."""
    known = judgement_of(rollout) or Judgement(now, -1)
    return replace(known, time=now, silent=why)


def began(rollout: Rollout) -> datetime:
    """When the first step came into force."""
    windows = evidence_of(rollout).windows
    first = rollout.history[0].get("time") if rollout.history else None
    if isinstance(first, str):
        return datetime.fromisoformat(first)
    return windows[0].since if windows else rollout.since or rollout.created


def _question(rollout: Rollout, terms: Terms, window: Window, *, late: bool) -> Question:
    measures = [t.measure() for t in terms.all if not late or t.source == "feedback"]
    return Question(
        workspace=rollout.workspace,
        service=rollout.name,
        control=rollout.control,
        candidate=rollout.candidate,
        since=window.since,
        until=window.until,
        measures=tuple(measures),
        by_user=terms.by_user,
    )


def _state(plan: Plan, evidence: Evidence) -> State:
    return from_json(plan, evidence.state) if evidence.state else State()


def _batch(terms: Terms, measured: Measured) -> Batch:
    pairs: dict[str, Any] = {}
    for term in terms.all:
        found = measured.tallies.get(term.name)
        if found is not None:
            kind = TALLIES[term.kind]
            pairs[term.name] = (kind.from_state(found[0]), kind.from_state(found[1]))
    return Batch((measured.units[0], measured.units[1]), pairs)


def _doubtful(metric: Metric, seen: Finding) -> bool:
    """Whether the candidate's value as measured is beyond the guardrail's line."""
    if seen.control is None or seen.effect is None:
        return False
    factor, shift = metric.line(guardrail=True)
    candidate, line = seen.control + seen.effect, factor * seen.control + shift
    return candidate > line if metric.better == "lower" else candidate < line


Standing = Literal["breached", "holds", "better", "worse", "open"]


def _told(plan: Plan, metric: Metric, verdict: Verdict) -> dict[str, Any]:
    """One finding as the wire says it."""
    seen = verdict.findings[metric.name]
    candidate = None
    if seen.control is not None and seen.effect is not None:
        candidate = seen.control + seen.effect
    return {
        "name": metric.name,
        "role": "metric" if metric == plan.key else "guardrail",
        "control": seen.control,
        "candidate": candidate,
        "effect": seen.effect,
        "low": seen.low,
        "high": seen.high,
        "state": _standing(plan, metric, seen),
        "text": wording.measured(metric, seen),
    }


def _standing(plan: Plan, metric: Metric, seen: Finding) -> Standing:
    good, bad = seen.above, seen.below
    if metric.better == "lower":
        good, bad = bad, good
    if metric == plan.key:
        if good >= threshold(plan.alpha):
            return "better"
        return "worse" if bad >= threshold(plan.alpha) else "open"
    if bad >= threshold(plan.breach_alpha / len(plan.guardrails)):
        return "breached"
    return "holds" if good >= threshold(plan.alpha) else "open"
