"""
From what was seen to what to do: promote, keep, undecided or breach. Look as often as you like.

Errors are bounded at *every* look together (Ville's inequality), given the plan was made before:

- promote needs proof that the key metric is better and that every guardrail holds, each at
  ``alpha``: if one of them is false, all are proven with a chance of ``alpha`` at most, so nothing
  is shared out (intersection-union test, Berger 1982);
- keep needs proof at ``alpha`` that the key metric is not better by its margin;
- a breach of any guardrail is called at ``breach_alpha`` shared out over them (Bonferroni).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Literal

from modelyard.abtest import combining, sample_ratio, wording
from modelyard.abtest.checks import at_least
from modelyard.abtest.evidence import Finding, found
from modelyard.abtest.metrics import Metric, Plan
from modelyard.abtest.normal_mixture import threshold
from modelyard.abtest.tallies import State

Decision = Literal["promote", "keep", "undecided", "breach"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do and why; ``findings`` by metric, ``ratio`` is log evidence of a wrong split."""

    decision: Decision
    reasons: tuple[str, ...]
    findings: Mapping[str, Finding]
    users: tuple[int, int]
    ratio: float


def decide(plan: Plan, state: State, seconds: float) -> Verdict:
    """
    The verdict ``seconds`` after the test began.

    A breach comes first and waits for nothing; then a wrong split of users, which lets nothing
    else be concluded; then the plan's minimum; then the proofs.
    """
    at_least("seconds", seconds, 0)
    findings = {metric.name: found(plan, metric, state) for metric in plan.metrics}
    ratio = _ratio(state)

    def verdict(decision: Decision, *reasons: str) -> Verdict:
        return Verdict(decision, reasons, findings, state.users, ratio)

    breached = _breaches(plan, findings)
    if breached:
        return verdict("breach", *breached)
    if ratio >= threshold(plan.ratio_alpha):
        return verdict("undecided", _mismatch(plan, state, ratio))
    waiting = _waiting(plan, state, seconds)
    if waiting:
        return verdict("undecided", waiting)
    missing = _unproven(plan, findings)
    if not missing:
        return verdict("promote", *_proofs(plan, findings))
    worse = _not_worth_it(plan, findings)
    if worse:
        return verdict("keep", worse)
    if plan.maximum_seconds is not None and seconds >= plan.maximum_seconds:
        return verdict("keep", f"The time is up after {_time(seconds)}, and:", *missing)
    return verdict("undecided", *missing)


def _better(metric: Metric, seen: Finding) -> float:
    """Log evidence that the candidate is on the good side of its line."""
    return seen.above if metric.better == "higher" else seen.below


def _worse(metric: Metric, seen: Finding) -> float:
    """Log evidence that it is on the bad side."""
    return seen.below if metric.better == "higher" else seen.above


def _breaches(plan: Plan, findings: Mapping[str, Finding]) -> list[str]:
    if not plan.guardrails:
        return []
    levels = combining.split(plan.breach_alpha, {m.name: 1.0 for m in plan.guardrails})
    reasons = []
    for metric in plan.guardrails:
        seen, needed = findings[metric.name], threshold(levels[metric.name])
        if (harm := _worse(metric, seen)) >= needed:
            reasons.append(
                f"{wording.measured(metric, seen)}: worse by more than {wording.line(metric)}"
                f" ({wording.proof(harm, needed)})."
            )
    return reasons


def _ratio(state: State) -> float:
    return combining.product(
        [sample_ratio.log_e(step.users, (1 - step.share, step.share)) for step in state.steps]
    )


def _mismatch(plan: Plan, state: State, ratio: float) -> str:
    control, candidate = state.users
    asked = sum(sum(step.users) * step.share for step in state.steps)
    return (
        f"{plan.units.capitalize()} are not split as asked: {candidate:,} of"
        f" {control + candidate:,} came to the candidate, {asked:,.0f} should have"
        f" ({wording.proof(ratio, threshold(plan.ratio_alpha))}). Something sorts them; until it"
        " is found, no number of this test can be trusted."
    )


def _waiting(plan: Plan, state: State, seconds: float) -> str:
    least = min(state.users)
    if least < plan.minimum_users:
        return (
            f"The smaller arm has {least:,} {plan.units}; the plan asks for"
            f" {plan.minimum_users:,}."
        )
    if seconds < plan.minimum_seconds:
        return f"{_time(seconds)} have passed; the plan asks for {_time(plan.minimum_seconds)}."
    return ""


def _unproven(plan: Plan, findings: Mapping[str, Finding]) -> list[str]:
    """What still stands in the way of a promotion."""
    needed = threshold(plan.alpha)
    missing = []
    if plan.key and (proof := _better(plan.key, findings[plan.key.name])) < needed:
        missing.append(
            f"{wording.measured(plan.key, findings[plan.key.name])}: not proven better by more"
            f" than {wording.line(plan.key)} ({wording.proof(proof, needed)})."
        )
    for metric in plan.guardrails if plan.prove_guardrails else ():
        seen = findings[metric.name]
        if (proof := _better(metric, seen)) < needed:
            missing.append(
                f"{wording.measured(metric, seen)}: not proven to stay within"
                f" {wording.line(metric)} ({wording.proof(proof, needed)})."
            )
    return missing


def _proofs(plan: Plan, findings: Mapping[str, Finding]) -> list[str]:
    needed = threshold(plan.alpha)
    reasons = []
    for metric in plan.metrics:
        seen = findings[metric.name]
        if metric == plan.key:
            what = f"better by more than {wording.line(metric)}"
        elif plan.prove_guardrails:
            what = f"within {wording.line(metric)}"
        else:
            reasons.append(f"{wording.measured(metric, seen)}: not breached.")
            continue
        proof = wording.proof(_better(metric, seen), needed)
        reasons.append(f"{wording.measured(metric, seen)}: {what} ({proof}).")
    return reasons


def _not_worth_it(plan: Plan, findings: Mapping[str, Finding]) -> str:
    if not plan.key:
        return ""
    seen, needed = findings[plan.key.name], log(1 / plan.alpha)
    proof = _worse(plan.key, seen)
    if proof < needed:
        return ""
    what = f"not better by {wording.line(plan.key)}" if plan.key.margin else "worse"
    return f"{wording.measured(plan.key, seen)}: {what} ({wording.proof(proof, needed)})."


def _time(seconds: float) -> str:
    for size, name in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.3g} seconds"
