"""After an upgrade, fronts of the release before are replaced one after the other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

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
from modelyard.domain.workspaces import Workspace
from modelyard.stores.stores import Stores
from modelyard.testing.clock import FakeClock
from modelyard.testing.stores import memory_stores
from modelyard.usecases.reconcile import IDLE, MOVING, SOON
from modelyard.usecases.renew import Renewing, outdated

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTENT = RevisionContent("a" * 64, "score.py", (), "b" * 64)
SERVICE = Service("svc", "ws", "svc", ServiceKind.NATIVE, Auth.KEY, NOW, NOW)
READY, FAILED, STARTING = RevisionState.READY, RevisionState.FAILED, RevisionState.STARTING


def revision(number: int, state: RevisionState) -> Revision:
    return Revision(f"r{number}", "svc", "default", number, CONTENT, state, NOW)


@pytest.mark.parametrize(
    ("states", "live", "old", "found"),
    [
        pytest.param([READY], 1, {"r1"}, "r1", id="an old front that serves"),
        pytest.param([READY], 1, set(), None, id="a front of this release"),
        pytest.param([READY, STARTING], 1, {"r1"}, None, id="its successor is on its way"),
        pytest.param([READY, FAILED], 1, {"r1"}, None, id="its successor failed"),
        pytest.param([STARTING], None, {"r1"}, None, id="it does not serve yet"),
    ],
)
def test_what_is_outdated(
    states: Sequence[RevisionState], live: int | None, old: set[str], found: str | None
) -> None:
    revisions = [revision(n, state) for n, state in enumerate(states, start=1)]
    version = ServiceVersion("svc", "default", len(states), live)

    answer = outdated(SERVICE, version, revisions, old)

    assert (answer.id if answer else None) == found


@pytest.mark.parametrize("gone", [{"deleting": True}, {"enabled": False}])
def test_what_shall_not_run_is_not_renewed(gone: dict[str, bool]) -> None:
    version = ServiceVersion("svc", "default", 1, 1)

    assert outdated(replace(SERVICE, **gone), version, [revision(1, READY)], {"r1"}) is None


@pytest.mark.parametrize("gone", [{"deleting": True}, {"enabled": False}])
def test_a_version_that_shall_not_run_is_not_renewed(gone: dict[str, bool]) -> None:
    version = ServiceVersion("svc", "default", 1, 1)

    assert outdated(SERVICE, replace(version, **gone), [revision(1, READY)], {"r1"}) is None


class Steps:
    """A leader that says how long to wait."""

    pause = IDLE

    def step(self) -> float:
        return self.pause


@pytest.fixture
def stores() -> Stores:
    stores = memory_stores()
    stores.workspaces.add(Workspace("ws-1", "ws", NOW))
    for name in ("one", "two"):
        stores.services.add(replace(SERVICE, id=name, name=name), Keys("k", "l"))
        first = Revision(f"r-{name}", name, "default", 0, CONTENT, READY, NOW)
        stores.services.add_revision(first)
        stores.services.set_live(name, "default", 1)
    return stores


def test_one_service_is_renewed_at_a_time_and_then_no_more_is_asked(stores: Stores) -> None:
    steps, asked = Steps(), []

    def old_fronts() -> frozenset[str]:
        asked.append(1)
        return frozenset({"r-one", "r-two"})

    renewing = Renewing(steps, stores.services, old_fronts, FakeClock(), "2.0")

    assert renewing.step() == SOON
    steps.pause = MOVING
    assert renewing.step() == MOVING
    assert [len(stores.services.revisions(name)) for name in ("one", "two")] == [2, 1]
    steps.pause = IDLE
    assert renewing.step() == SOON
    assert renewing.step() == IDLE
    assert renewing.step() == IDLE

    assert len(asked) == 3
    for name in ("one", "two"):
        old, new = stores.services.revisions(name)
        assert (new.content, new.number) == (old.content, 2)
        assert new.state is RevisionState.PENDING
        assert "2.0" in new.notes[0]
        assert stores.services.versions(name)[0].wanted == 2
