"""
Two yes/no rates, also rare ones: evidence that one is above the other by more than a margin.

Turner, Ly and Grünwald 2024 (Generic e-variables for exact sequential k-sample tests that allow
for optional stopping, arXiv 2106.02693), and Turner and Grünwald 2023 for margins (Safe sequential
testing and effect estimation in stratified count data, arXiv 2302.11401). Exact at every sample
size and share of traffic; no approximation, no known base rate.

The claim to be refuted is ``p1 <= factor p0 + margin``. Before a batch of (n0, k0) and (n1, k1)
is seen, rates θ are guessed from the past; θ° is the point of the claim that fits them best::

    θ° = argmin  n0 kl(θ0, θ0°) + n1 kl(θ1, θ1°)  over  θ1° <= factor θ0° + margin
    e  = Π_arm (θ/θ°)^k ((1 - θ)/(1 - θ°))^(n - k)

Where the guess fits the claim, e is 1: nothing is staked. Else, for true rates p in the claim,
E[e] = (1 + u)^n0 (1 + w)^n1 <= exp(n0 u + n1 w) <= 1, for n0 u + n1 w is the negative slope of
the sum above at θ° towards p, which no point of the claim makes positive as θ° is the best of a
convex set. So the product over batches is evidence, whatever the rates do from batch to batch and
however traffic moves between them. When a batch ends must not depend on what is in it: look by the
clock or by the number of users.
"""

from dataclasses import dataclass
from math import log, log1p

from modelyard.abtest.checks import finite, positive
from modelyard.abtest.counts import Counts
from modelyard.domain.errors import BadInput

_SHRINK = 1.0
"""Events' worth of belief in "no difference" before data speak: keeps the first bets small."""


@dataclass(frozen=True, slots=True)
class Claim:
    """``p1 <= factor p0 + margin``, or ``>=`` where ``above`` is False: what a test may refute."""

    margin: float = 0.0
    factor: float = 1.0
    above: bool = True
    """Look for evidence that p1 is above; False: below."""

    def __post_init__(self) -> None:
        finite("margin", self.margin), positive("factor", self.factor)
        if not -self.factor < self.margin < 1:
            raise BadInput(f"margin must leave room for rates between 0 and 1, not {self.margin}.")


def log_e(claim: Claim, past0: Counts, past1: Counts, batch0: Counts, batch1: Counts) -> float:
    """What one batch adds to the log evidence against ``claim``, bets made from the past."""
    if not batch0.trials or not batch1.trials:
        # one arm alone tells nothing of a difference
        return 0.0
    guess0, guess1 = _guesses(past0, past1)
    allowed = claim.factor * guess0 + claim.margin
    if (guess1 <= allowed) if claim.above else (guess1 >= allowed):
        return 0.0
    fit0 = closest(claim, batch0.trials, batch1.trials, guess0, guess1)
    fit1 = claim.factor * fit0 + claim.margin
    if not (0 < fit0 < 1 and 0 < fit1 < 1):
        return 0.0
    return _gain(batch0, guess0, fit0) + _gain(batch1, guess1, fit1)


def _guesses(past0: Counts, past1: Counts) -> tuple[float, float]:
    pooled = (past0.events + past1.events + 0.5) / (past0.trials + past1.trials + 1)
    worth = _SHRINK / (pooled * (1 - pooled))
    return tuple(  # type: ignore[return-value]
        (past.events + worth * pooled) / (past.trials + worth) for past in (past0, past1)
    )


def closest(claim: Claim, n0: int, n1: int, guess0: float, guess1: float) -> float:
    """
    The control's rate θ0° on the claim's edge that fits both guesses best.

    The slope of the divergence goes up from one end of the edge to the other: found by
    Newton's steps, or by halving where they would leave what is left of it.
    """
    factor, margin = claim.factor, claim.margin
    if factor == 1 and margin == 0:
        return (n0 * guess0 + n1 * guess1) / (n0 + n1)
    # it lies between both guesses, seen from the control arm
    from1 = (guess1 - margin) / factor
    low = max(0.0, -margin / factor, min(guess0, from1))
    high = min(1.0, (1 - margin) / factor, max(guess0, from1))

    def slope(at: float) -> float:
        return _slope(n0, guess0, at) + factor * _slope(n1, guess1, factor * at + margin)

    if low >= high or slope(low) >= 0:
        return low
    if slope(high) <= 0:
        return high
    at = 0.5 * (low + high)
    for _ in range(60):
        # the slope times both spreads: a cubic, without the slope's poles at 0 and 1
        other = factor * at + margin
        left, right = n0 * (at - guess0), factor * n1 * (other - guess1)
        spread, spread1 = at * (1 - at), other * (1 - other)
        value = left * spread1 + right * spread
        bend = n0 * spread1 + factor * left * (1 - 2 * other)
        bend += factor * factor * n1 * spread + right * (1 - 2 * at)
        low, high = (at, high) if value < 0 else (low, at)
        newton = at - value / bend if bend else low
        after = newton if low < newton < high else 0.5 * (low + high)
        if abs(after - at) <= 1e-14 * at:
            break
        at = after
    return at


def _slope(n: int, guess: float, at: float) -> float:
    """How the divergence n kl(guess, at) changes with ``at``."""
    at = min(max(at, 1e-15), 1 - 1e-15)
    return n * (at - guess) / (at * (1 - at))


def _gain(batch: Counts, guess: float, fit: float) -> float:
    hits = batch.events * log(guess / fit)
    return hits + (batch.trials - batch.events) * (log1p(-guess) - log1p(-fit))
