"""Reasons as sentences with numbers."""

from math import exp, inf

from modelyard.abtest.evidence import Finding
from modelyard.abtest.metrics import Metric


def odds(log_e: float) -> str:
    """Evidence as people bet: '34 to 1'."""
    if log_e > 13.8:
        return "over a million to 1"
    e = exp(max(log_e, -30.0))
    return f"{e:,.0f} to 1" if e >= 10 else f"{e:.2g} to 1"


def amount(metric: Metric, value: float) -> str:
    """A rate in percent, anything else as it is."""
    if metric.kind == "rate":
        return f"{100 * value:.3g} %"
    return f"{value:.4g}"


def change(metric: Metric, value: float) -> str:
    """A difference with its sign; of rates in points of a percent."""
    if metric.kind == "rate":
        return f"{100 * value:+.3g} points"
    return f"{value:+.4g}"


def measured(metric: Metric, seen: Finding) -> str:
    """'conversion: +1.1 points (+0.3 points to +1.9 points) on 5 %'."""
    name = label(metric)
    if seen.effect is None or seen.control is None:
        return f"{name}: {seen.method}"
    low, high = (
        "unknown" if bound is None else change(metric, bound) for bound in (seen.low, seen.high)
    )
    effect = change(metric, seen.effect)
    return f"{name}: {effect} ({low} to {high}) on {amount(metric, seen.control)}"


def label(metric: Metric) -> str:
    """Its name, with the quantile where it is one."""
    if metric.kind == "quantile" and not metric.name.endswith(f"_p{100 * metric.quantile:g}"):
        return f"{metric.name} (p{100 * metric.quantile:g})"
    return metric.name


def line(metric: Metric) -> str:
    """The margin: '10 %' of the control's value, '0.1 points', '5'."""
    if metric.relative:
        return f"{100 * metric.margin:g} % of the control's"
    if metric.kind == "rate":
        return f"{100 * metric.margin:g} points"
    return f"{metric.margin:g}"


def proof(log_e: float, needed: float) -> str:
    """'evidence 34 to 1, 20 to 1 is enough'."""
    return f"evidence {odds(log_e)}, {odds(min(needed, inf))} is enough"
