"""Who has which bucket, as few entries of a map."""

import random

from hypothesis import given
from hypothesis import strategies as st

from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.domain.traffic import BUCKETS, Runs, buckets, reassign, runs
from modelyard.gateway.config import render, stamp
from modelyard.gateway.config_traffic import sources
from modelyard.gateway.maps import BACKENDS, PLANS, after, in_safe_order, maps
from modelyard.gateway.plans import FIRST, lines, plan
from tests.gateway.test_rendering import LAYOUT

NAMES = ("be_a", "be_b", "be_c")


def entries(split: Runs) -> dict[str, str]:
    """What is in the map, by the digits that a bucket begins with."""
    name, said = plan(split)
    rows = [line.removeprefix(f"{name}/").split() for line in lines(name, said)]
    return dict(rows)


def owner(entries: dict[str, str], bucket: int) -> str:
    """As HAProxy looks it up: by the longest entry that the digits begin with."""
    digits = str(bucket + FIRST)
    return next(entries[digits[:n]] for n in range(4, 0, -1) if digits[:n] in entries)


@st.composite
def splits(draw: st.DrawFn) -> Runs:
    """Owners after some changes of shares, as they come about, or any at all."""
    if draw(st.booleans()):
        names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=40))
        cuts = sorted(draw(st.sets(st.integers(1, BUCKETS - 1), max_size=len(names) - 1)))
        edges = [0, *cuts, BUCKETS]
        return tuple(
            (name, end - begin) for name, begin, end in zip(names, edges, edges[1:], strict=False)
        )
    owners = (NAMES[0],) * BUCKETS
    for _ in range(draw(st.integers(1, 6))):
        first = draw(st.integers(0, BUCKETS))
        second = draw(st.integers(0, BUCKETS - first))
        shares = (first, second, BUCKETS - first - second)
        owners = reassign(owners, dict(zip(NAMES, shares, strict=True)))
    return runs(owners)


@given(splits())
def test_each_bucket_is_found_with_its_owner(split: Runs) -> None:
    found = entries(split)

    assert tuple(owner(found, bucket) for bucket in range(BUCKETS)) == buckets(split)


def test_a_split_in_two_takes_few_entries() -> None:
    assert entries((("be_a", 100), ("be_b", 900))) == {"1": "be_b", "10": "be_a"}
    assert len(entries((("be_a", 137), ("be_b", 863)))) == 9


def test_no_split_takes_more_than_its_buckets_and_what_is_above_them() -> None:
    chance = random.Random(7)
    scattered = runs([chance.choice(NAMES) for _ in range(BUCKETS)])

    assert len(entries(scattered)) < 1111


def test_a_plan_is_named_after_what_it_says() -> None:
    split = (("be_a", 100), ("be_b", 900))

    assert plan(split)[0] == plan((("be_a", 60), ("be_a", 40), ("be_b", 900)))[0]
    assert plan(split)[0] != plan((("be_b", 900), ("be_a", 100)))[0]


def route(split: Runs, sticky: str = "") -> Route:
    versions = {"blue": "a", "green": "b"}
    return Route(
        "ws", "svc", Auth.OFF, "a", id="s1", versions=versions, owners=split, sticky=sticky
    )


def table(split: Runs, sticky: str = "") -> RoutingTable:
    backends = {id: Backend(id, (f"/run/{id}.sock",), 10) for id in "ab"}
    return RoutingTable((route(split, sticky),), backends)


def test_what_is_switched_away_from_stays_until_the_next_change() -> None:
    tables = [maps(table((("blue", n), ("green", 1000 - n)))) for n in (100, 200, 300)]
    plans = [each[BACKENDS]["ws/svc"] for each in tables]

    first = after(tables[1], tables[0])
    second = after(tables[2], first)

    assert {*first[PLANS]} == {plans[0], plans[1]}
    assert {*second[PLANS]} == {plans[1], plans[2]}
    assert {*after(tables[2], second)[PLANS]} == {plans[2]}


def test_a_plan_is_whole_before_it_is_switched_to() -> None:
    now = maps(table((("blue", 100), ("green", 900))))
    wanted = after(maps(table((("blue", 200), ("green", 800)))), now)

    commands = in_safe_order(wanted, now)

    assert [command.split()[:3] for command in commands] == [
        ["add", "map", "buckets.map"],
        ["add", "map", "plans.map"],
        ["set", "map", "backends.map"],
    ]


def test_a_plan_that_nobody_goes_by_is_forgotten_with_all_its_entries() -> None:
    now = maps(table((("blue", 100), ("green", 900))))
    name = now[BACKENDS]["ws/svc"]

    assert in_safe_order({**now, PLANS: {}}, now) == [
        f"del map plans.map {name}",
        f"del map buckets.map {name}/10",
        f"del map buckets.map {name}/1",
    ]


def test_a_plan_of_many_entries_is_added_in_parts_that_fit() -> None:
    chance = random.Random(7)
    scattered = runs([chance.choice(["blue", "green"]) for _ in range(BUCKETS)])
    now = maps(table(()))

    commands = in_safe_order(maps(table(scattered)), now)

    assert len(commands) > 10
    assert max(map(len, commands)) < 8000


def test_owners_never_change_the_configuration_but_a_new_name_of_a_header_does() -> None:
    one, other = (("blue", 100), ("green", 900)), (("green", 1000),)

    assert render(table(one), LAYOUT) == render(table(other), LAYOUT)
    assert stamp(render(table(one, "header:x-user"), LAYOUT)) != stamp(render(table(one), LAYOUT))
    assert render(table(one, "cookie:u"), LAYOUT) == render(table(other, "cookie:u"), LAYOUT)


def test_what_cannot_be_a_name_of_a_header_reaches_no_configuration() -> None:
    for sticky in ("header:", "header:a b", "header:x),bool(true", "cookie:a\nb", "user"):
        assert sources(table((), sticky)) == ()
        assert maps(table((), sticky))["sticky.map"] == {}
