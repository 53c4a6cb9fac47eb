"""
An exact confidence sequence for the difference of two yes/no rates, from counts alone.

The numerator of the beta-binomial mixture (Robbins 1970) for both arms over the best likelihood
that a difference d allows; as by universal inference (Wasserman, Ramdas and Balakrishnan 2020,
PNAS 117(29)) this is evidence against d at every look::

    e(d) = Π_arm B(½ + k, ½ + n - k) / B(½, ½)  /  max over p of L(p, p + d)

Wider than ``asymptotic`` and than the test ``two_rates`` makes, but right also for three events.
"""

from math import inf, log, log1p

from modelyard.abtest import two_rates
from modelyard.abtest.checks import inside
from modelyard.abtest.counts import Counts
from modelyard.abtest.special import log_beta

_HALF = log_beta(0.5, 0.5)


def log_e(control: Counts, candidate: Counts, difference: float) -> float:
    """Log evidence against "the candidate's rate is the control's plus ``difference``"."""
    inside("difference", difference, -1, 1)
    return _log_e(control, candidate, difference)[0]


def interval(control: Counts, candidate: Counts, alpha: float) -> tuple[float, float]:
    """The differences not ruled out at level ``alpha``."""
    threshold = log(1 / inside("alpha", alpha))
    if not control.trials or not candidate.trials:
        return -1.0, 1.0
    return (
        _edge(control, candidate, threshold, -1.0),
        _edge(control, candidate, threshold, 1.0),
    )


def _edge(control: Counts, candidate: Counts, threshold: float, end: float) -> float:
    """Where the evidence reaches ``threshold`` on the way to -1 or 1, by Newton's steps."""
    within, beyond = candidate.rate - control.rate, end
    if within == end:
        return end
    at = 0.5 * (within + beyond)
    for turn in range(70):
        value, slope = _log_e(control, candidate, at)
        within, beyond = (at, beyond) if value < threshold else (within, at)
        newton = at - (value - threshold) / slope if slope else beyond
        between = min(within, beyond) < newton < max(within, beyond)
        after = newton if between and turn < 20 else 0.5 * (within + beyond)
        if abs(after - at) < 1e-12:
            break
        at = after
    return at


def _log_e(control: Counts, candidate: Counts, difference: float) -> tuple[float, float]:
    """
    The evidence, and how it changes with the difference.

    As the candidate's likelihood does, or the control's where the candidate's rate is at an end:
    elsewhere both change alike, as their sum is the greatest there.
    """
    claim = two_rates.Claim(difference)
    arms = (control.trials, candidate.trials, control.rate, candidate.rate)
    p = two_rates.closest(claim, *arms)
    best = _likelihood(control, p) + _likelihood(candidate, p + difference)
    if 1e-12 < p + difference < 1 - 1e-12:
        slope = _fall(candidate, p + difference)
    else:
        slope = -_fall(control, p)
    return _marginal(control) + _marginal(candidate) - best, slope


def _fall(counts: Counts, p: float) -> float:
    """How the log likelihood falls as ``p`` grows."""
    p = min(max(p, 1e-15), 1 - 1e-15)
    return counts.trials * (p - counts.rate) / (p * (1 - p))


def _marginal(counts: Counts) -> float:
    misses = counts.trials - counts.events
    return log_beta(0.5 + counts.events, 0.5 + misses) - _HALF


def _likelihood(counts: Counts, p: float) -> float:
    misses = counts.trials - counts.events
    if (counts.events and p <= 0) or (misses and p >= 1):
        return -inf
    hits = counts.events * log(p) if counts.events else 0.0
    return hits + (misses * log1p(-p) if misses else 0.0)
