"""Who is told of which shadows, and when."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from modelyard.domain.fronts import FrontSpec
from modelyard.domain.services import (
    Auth,
    Keys,
    Revision,
    RevisionContent,
    RevisionState,
    Service,
    ServiceKind,
    ServiceVersion,
)
from modelyard.domain.shadows import Shadow
from modelyard.domain.traffic import Traffic
from modelyard.domain.workspaces import Workspace
from modelyard.stores.stores import Stores
from modelyard.testing.clock import FakeClock
from modelyard.testing.stores import memory_stores
from modelyard.testing.target import FakeTarget
from modelyard.usecases.shadowing import AGAIN, Shadowing, wanted

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTENT = RevisionContent("a" * 64, "score.py", (), "b" * 64)
READY, STARTING, DRAINING = RevisionState.READY, RevisionState.STARTING, RevisionState.DRAINING
SHADOWED = Traffic(shadows={"green": 100})
SERVICE = Service("svc", "ws", "svc", ServiceKind.NATIVE, Auth.KEY, NOW, NOW, traffic=SHADOWED)
BLUE, GREEN = ServiceVersion("svc", "blue", 1, 1), ServiceVersion("svc", "green", 1, 1)


def revision(version: str, number: int = 1, state: RevisionState = READY) -> Revision:
    return Revision(f"{version}{number}", "svc", version, number, CONTENT, state, NOW)


def front(id: str) -> FrontSpec:
    return FrontSpec(id, "ws", "svc", "v", 1, "", "", "", "", "", "", "", "")


def test_all_other_versions_are_told_of_a_shadow_and_it_is_not() -> None:
    red = ServiceVersion("svc", "red", 1, None)
    revisions = [revision("blue"), revision("green"), revision("red", state=STARTING)]

    found = wanted(SERVICE, [BLUE, GREEN, red], revisions)

    green = Shadow("green", "green1", 100)
    assert found == {"blue1": (green,), "red1": (green,), "green1": ()}


def test_the_revision_that_is_routed_to_gets_the_copies() -> None:
    revisions = [
        revision("blue"),
        revision("green"),
        revision("green", 2),
        revision("green", 3, STARTING),
    ]

    routed = wanted(SERVICE, [BLUE, GREEN], revisions)["blue1"]
    new = wanted(SERVICE, [BLUE, replace(GREEN, live=None)], revisions)["blue1"]

    assert (routed[0].front, new[0].front) == ("green1", "green2")


@pytest.mark.parametrize(
    ("service", "green", "state"),
    [
        pytest.param({"traffic": Traffic(shadows={"green": 0})}, {}, READY, id="no share"),
        pytest.param({"traffic": Traffic(shadows={"pink": 9})}, {}, READY, id="no such version"),
        pytest.param({}, {}, STARTING, id="not ready"),
        pytest.param({}, {}, DRAINING, id="on its way out"),
        pytest.param({}, {"enabled": False}, READY, id="stopped"),
        pytest.param({}, {"deleting": True}, READY, id="being deleted"),
    ],
)
def test_a_shadow_that_cannot_answer_gets_nothing(
    service: Mapping[str, object], green: Mapping[str, object], state: RevisionState
) -> None:
    revisions = [revision("blue"), revision("green", state=state)]

    found = wanted(
        replace(SERVICE, **service),  # type: ignore[arg-type]
        [BLUE, replace(GREEN, **green)],  # type: ignore[arg-type]
        revisions,
    )

    assert found["blue1"] == ()


@pytest.mark.parametrize("gone", [{"deleting": True}, {"enabled": False}])
def test_nobody_is_told_of_what_shall_not_run(gone: dict[str, bool]) -> None:
    service = replace(SERVICE, **gone)

    assert wanted(service, [BLUE, GREEN], [revision("blue"), revision("green")]) == {}


@pytest.fixture
def stores() -> Stores:
    stores = memory_stores()
    stores.workspaces.add(Workspace("ws-1", "ws", NOW))
    stores.services.add(SERVICE, Keys("k", "l"))
    for version in ("blue", "green"):
        stores.services.add_revision(replace(revision(version), number=0))
        stores.services.set_live("svc", version, 1)
    return stores


@pytest.fixture
def target() -> FakeTarget:
    target = FakeTarget()
    for id in ("blue1", "green1", "green2"):
        target.start(front(id))
    target.calls.clear()
    return target


def test_it_is_said_once_and_again_when_the_shadow_has_a_new_revision(
    stores: Stores, target: FakeTarget
) -> None:
    shadowing = Shadowing(stores.services, target, FakeClock())

    shadowing.step()
    shadowing.step()
    assert target.calls == [("shadow", "blue1"), ("shadow", "green1")]
    assert target.shadows == {"blue1": (Shadow("green", "green1", 100),), "green1": ()}

    stores.services.add_revision(replace(revision("green", 2), number=0))
    stores.services.set_live("svc", "green", 2)
    shadowing.step()
    assert target.shadows["blue1"] == (Shadow("green", "green2", 100),)


def test_shadows_that_went_are_taken_back_and_then_nobody_is_bothered(
    stores: Stores, target: FakeTarget
) -> None:
    shadowing = Shadowing(stores.services, target, FakeClock())
    shadowing.step()

    stores.services.change("svc", lambda service: replace(service, traffic=Traffic()))
    shadowing.step()
    calls = list(target.calls)
    shadowing.step()

    assert target.shadows["blue1"] == ()
    assert target.calls == calls


def test_a_new_leader_takes_back_what_the_one_before_did_not(
    stores: Stores, target: FakeTarget
) -> None:
    Shadowing(stores.services, target, FakeClock()).step()
    stores.services.change("svc", lambda service: replace(service, traffic=Traffic()))

    Shadowing(stores.services, target, FakeClock()).step()

    assert target.shadows["blue1"] == ()


def test_a_front_that_did_not_understand_is_told_again_after_a_while(
    stores: Stores, target: FakeTarget
) -> None:
    clock = FakeClock()
    target.deaf.add("blue1")
    shadowing = Shadowing(stores.services, target, clock)
    shadowing.step()
    shadowing.step()
    assert target.calls.count(("shadow", "blue1")) == 1

    target.deaf.clear()
    clock.advance(AGAIN)
    shadowing.step()

    assert target.shadows["blue1"] == (Shadow("green", "green1", 100),)
