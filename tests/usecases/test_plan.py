"""Every rule of a rollout is a line in this table."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from modelyard.domain.environments import Build, BuildState, Recipe
from modelyard.domain.fronts import FrontState, FrontStatus
from modelyard.domain.services import (
    Auth,
    Revision,
    RevisionContent,
    RevisionState,
    Service,
    ServiceKind,
    ServiceVersion,
    Serving,
)
from modelyard.usecases.plan import Situation, finished, plan
from modelyard.usecases.steps import (
    Action,
    Await,
    Drain,
    Fail,
    Forget,
    GoDark,
    GoLive,
    MarkReady,
    Prepare,
    Retire,
    Stop,
    StopFront,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SERVICE = Service("s1", "ws", "salary", ServiceKind.NATIVE, Auth.KEY, NOW, NOW)
OFF = replace(SERVICE, enabled=False)
DELETED = replace(SERVICE, deleting=True)
CONTENT = RevisionContent("0" * 64, "score.py", (), "recipe", serving=Serving(workers=2))

P, S, R, D, F, X = (
    RevisionState.PENDING,
    RevisionState.STARTING,
    RevisionState.READY,
    RevisionState.DRAINING,
    RevisionState.FAILED,
    RevisionState.STOPPED,
)


def rev(number: int, state: RevisionState) -> Revision:
    return Revision(f"r{number}", "s1", "default", number, CONTENT, state, NOW)


def built(state: BuildState, error: str | None = None) -> dict[str, Build]:
    return {"recipe": Build("recipe", Recipe("3.11", ()), state, NOW, error=error)}


def says(number: int, state: FrontState, **more: Any) -> dict[str, FrontStatus]:
    return {f"r{number}": FrontStatus(f"r{number}", state, **more)}


def at(*revisions: Revision, live: int | None = None, **more: Any) -> Situation:
    wanted = max(r.number for r in revisions)
    service = more.pop("service", SERVICE)
    for name in ("asked", "preparing", "routed"):
        more[name] = frozenset(more.get(name, ()))
    marks = {name: more.pop(name) for name in ("enabled", "deleting") if name in more}
    version = ServiceVersion("s1", "default", wanted, live, **marks)
    return Situation(service, version, revisions, **more)


READY = FrontState.READY
QUIET = says(1, FrontState.DRAINING)

TABLE = [
    # on the way up
    pytest.param(at(rev(1, P), builds=built(BuildState.QUEUED)), [], id="waits for the build"),
    pytest.param(at(rev(1, P), builds=built(BuildState.RUNNING)), [], id="waits while building"),
    pytest.param(
        at(rev(1, P), builds=built(BuildState.SUCCEEDED)), [Prepare], id="built: prepares"
    ),
    pytest.param(
        at(rev(1, P), builds=built(BuildState.SUCCEEDED), preparing=["r1"]),
        [],
        id="prepares once at a time",
    ),
    pytest.param(at(rev(1, P), builds=built(BuildState.FAILED, "no")), [Fail], id="build failed"),
    pytest.param(at(rev(1, P)), [Fail], id="build unknown"),
    pytest.param(
        at(rev(1, S), asked=["r1"], fronts=says(1, FrontState.STARTING)), [], id="init() runs"
    ),
    pytest.param(
        at(rev(1, S), asked=["r1"], fronts=says(1, READY, ready_workers=1)),
        [],
        id="waits for all workers",
    ),
    pytest.param(
        at(rev(1, S), asked=["r1"], fronts=says(1, READY, ready_workers=2)),
        [MarkReady],
        id="all workers ready",
    ),
    pytest.param(
        at(rev(1, S), asked=["r1"], fronts=says(1, READY, ready_workers=1), waited={"r1": 999}),
        [MarkReady],
        id="a late second worker does not hold up for ever",
    ),
    pytest.param(
        at(rev(1, S), asked=["r1"], fronts=says(1, READY, asleep=True)),
        [MarkReady],
        id="one that sleeps was ready",
    ),
    pytest.param(
        at(rev(1, S), asked=["r1"], fronts=says(1, FrontState.FAILED, error={"type": "E"})),
        [Fail],
        id="init() failed",
    ),
    pytest.param(at(rev(1, S)), [Prepare], id="nobody was asked: the last leader died"),
    pytest.param(
        at(rev(1, S), asked=["r1"], fronts=says(1, FrontState.GONE), waited={"r1": 999}),
        [Fail],
        id="a front that never answers is given up",
    ),
    pytest.param(at(rev(1, R), asked=["r1"]), [], id="ready: waits for the gateway"),
    pytest.param(at(rev(1, R), asked=["r1"], routed=["r1"]), [GoLive], id="routed: live"),
    pytest.param(
        at(rev(1, R), asked=["r1"], routed=["r1"], in_force=False), [], id="not in force: not live"
    ),
    pytest.param(
        at(rev(1, R), asked=["r1"], routed=["r1"], blocked="port taken"), [Fail], id="port taken"
    ),
    pytest.param(at(rev(1, R), live=1, asked=["r1"]), [], id="nothing to do"),
    pytest.param(at(rev(1, R), live=1), [Prepare], id="a live front that nobody runs comes back"),
    # the new beside the old
    pytest.param(
        at(rev(1, R), rev(2, P), live=1, asked=["r1"], builds=built(BuildState.SUCCEEDED)),
        [Prepare],
        id="starts before stopping",
    ),
    pytest.param(
        at(
            rev(1, R),
            rev(2, S),
            live=1,
            asked=["r1", "r2"],
            fronts=says(2, FrontState.FAILED, error={"type": "E"}),
        ),
        [Fail],
        id="a failed update leaves the old one alone",
    ),
    pytest.param(
        at(rev(1, R), rev(2, F), live=1, asked=["r1"]), [], id="after it, the old one serves on"
    ),
    pytest.param(
        at(rev(1, R), rev(2, R), live=2, asked=["r1", "r2"], routed=["r2"]),
        [Retire],
        id="switched: the old one retires",
    ),
    pytest.param(
        at(rev(1, S), rev(2, S), asked=["r1", "r2"], fronts=says(2, FrontState.STARTING)),
        [Stop],
        id="overtaken before it served",
    ),
    pytest.param(
        at(rev(1, P), rev(2, P), preparing=["r1"], builds=built(BuildState.QUEUED)),
        [],
        id="overtaken while being laid out: waits for that",
    ),
    # draining
    pytest.param(
        at(rev(1, D), rev(2, R), live=2, asked=["r1", "r2"], routed=["r2"], waited={"r1": 0.2}),
        [Stop],
        id="a dead front needs no draining",
    ),
    pytest.param(
        at(
            rev(1, D),
            rev(2, R),
            live=2,
            asked=["r1", "r2"],
            routed=["r2"],
            fronts=says(1, READY),
            waited={"r1": 0.2},
        ),
        [],
        id="a moment's grace after the switch",
    ),
    pytest.param(
        at(
            rev(1, D),
            rev(2, R),
            live=2,
            asked=["r1", "r2"],
            routed=["r2"],
            fronts=says(1, READY),
            waited={"r1": 2},
        ),
        [Drain],
        id="then it drains",
    ),
    pytest.param(
        at(
            rev(1, D),
            rev(2, R),
            live=2,
            asked=["r1", "r2"],
            routed=["r2"],
            fronts=says(1, READY),
            waited={"r1": 2},
            settled=False,
        ),
        [],
        id="not while an older gateway process may still send to it",
    ),
    pytest.param(
        at(
            rev(1, D),
            rev(2, R),
            live=2,
            asked=["r1", "r2"],
            routed=["r1"],
            fronts=says(1, READY),
            waited={"r1": 2},
        ),
        [],
        id="never while it is routed to",
    ),
    pytest.param(
        at(
            rev(1, D),
            rev(2, R),
            live=2,
            asked=["r1", "r2"],
            routed=["r2"],
            fronts=says(1, FrontState.DRAINING, in_flight=3),
            waited={"r1": 20},
        ),
        [],
        id="waits for what is under way",
    ),
    pytest.param(
        at(
            rev(1, D),
            rev(2, R),
            live=2,
            asked=["r1", "r2"],
            routed=["r2"],
            fronts=QUIET,
            waited={"r1": 2},
        ),
        [Stop],
        id="quiet: stopped",
    ),
    pytest.param(
        at(
            rev(1, D),
            rev(2, R),
            live=2,
            asked=["r1", "r2"],
            routed=["r2"],
            fronts=says(1, FrontState.DRAINING, in_flight=3),
            waited={"r1": 96},
        ),
        [Stop],
        id="patience ends: 60 + 30 + 5 s",
    ),
    # tidying
    pytest.param(
        at(rev(1, X), rev(2, X), rev(3, F), rev(4, R), live=4, asked=["r4"], routed=["r4"]),
        [Forget],
        id="keeps the last three records",
    ),
    pytest.param(
        at(rev(1, F), rev(2, R), live=2, asked=["r1", "r2"]), [StopFront], id="failed yet running"
    ),
    # stopped and started again
    pytest.param(
        at(rev(1, R), live=1, service=OFF, asked=["r1"], routed=["r1"], in_force=False),
        [],
        id="off: first the route goes",
    ),
    pytest.param(
        at(rev(1, R), live=1, service=OFF, asked=["r1"]), [GoDark, Retire], id="off: then retires"
    ),
    pytest.param(at(rev(1, P), service=OFF), [Stop], id="off: does not begin"),
    pytest.param(at(rev(1, P), enabled=False), [Stop], id="its version is off: does not begin"),
    pytest.param(
        at(rev(1, R), live=1, asked=["r1"], enabled=False),
        [GoDark, Retire],
        id="its version is off: retires",
    ),
    pytest.param(
        at(rev(1, R), live=1, asked=["r1"], routed=["r1"], deleting=True),
        [],
        id="its version is deleted: first nobody is led to it",
    ),
    pytest.param(
        at(
            rev(1, D),
            asked=["r1"],
            fronts=says(1, FrontState.READY, in_flight=1),
            waited={"r1": 10.0},
            deleting=True,
        ),
        [Stop],
        id="its version is deleted: requests get ten seconds",
    ),
    pytest.param(at(rev(1, X), service=OFF), [], id="off: at rest"),
    pytest.param(at(rev(1, X)), [Await], id="on again"),
    # deleted
    pytest.param(
        at(
            rev(1, D),
            service=DELETED,
            asked=["r1"],
            fronts=says(1, FrontState.DRAINING, in_flight=1),
            waited={"r1": 11},
        ),
        [Stop],
        id="deletion waits ten seconds at most",
    ),
]


@pytest.mark.parametrize(("situation", "kinds"), TABLE)
def test_plan(situation: Situation, kinds: list[type[Action]]) -> None:
    assert [type(action) for action in plan(situation)] == kinds


def test_a_failed_build_says_what_the_resolver_said() -> None:
    [failure] = plan(at(rev(1, P), builds=built(BuildState.FAILED, "no such package")))

    assert isinstance(failure, Fail)
    assert failure.error["type"] == "EnvironmentBuildFailed"
    assert failure.error["message"] == "no such package"


@pytest.mark.parametrize(
    ("situation", "answer"),
    [
        (at(rev(1, X), rev(2, F), service=DELETED), True),
        (at(rev(1, X), service=DELETED, asked=["r1"]), False),
        (at(rev(1, D), service=DELETED), False),
        (at(rev(1, X), service=DELETED, in_force=False), False),
        (at(rev(1, X), deleting=True), True),
        (at(rev(1, D), deleting=True), False),
    ],
)
def test_a_deleted_service_is_finished_when_nothing_of_it_runs(
    situation: Situation, answer: bool
) -> None:
    assert finished(situation) is answer
