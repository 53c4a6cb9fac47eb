"""
What is known of one metric: the effect with its confidence sequence, the evidence either way.

Steps of a rollout are never pooled over the change of shares: rates bet batch by batch, means are
weighted by step, quantiles and bounded means multiply the steps' evidence (``combining.kept``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelyard.abtest import asymptotic, bounded, combining, quantiles, rate_difference
from modelyard.abtest.bounded import Sums
from modelyard.abtest.counts import Counts
from modelyard.abtest.histogram import Histogram, Steps
from modelyard.abtest.metrics import Kind, Metric, Plan
from modelyard.abtest.moments import Moments
from modelyard.abtest.tallies import State

ENOUGH_EVENTS = 10
"""Events, and non-events, of each arm from which a rate's interval may be asymptotic."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    ``effect`` is the candidate's value less the control's, with its confidence sequence from
    ``low`` to ``high`` (None: not known yet) by ``method``, at level 1 - alpha of the plan.
    ``above`` and ``below``: log evidence that the candidate is above, or below, the metric's line.
    """

    metric: str
    control: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = "no values yet"
    above: float = 0.0
    below: float = 0.0


def found(plan: Plan, metric: Metric, state: State) -> Finding:
    """All that ``state`` tells of ``metric``."""
    pairs = state.of(metric.name)
    if not pairs:
        return Finding(metric.name)
    return _HOW[metric.kind](plan, metric, state, pairs)


def _rate(
    plan: Plan, metric: Metric, state: State, pairs: Sequence[tuple[Counts, Counts]]
) -> Finding:
    above, below = state.bets.get(metric.name, (0.0, 0.0))
    control, candidate = _total(pairs)
    few = min(
        number for arm in (control, candidate) for number in (arm.events, arm.trials - arm.events)
    )
    if few >= ENOUGH_EVENTS:
        moments = [(first.moments(), second.moments()) for first, second in pairs]
        seen = asymptotic.stratified(asymptotic.difference(*pair) for pair in moments)
        if seen.ready:
            low, high = asymptotic.interval(seen, plan.alpha, n_opt=plan.n_opt)
            return Finding(
                metric.name, control.rate, seen.effect, low, high, "asymptotic", above, below
            )
    effect = candidate.rate - control.rate
    low, high = rate_difference.interval(control, candidate, plan.alpha)
    return Finding(metric.name, control.rate, effect, low, high, "exact", above, below)


def _mean(
    plan: Plan, metric: Metric, _state: State, pairs: Sequence[tuple[Moments, Moments]]
) -> Finding:
    control = _total(pairs)[0]
    seen = asymptotic.stratified(asymptotic.difference(*pair) for pair in pairs)
    if not seen.ready:
        return Finding(metric.name, control.mean, method="too few values yet")
    low, high = asymptotic.interval(seen, plan.alpha, n_opt=plan.n_opt)
    factor, shift = metric.line(guardrail=metric != plan.key)
    line = asymptotic.stratified(asymptotic.difference(*pair, factor) for pair in pairs)
    turned = asymptotic.Difference(-line.effect, line.square_error, line.n, line.ready)
    above = asymptotic.log_e(line, shift, alpha=plan.alpha, n_opt=plan.n_opt)
    below = asymptotic.log_e(turned, -shift, alpha=plan.alpha, n_opt=plan.n_opt)
    return Finding(metric.name, control.mean, seen.effect, low, high, "asymptotic", above, below)


def _bounded(
    plan: Plan, metric: Metric, _state: State, pairs: Sequence[tuple[Sums, Sums]]
) -> Finding:
    factor, shift = metric.line(guardrail=metric != plan.key)
    above = _kept([bounded.log_e(*pair, shift, factor=factor) for pair in pairs])
    # "candidate < factor control + shift" is "control > candidate / factor - shift / factor"
    below = _kept([bounded.log_e(b, a, -shift / factor, factor=1 / factor) for a, b in pairs])
    control, candidate = max(pairs, key=lambda pair: pair[1].count)
    low, high = bounded.difference(control, candidate, plan.alpha)
    effect = candidate.mean - control.mean
    return Finding(metric.name, control.mean, effect, low, high, "exact", above, below)


def _quantile(
    plan: Plan, metric: Metric, _state: State, pairs: Sequence[tuple[Histogram, Histogram]]
) -> Finding:
    p = metric.quantile
    factor, shift = metric.line(guardrail=metric != plan.key)
    steps: list[tuple[Steps, Steps]] = [(a.steps(), b.steps()) for a, b in pairs]
    above = _kept([quantiles.log_e(a, b, p, margin=shift, factor=factor) for a, b in steps])
    below = _kept(
        [quantiles.log_e(b, a, p, margin=-shift / factor, factor=1 / factor) for a, b in steps]
    )
    control, candidate = max(steps, key=lambda pair: pair[1].count)
    low0, high0 = quantiles.interval(control, p, plan.alpha / 2)
    low1, high1 = quantiles.interval(candidate, p, plan.alpha / 2)
    value = control.quantile(p)
    effect = candidate.quantile(p) - value
    low, high = _known(low1 - high0), _known(high1 - low0)
    return Finding(metric.name, value, effect, low, high, "exact", above, below)


def _kept(log_es: Sequence[float]) -> float:
    return combining.product([combining.kept(log_e) for log_e in log_es])


def _total(pairs: Sequence[Any]) -> Any:
    first, *rest = pairs
    for control, candidate in rest:
        first = (first[0].merged(control), first[1].merged(candidate))
    return first


def _known(bound: float) -> float | None:
    return bound if abs(bound) < float("inf") else None


_HOW: Mapping[Kind, Callable[[Plan, Metric, State, Sequence[Any]], Finding]] = {
    "rate": _rate,
    "mean": _mean,
    "bounded": _bounded,
    "quantile": _quantile,
}
