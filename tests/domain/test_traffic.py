from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.domain.errors import BadInput
from modelyard.domain.traffic import BUCKETS, moved, reassign, shares, tenths

VERSIONS = ("blue", "green", "red", "grey")


@st.composite
def whole_traffic(draw: st.DrawFn) -> dict[str, int]:
    """Shares of up to four versions, all of the traffic together."""
    names = draw(st.lists(st.sampled_from(VERSIONS), min_size=1, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, BUCKETS), min_size=3, max_size=3)))[
        : len(names) - 1
    ]
    edges = [0, *cuts, BUCKETS]
    return {name: edges[i + 1] - edges[i] for i, name in enumerate(names)}


@pytest.mark.parametrize(("percent", "expected"), [(0, 0), (0.1, 1), (33.3, 333), (100, 1000)])
def test_a_percentage_is_tenths_of_a_percent(percent: float, expected: int) -> None:
    assert tenths(percent, "green") == expected


@pytest.mark.parametrize("percent", [-1, 100.1, 0.05, float("nan"), float("inf"), True, "many"])
def test_what_is_no_share_is_refused_with_the_name_of_its_version(percent: float) -> None:
    with pytest.raises(BadInput, match="of version 'green' must be a percentage from 0 to 100"):
        tenths(percent, "green")


def test_what_nobody_was_given_goes_to_the_default_version() -> None:
    assert shares({"green": 10, "red": 5.5}, "blue") == {"green": 100, "red": 55, "blue": 845}


def test_the_default_version_keeps_its_own_share_too() -> None:
    assert shares({"blue": 30, "green": 10}, "blue") == {"blue": 900, "green": 100}


def test_shares_over_the_whole_are_refused_with_what_each_has() -> None:
    with pytest.raises(BadInput, match=r"110 % together \(blue 60, green 50\)"):
        shares({"blue": 60, "green": 50}, "blue")


def test_a_new_address_gives_every_bucket_to_somebody() -> None:
    owners = reassign((), {"blue": 900, "green": 100})

    assert Counter(owners) == {"blue": 900, "green": 100}


@given(whole_traffic(), whole_traffic())
def test_everybody_has_their_share_and_no_more_buckets_move_than_must(
    before: dict[str, int], after: dict[str, int]
) -> None:
    old = reassign((), before)

    new = reassign(old, after)

    assert Counter(new) == Counter({name: share for name, share in after.items() if share})
    gained = sum(max(0, share - before.get(name, 0)) for name, share in after.items())
    assert moved(old, new) == gained


@given(st.integers(0, BUCKETS), st.integers(0, BUCKETS))
def test_a_step_and_the_step_back_end_with_the_same_owners(first: int, second: int) -> None:
    before = reassign((), {"blue": BUCKETS - first, "green": first})

    there = reassign(before, {"blue": BUCKETS - second, "green": second})
    back = reassign(there, {"blue": BUCKETS - first, "green": first})

    assert back == before
