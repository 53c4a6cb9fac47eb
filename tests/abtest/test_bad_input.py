"""What cannot be used is refused with the name of the argument."""

from collections.abc import Callable

import pytest

from modelyard.abtest import (
    asymptotic,
    beta_binomial,
    betting,
    double_stitching,
    empirical_bernstein,
    empirical_process,
    gamma_exponential,
    msprt,
    normal_mixture,
    rate_difference,
    sample_ratio,
    stitching,
)
from modelyard.abtest.bounded import Sums
from modelyard.abtest.counts import Counts
from modelyard.abtest.metrics import Metric, Plan
from modelyard.abtest.moments import Moments
from modelyard.domain.errors import BadInput

NAN, INF = float("nan"), float("inf")
RATE = Metric("rate", "rate", "higher")

REFUSED: dict[str, Callable[[], object]] = {
    "v": lambda: normal_mixture.bound(-1, 0.05, 10),
    "v_opt": lambda: normal_mixture.bound(1, 0.05, 0),
    "alpha": lambda: normal_mixture.bound(1, 1.0, 10),
    "alpha_opt": lambda: normal_mixture.bound(1, 0.05, 10, alpha_opt=0.6),
    "s": lambda: normal_mixture.log_mixture(NAN, 1, 1),
    "c": lambda: gamma_exponential.bound(1, 0.05, 10, c=-1),
    "v_min": lambda: stitching.bound(1, 0.05, NAN),
    "eta": lambda: stitching.bound(1, 0.05, 1, eta=1),
    "p": lambda: beta_binomial.log_mixture(1, 2, 1.0, 10),
    "successes": lambda: beta_binomial.log_mixture(3, 2, 0.5, 10),
    "n_opt": lambda: beta_binomial.log_mixture(1, 2, 0.5, INF),
    "t_min": lambda: empirical_process.band(10, 0.05, 0.5),
    "a": lambda: empirical_process.band(10, 0.05, 1, a=0.5),
    "t": lambda: double_stitching.bound(0.5, 0, 0.05, 10),
    "values": lambda: empirical_bernstein.interval([0.5, 1.5], 0.05),
    "values ": lambda: betting.Capital(0.05, 10).observed([NAN]),
    "breaks": lambda: betting.Capital(0.05, 1).observed([0.5]),
    "values  ": lambda: Sums(0, 10).observed([11]),
    "low": lambda: Sums(1, 1),
    "values   ": lambda: Moments.of([1, INF]),
    "count": lambda: Moments(-1),
    "squares": lambda: Moments(1, 0, -1),
    "events": lambda: Counts(5, 6),
    "trials": lambda: Counts(-5, 0),
    "events ": lambda: Counts(5, 1.5),  # type: ignore[arg-type]
    "trials ": lambda: Counts(True, 0),
    "n": lambda: msprt.log_ratio(-1, 0, 1, 1),
    "tau2": lambda: msprt.log_ratio(1, 0, 1, 0),
    "variance": lambda: asymptotic.half_width(1, -1, 0.05, 1),
    "counts": lambda: sample_ratio.log_e([1, -1], [1, 1]),
    "counts and shares": lambda: sample_ratio.log_e([1], [1, 1]),
    "shares": lambda: sample_ratio.log_e([1, 1], [1, 0]),
    "k": lambda: sample_ratio.log_e([1, 1], [1, 1], k=0),
    "difference": lambda: rate_difference.log_e(Counts(1), Counts(1), 1.0),
    "margin": lambda: asymptotic.log_e(asymptotic.Difference(), NAN),
    "name": lambda: Metric("", "rate", "higher"),
    "kind": lambda: Metric("x", "median", "higher"),  # type: ignore[arg-type]
    "better": lambda: Metric("x", "rate", "more"),  # type: ignore[arg-type]
    "margin of 'x'": lambda: Metric("x", "mean", "higher", -1),
    "margin of 'x' ": lambda: Metric("x", "rate", "higher", 1.5),
    "quantile": lambda: Metric("x", "quantile", "lower", quantile=1),
    "plan needs": lambda: Plan(),
    "there twice": lambda: Plan(key=RATE, guardrails=(RATE,)),
    "needs a margin": lambda: Plan(guardrails=(RATE,)),
    "alpha ": lambda: Plan(key=RATE, alpha=0.5),
    "breach_alpha": lambda: Plan(key=RATE, breach_alpha=0),
    "minimum_users": lambda: Plan(key=RATE, minimum_users=-1),
    "minimum_seconds": lambda: Plan(key=RATE, minimum_seconds=NAN),
    "maximum_seconds": lambda: Plan(key=RATE, minimum_seconds=10, maximum_seconds=5),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadInput, match=rf"\b{name.strip()}(?!\w)"):
        REFUSED[name]()


def test_things_that_do_not_belong_together_are_not_merged() -> None:
    with pytest.raises(BadInput, match="different bounds"):
        Sums(0, 1).merged(Sums(0, 2))
    with pytest.raises(BadInput, match="different levels"):
        betting.Capital(0.05).merged(betting.Capital(0.1))
