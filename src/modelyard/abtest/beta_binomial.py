"""
The beta-binomial mixture: one yes/no rate, known nothing but its counts.

Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021 (Annals of Statistics 49(2); arXiv
1810.08240), propositions 6 and 7. For k successes of n trials and a rate p, mixed over
θ ~ Beta(a, b)::

    M = B(a + k, b + n - k) / B(a, b) / (p^k (1 - p)^(n - k))

Two-sided; one-sided the mixing is cut to θ above p, and M is a supermartingale for every rate up
to p. As by Howard and Ramdas 2022, the mixing is centred on p: a = r / (1 - p), b = r / p, with r
chosen for ``n_opt`` trials.
"""

from math import inf, log, log1p

from modelyard.abtest.checks import inside, positive
from modelyard.abtest.normal_mixture import best_rho
from modelyard.abtest.special import log_beta, log_beta_inc, root
from modelyard.domain.errors import BadInput


def log_mixture(
    successes: float,
    trials: float,
    p: float,
    n_opt: float,
    *,
    alpha_opt: float = 0.05,
    one_sided: bool = False,
) -> float:
    """log M; one-sided it is evidence that the rate is above ``p``."""
    if not 0 <= successes <= trials < inf:
        raise BadInput(f"successes must lie between 0 and trials: {successes!r} of {trials!r}.")
    spread = inside("p", p) * (1 - p)
    rho = best_rho(positive("n_opt", n_opt) * spread, alpha_opt, one_sided=one_sided)
    r = max(rho - spread, 1e-3 * spread)
    a, b = r / (1 - p), r / p
    failures = trials - successes
    likelihood = successes * log(p) + failures * log1p(-p)
    full = log_beta(a + successes, b + failures) - log_beta(a, b) - likelihood
    if not one_sided:
        return full
    cut = log_beta_inc(b + failures, a + successes, 1 - p)
    return full + cut - log_beta_inc(b, a, 1 - p)


def interval(
    successes: int, trials: int, alpha: float, n_opt: float, *, alpha_opt: float = 0.05
) -> tuple[float, float]:
    """A confidence sequence for one rate: valid at level ``alpha`` at every look."""
    threshold = log(1 / inside("alpha", alpha))
    if trials == 0:
        return 0.0, 1.0
    middle = successes / trials

    def excess(p: float) -> float:
        if p in (0.0, 1.0):
            return inf
        return log_mixture(successes, trials, p, n_opt, alpha_opt=alpha_opt) - threshold

    low = root(lambda p: -excess(p), 0.0, middle) if successes else 0.0
    high = root(excess, middle, 1.0) if successes < trials else 1.0
    return low, high
