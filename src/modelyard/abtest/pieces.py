"""
One large batch of a yes/no metric as several small ones, so that bets learn within it.

Units of a batch are alike and independent, so any order of them is as likely as any other: they
are dealt out by chance, independently of what they are, and bet on piece by piece. The mean over
several deals is again an e-value. Chance is drawn from the batch's own totals: the same batch
gives the same evidence, also after a restart.
"""

from bisect import bisect_left
from itertools import pairwise
from math import exp, log
from random import Random

from modelyard.abtest import two_rates
from modelyard.abtest.counts import Counts
from modelyard.abtest.two_rates import Claim

PIECES = 8
DEALS = 4
LEAST, MOST = 40, 20_000
"""Trials of the smaller arm from which it is worth it; events up to which it is cheap."""

Arms = tuple[Counts, Counts]


def log_e(claim: Claim, past: Arms, batch: Arms) -> float:
    """What a batch adds to the log evidence against ``claim``, bets made from the past."""
    if not _worth_it(past, batch):
        return two_rates.log_e(claim, *past, *batch)
    chance = Random(repr((past, batch)))  # noqa: S311 - no secret: the same each time, on purpose
    found = [_dealt(claim, past, batch, chance) for _ in range(DEALS)]
    most = max(found)
    return most + log(sum(exp(one - most) for one in found) / DEALS)


def _worth_it(past: Arms, batch: Arms) -> bool:
    """Only where the batch is large beside what the bets know already."""
    sizes = [arm.trials for arm in batch]
    rare = [min(arm.events, arm.trials - arm.events) for arm in batch]
    known = any(2 * old.trials >= new.trials for old, new in zip(past, batch, strict=True))
    return min(sizes) >= LEAST and max(rare) <= MOST and not known


def _dealt(claim: Claim, past: Arms, batch: Arms, chance: Random) -> float:
    dealt = zip(_pieces(batch[0], chance), _pieces(batch[1], chance), strict=True)
    total, (old0, old1) = 0.0, past
    for new0, new1 in dealt:
        total += two_rates.log_e(claim, old0, old1, new0, new1)
        old0, old1 = old0.merged(new0), old1.merged(new1)
    return total


def _pieces(arm: Counts, chance: Random) -> list[Counts]:
    """Its trials in pieces of about the same size, its events dealt to them by chance."""
    edges = [arm.trials * i // PIECES for i in range(PIECES + 1)]
    turned = arm.events * 2 > arm.trials
    rare = arm.trials - arm.events if turned else arm.events
    places = sorted(chance.sample(range(arm.trials), rare))
    found = []
    for low, high in pairwise(edges):
        hits = bisect_left(places, high) - bisect_left(places, low)
        found.append(Counts(high - low, high - low - hits if turned else hits))
    return found
