"""Several tests at once."""

from math import inf, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.abtest import combining
from modelyard.domain.errors import BadInput

logs = st.lists(st.floats(-20, 20), min_size=1, max_size=12)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), st.floats(0.01, 100), min_size=1), st.floats(0.001, 0.999))
def test_shares_of_the_level_sum_up_to_it(weights: dict[str, float], alpha: float) -> None:
    assert sum(combining.split(alpha, weights).values()) == pytest.approx(alpha)


def test_more_claims_are_made_together_than_each_alone_allows() -> None:
    # Bonferroni asks each of four for 80; together 40 and 27 are enough
    es = [log(41), log(41), log(1), log(28)]

    assert combining.e_bh(es, 0.05) == [0, 1, 3]
    assert combining.e_bh([log(79), 0, 0, 0], 0.05) == []


@settings(max_examples=50, deadline=None)
@given(logs, st.floats(0.01, 0.5))
def test_more_evidence_never_takes_a_claim_back(es: list[float], alpha: float) -> None:
    before = combining.e_bh(es, alpha)

    after = combining.e_bh([e + 1 for e in es], alpha)

    assert set(before) <= set(after)


@settings(max_examples=50, deadline=None)
@given(logs)
def test_the_mean_lies_between_the_least_and_the_most(es: list[float]) -> None:
    assert min(es) - 1e-9 <= combining.mean(es) <= max(es) + 1e-9


def test_evidence_of_independent_days_multiplies() -> None:
    assert combining.product([log(2), log(3), log(4)]) == pytest.approx(log(24))
    assert combining.product([log(2), -inf]) == -inf
    assert combining.product([]) == 0
    assert combining.mean([]) == 0


@pytest.mark.parametrize("bad", [float("nan"), inf])
def test_what_is_no_evidence_is_refused(bad: float) -> None:
    for combine in (combining.product, combining.mean, lambda es: combining.e_bh(es, 0.05)):
        with pytest.raises(BadInput, match="log_es"):
            combine([1.0, bad])
