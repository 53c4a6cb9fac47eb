"""One large batch in pieces: bets learn within it, and false alarms stay as rare."""

from math import log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.abtest import pieces, two_rates
from modelyard.abtest.counts import Counts
from modelyard.abtest.two_rates import Claim

NOTHING = (Counts(), Counts())
WORSE = Claim(margin=0.01)


def arms(chance: Random, sizes: tuple[int, int], rates: tuple[float, float]) -> pieces.Arms:
    first, second = (
        Counts(n, sum(chance.random() < p for _ in range(n)))
        for n, p in zip(sizes, rates, strict=True)
    )
    return first, second


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 3000), st.floats(0, 1), st.integers(0, 9))
def test_the_pieces_are_the_whole(trials: int, part: float, seed: int) -> None:
    arm = Counts(trials, int(trials * part))

    found = pieces._pieces(arm, Random(seed))

    assert len(found) == pieces.PIECES
    assert (sum(p.trials for p in found), sum(p.events for p in found)) == (trials, arm.events)


def test_what_is_plain_to_see_is_proven_by_one_look() -> None:
    batch = (Counts(600, 1), Counts(150, 45))

    assert two_rates.log_e(WORSE, *NOTHING, *batch) < log(20)
    assert pieces.log_e(WORSE, NOTHING, batch) > log(1000)


def test_the_same_batch_gives_the_same_evidence() -> None:
    batch = (Counts(600, 9), Counts(150, 4))

    assert pieces.log_e(WORSE, NOTHING, batch) == pieces.log_e(WORSE, NOTHING, batch)


@pytest.mark.parametrize("batch", [(Counts(30, 1), Counts(30, 2)), (Counts(500, 3), Counts())])
def test_a_small_batch_is_bet_on_whole(batch: pieces.Arms) -> None:
    assert pieces.log_e(WORSE, NOTHING, batch) == two_rates.log_e(WORSE, *NOTHING, *batch)


@pytest.mark.parametrize("above", [True, False])
def test_at_the_margin_false_alarms_are_as_rare_as_promised(above: bool) -> None:
    chance, claim, alarms = Random(11), Claim(0.01, above=above), 0
    for _ in range(300):
        past, evidence, most = NOTHING, 0.0, 0.0
        for size in (100, 200, 800, 3000):  # each large beside what is known
            batch = arms(chance, (size, size // 2), (0.02, 0.03))
            evidence += pieces.log_e(claim, past, batch)
            past = (past[0].merged(batch[0]), past[1].merged(batch[1]))
            most = max(most, evidence)
        alarms += most >= log(20)

    assert alarms <= 15
