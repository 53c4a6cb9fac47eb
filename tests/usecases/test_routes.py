"""What the gateway is told of services and their versions."""

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelyard.domain.routing import Route, RoutingTable
from modelyard.domain.services import (
    Auth,
    Keys,
    Revision,
    RevisionContent,
    RevisionState,
    Service,
    ServiceKind,
    ServiceVersion,
    Serving,
)
from modelyard.domain.traffic import Runs, Traffic
from modelyard.usecases.routes import reachable, routing_table

NOW = datetime(2026, 11, 22, tzinfo=UTC)
READY, DRAINING, STARTING = RevisionState.READY, RevisionState.DRAINING, RevisionState.STARTING
HALF: Runs = (("blue", 500), ("green", 500))


def service(**more: object) -> Service:
    traffic = more.pop("traffic", Traffic())
    return Service(
        "s1", "ws", "svc", ServiceKind.NATIVE, Auth.KEY, NOW, NOW, "blue", traffic=traffic, **more
    )


def version(name: str, **more: object) -> ServiceVersion:
    return ServiceVersion("s1", name, wanted=1, **more)


def revision(
    name: str, state: RevisionState = READY, number: int = 1, **serving: object
) -> Revision:
    content = RevisionContent("", "score.py", (), "", serving=Serving(**serving))
    return Revision(f"{name}-{number}", "s1", name, number, content, state, NOW)


def table(
    of: Service, versions: list[ServiceVersion], revisions: list[Revision], key: str = "c0ffee"
) -> RoutingTable:
    stored = [(of, versions, revisions, Keys("primary", "secondary"))]
    return routing_table(stored, lambda id: Path(f"/run/{id}.sock"), signing_key=key)


def route(of: Service, versions: list[ServiceVersion], revisions: list[Revision]) -> Route:
    (found,) = table(of, versions, revisions).routes
    return found


def both(**more: object) -> tuple[list[ServiceVersion], list[Revision]]:
    return [version("blue"), version("green", **more)], [revision("blue"), revision("green")]


def test_all_versions_that_are_ready_can_be_reached_and_the_default_one_has_the_rest() -> None:
    found = route(service(traffic=Traffic(owners=HALF, sticky="cookie")), *both())

    assert found.versions == {"blue": "blue-1", "green": "green-1"}
    assert (found.backend, found.owners, found.waiting) == ("blue-1", HALF, ())
    assert (found.id, found.sticky, found.closed) == ("s1", "cookie", False)


def test_a_version_that_is_not_ready_waits_and_the_default_one_has_its_share() -> None:
    revisions = [revision("blue"), revision("green", STARTING)]

    found = route(service(traffic=Traffic(owners=HALF)), both()[0], revisions)

    assert (found.backend, found.owners) == ("blue-1", ())
    assert (found.versions, found.waiting) == ({"blue": "blue-1"}, ("green",))


@pytest.mark.parametrize(
    ("more", "waiting"),
    [
        pytest.param({"enabled": False}, ("green",), id="stopped"),
        pytest.param({"deleting": True}, (), id="being deleted"),
    ],
)
def test_a_version_that_shall_not_serve_is_not_routed_to(
    more: dict[str, bool], waiting: tuple[str, ...]
) -> None:
    found = route(service(traffic=Traffic(owners=HALF)), *both(**more))

    assert found.versions == {"blue": "blue-1"}
    assert found.waiting == waiting
    assert found.owners == ()


def test_until_the_wanted_revision_is_ready_the_live_one_serves() -> None:
    updated = replace(version("green"), wanted=2, live=1)
    revisions = [revision("blue"), revision("green"), revision("green", STARTING, 2)]

    assert route(service(), [version("blue"), updated], revisions).versions["green"] == "green-1"


@pytest.mark.parametrize(
    ("owners", "routed", "expected"),
    [
        pytest.param(HALF, {"blue", "green"}, (HALF, "blue"), id="all are there"),
        pytest.param((), {"blue", "green"}, ((), "blue"), id="the default version has all"),
        pytest.param((), {"green"}, ((), ""), id="nobody has a share instead of it"),
        pytest.param(HALF, {"green"}, ((), "green"), id="the default one is away"),
        pytest.param(HALF, set(), ((), ""), id="none is there"),
        pytest.param(
            (("blue", 200), ("green", 300), ("red", 500)),
            {"green", "red"},
            ((("red", 200), ("green", 300), ("red", 500)), "red"),
            id="the largest share stands in for the default one",
        ),
        pytest.param(
            (("green", 300), ("red", 300), ("blue", 400)),
            {"blue", "green"},
            ((("green", 300), ("blue", 700)), "blue"),
            id="the default one stands in for another",
        ),
        pytest.param((("green", 1000),), {"blue", "green"}, ((), "green"), id="one has all"),
    ],
)
def test_who_answers_instead_of_whom(
    owners: Runs, routed: set[str], expected: tuple[Runs, str]
) -> None:
    given: Counter[str] = Counter()
    for name, count in owners:
        given[name] += count

    found = reachable(service(traffic=Traffic(given=given, owners=owners)), routed)

    assert found == expected


def test_a_closed_service_shares_nothing_out_but_its_versions_can_be_named() -> None:
    found = route(service(traffic=Traffic(owners=HALF, closed=True)), *both())

    assert found.closed
    assert found.owners == ()
    assert set(found.versions) == {"blue", "green"}


def test_backends_stay_while_a_front_may_have_requests() -> None:
    revisions = [
        revision("blue", RevisionState.STOPPED, 1),
        revision("blue", DRAINING, 2),
        revision("blue", READY, 3),
        revision("blue", READY, 4),
        revision("blue", STARTING, 5),
    ]
    wanted = replace(version("blue"), wanted=4, live=3)

    found = table(service(), [wanted], revisions)

    assert set(found.backends) == {"blue-2", "blue-3", "blue-4"}
    assert found.routes[0].backend == "blue-4"


def test_an_answer_may_take_the_cold_start_where_workers_may_all_be_gone() -> None:
    limits = {"scoring_timeout": 10.0, "queue_wait": 2.0, "cold_start_timeout": 90.0}
    always = table(service(), [version("blue")], [revision("blue", **limits)])
    sleepy = table(service(), [version("blue")], [revision("blue", idle_timeout=60.0, **limits)])

    assert always.backends["blue-1"].timeout == 17
    assert sleepy.backends["blue-1"].timeout == 107


def test_the_signing_key_is_told_only_while_a_service_wants_tokens() -> None:
    keyed = table(service(), *both())
    tokened = table(replace(service(), auth=Auth.TOKEN), *both())

    assert keyed.signing_key == ""
    assert keyed.routes[0].key_hashes
    assert tokened.signing_key == "c0ffee"
    assert tokened.routes[0].key_hashes == ()
    assert "c0ffee" not in repr(tokened)


def test_what_it_takes_follows_the_runs_and_not_the_buckets() -> None:
    """All services are gone through whenever one changes."""
    few = service(traffic=Traffic(owners=HALF))
    many = service(traffic=Traffic(owners=(("blue", 1), ("green", 1)) * 500))

    def seconds(of: Service) -> float:
        began = time.process_time()
        for _ in range(200):
            reachable(of, {"blue", "green"})
        return time.process_time() - began

    assert seconds(many) > 10 * seconds(few)
