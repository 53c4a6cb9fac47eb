"""
Quantiles: a confidence sequence for one arm, and evidence that one arm's is above the other's.

Howard and Ramdas 2022 (Bernoulli 28(3); arXiv 1906.09712), theorem 5 for two arms. How many
values lie under x is a yes/no count with the rate F(x); the beta-binomial mixture M_F(x) is
evidence against "F(x) = p". Two arms have the same p-quantile only if some x is the p-quantile of
both, so::

    e = min over x of M0(x) M1(x)

``log_e`` uses one-sided mixtures: evidence against "the candidate's is at most factor times the
control's plus margin". From a ``Histogram`` each unknown within a bin is read to the advantage
of the claim to be refuted: never a false alarm by rounding, at the cost of one bin (1 %).
"""

from bisect import bisect_left, bisect_right
from functools import partial
from math import exp, inf, log

from modelyard.abtest.beta_binomial import log_mixture
from modelyard.abtest.checks import finite, inside, positive
from modelyard.abtest.histogram import Steps
from modelyard.abtest.special import minimum
from modelyard.domain.errors import BadInput

T_OPT = 2000.0
"""Values of an arm where the bounds are tightest, unless said otherwise."""


def interval(steps: Steps, p: float, alpha: float, *, t_opt: float = T_OPT) -> tuple[float, float]:
    """The confidence sequence for the p-quantile of one arm; infinite where nothing is known."""
    inside("p", p), inside("alpha", alpha)
    threshold, total = log(2 / alpha), steps.count

    def surely_above(number: int) -> bool:
        return number < p * total and (
            log_mixture(total - number, total, 1 - p, t_opt, one_sided=True) >= threshold
        )

    def surely_below(number: int) -> bool:
        return number > p * total and (
            log_mixture(number, total, p, t_opt, one_sided=True) >= threshold
        )

    # both only depend on the count, which goes up from edge to edge
    first = bisect_left(steps.at, True, key=lambda number: not surely_above(number))
    last = bisect_left(steps.at, True, key=surely_below)
    low = steps.edges[first - 1] if first else -inf
    return low, steps.edges[last] if last < len(steps.edges) else inf


def log_e(
    control: Steps,
    candidate: Steps,
    p: float,
    *,
    margin: float = 0.0,
    factor: float = 1.0,
    t_opt: float = T_OPT,
) -> float:
    """Log evidence that the candidate's p-quantile is above factor x the control's + margin."""
    inside("p", p), finite("margin", margin), positive("factor", factor)
    n0, n1 = control.count, candidate.count
    if not n0 or not n1:
        return 0.0

    def of_control(below: int) -> float:
        return log_mixture(below, n0, p, t_opt, one_sided=True)

    def of_candidate(up_to: int) -> float:
        return log_mixture(n1 - up_to, n1, 1 - p, t_opt, one_sided=True)

    def control_at(i: int) -> float:
        return of_control(control.under((candidate.lows[i] - margin) / factor))

    # with x the candidate's values in turn: its own evidence falls, the control's rises
    values = range(len(candidate.at))
    middle = min(bisect_left(candidate.at, p * n1), len(values) - 1)
    least_control, least_own = of_control(0), of_candidate(n1)
    best = min(
        least_control + of_candidate(0), control_at(middle) + of_candidate(candidate.at[middle])
    )
    # only where neither alone makes it more than the best so far
    first = bisect_left(
        values, -best, key=lambda i: -of_candidate(candidate.at[i]) - least_control
    )
    last = bisect_right(values, best, key=lambda i: control_at(i) + least_own)
    for i in range(first, last):
        best = min(best, control_at(i) + of_candidate(candidate.at[i]))
    return best


def same_quantile_p(
    control: Steps, candidate: Steps, p: float, *, t_opt: float, alpha_opt: float = 0.05
) -> float:
    """The two-sided always valid p-value of "both have the same p-quantile"; stored values."""
    if not (control.exact and candidate.exact):
        raise BadInput("same_quantile_p needs stored values; for histograms use log_e.")
    if not control.count or not candidate.count:
        return 1.0

    def mixture(arm: Steps, number: float) -> float:
        return log_mixture(number, arm.count, p, t_opt, alpha_opt=alpha_opt)

    def calm(arm: Steps) -> float:
        return minimum(partial(mixture, arm), 0.0, arm.count)[0]

    def evidence(arm: Steps, least: float, x: float) -> float:
        # F(x-) <= p <= F(x) at the quantile, so any count between both is allowed
        return mixture(arm, min(max(least, arm.under(x)), arm.up_to(x)))

    calm0, calm1 = calm(control), calm(candidate)
    points = {*control.edges, *candidate.edges}
    least = min(evidence(control, calm0, x) + evidence(candidate, calm1, x) for x in points)
    return min(1.0, exp(-least))
