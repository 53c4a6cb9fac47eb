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
from modelyard.abtest.special import log_beta, root

_HALF = log_beta(0.5, 0.5)
_HALVINGS = 36  # bounds to 1e-10


def log_e(control: Counts, candidate: Counts, difference: float) -> float:
    """Log evidence against "the candidate's rate is the control's plus ``difference``"."""
    inside("difference", difference, -1, 1)
    if not control.trials or not candidate.trials:
        return 0.0
    claim = two_rates.Claim(difference)
    arms = (control.trials, candidate.trials, control.rate, candidate.rate)
    p = two_rates.closest(claim, *arms)
    best = _likelihood(control, p) + _likelihood(candidate, p + difference)
    return _marginal(control) + _marginal(candidate) - best


def interval(control: Counts, candidate: Counts, alpha: float) -> tuple[float, float]:
    """The differences not ruled out at level ``alpha``."""
    threshold = log(1 / inside("alpha", alpha))
    if not control.trials or not candidate.trials:
        return -1.0, 1.0
    middle = min(max(candidate.rate - control.rate, -1 + 1e-12), 1 - 1e-12)

    def excess(difference: float) -> float:
        if abs(difference) >= 1:
            return inf
        return log_e(control, candidate, difference) - threshold

    low = root(lambda d: -excess(d), -1.0, middle, _HALVINGS)
    high = root(excess, middle, 1.0, _HALVINGS)
    return low, high


def _marginal(counts: Counts) -> float:
    misses = counts.trials - counts.events
    return log_beta(0.5 + counts.events, 0.5 + misses) - _HALF


def _likelihood(counts: Counts, p: float) -> float:
    misses = counts.trials - counts.events
    if (counts.events and p <= 0) or (misses and p >= 1):
        return -inf
    hits = counts.events * log(p) if counts.events else 0.0
    return hits + (misses * log1p(-p) if misses else 0.0)
