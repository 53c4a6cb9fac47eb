from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.domain.errors import BadInput
from modelyard.domain.services import Auth, Service, ServiceKind
from modelyard.domain.traffic import BUCKETS, Split, Traffic, buckets, moved
from modelyard.usecases.traffic_rules import effective, split_of, with_split

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SERVICE = Service("s1", "w", "churn", ServiceKind.NATIVE, Auth.KEY, NOW, NOW, "blue")
VERSIONS = ("blue", "green", "red")


@st.composite
def splits(draw: st.DrawFn) -> Split:
    """Any split of three versions that may be asked for."""
    cuts = sorted(draw(st.lists(st.integers(0, BUCKETS), min_size=3, max_size=3)))
    edges = [0, *cuts]
    names = draw(st.permutations(VERSIONS))
    shares = {name: edges[i + 1] - edges[i] for i, name in enumerate(names)}
    given = {name: share for name, share in shares.items() if draw(st.booleans())}
    closed = draw(st.booleans())
    return Split({} if closed else given, draw(st.sampled_from(VERSIONS)), closed)


def test_the_default_version_has_all_before_anything_was_given() -> None:
    assert effective(SERVICE) == {"blue": 1000}


def test_what_nobody_was_given_is_the_default_versions() -> None:
    service = with_split(SERVICE, Split({"green": 100}, "blue"))

    assert effective(service) == {"blue": 900, "green": 100}
    assert Counter(buckets(service.traffic.owners)) == {"blue": 900, "green": 100}
    assert service.traffic.given == {"green": 100}


def test_no_buckets_are_kept_while_the_default_version_has_all() -> None:
    service = with_split(SERVICE, Split({"green": 100}, "blue"))

    assert with_split(service, Split({}, "blue")).traffic.owners == ()
    assert with_split(service, Split({"green": 1000}, "green")).traffic.owners == ()


def test_a_closed_service_gives_nobody_anything() -> None:
    service = with_split(SERVICE, Split({}, "blue", closed=True))

    assert effective(service) == {}
    assert service.traffic.closed
    assert service.traffic.owners == ()


def test_a_change_can_be_gone_back_to() -> None:
    before = with_split(SERVICE, Split({"green": 100}, "blue"))

    after = with_split(before, Split({}, "green"))

    assert after.default_version == "green"
    assert after.traffic.previous == Split({"green": 100}, "blue")
    assert split_of(with_split(after, after.traffic.previous)) == split_of(before)


def test_the_same_split_again_keeps_what_there_is_to_go_back_to() -> None:
    service = with_split(SERVICE, Split({"green": 100}, "blue"))

    assert with_split(service, Split({"green": 100}, "")) == service


def test_sticky_and_shadows_stay_as_they_are() -> None:
    traffic = Traffic(sticky="header:x-user-id", shadows={"red": 100})

    changed = with_split(replace(SERVICE, traffic=traffic), Split({"green": 100}, "blue")).traffic

    assert (changed.sticky, changed.shadows) == (traffic.sticky, traffic.shadows)


def test_more_than_all_is_refused_with_the_parts() -> None:
    with pytest.raises(BadInput, match=r"120 % together \(blue 60, green 60\)"):
        with_split(SERVICE, Split({"blue": 600, "green": 600}, "blue"))


def test_from_ten_to_twenty_percent_a_tenth_of_the_users_move() -> None:
    ten = with_split(SERVICE, Split({"green": 100}, "blue"))

    twenty = with_split(ten, Split({"green": 200}, "blue"))

    assert moved(buckets(ten.traffic.owners), buckets(twenty.traffic.owners)) == 100


@given(st.lists(splits(), min_size=1, max_size=5))
def test_whatever_is_asked_one_after_the_other_everybody_has_what_they_shall(
    asked: list[Split],
) -> None:
    service = SERVICE
    for split in asked:
        before = service

        service = with_split(service, split)

        shares = effective(service)
        assert split_of(service) == split
        assert sum(shares.values()) == (0 if split.closed else BUCKETS)
        owners = buckets(service.traffic.owners)
        assert Counter(owners) == (shares if owners else Counter())
        assert owners or len(shares) <= 1
        if split_of(before) != split:
            assert service.traffic.previous == split_of(before)
