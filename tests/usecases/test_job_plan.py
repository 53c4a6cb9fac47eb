"""Every rule of running jobs, a line each."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from modelyard.domain.environments import Build, BuildState, Recipe
from modelyard.domain.runs import Run, RunStatus
from modelyard.usecases.job_plan import (
    Action,
    Await,
    BuildAgain,
    Fail,
    Launch,
    Process,
    Settle,
    Situation,
    Stop,
    plan,
)

NOW = datetime(2026, 7, 1, tzinfo=UTC)
RUN = Run("one", "ws", "train", 1, RunStatus.NOT_STARTED, NOW, definition={"job": {}})
RECIPE = Recipe("3.11", ())


def run(status: RunStatus) -> Run:
    return replace(RUN, status=status)


def build(state: BuildState, error: str | None = None) -> Build:
    return Build(RECIPE.digest, RECIPE, state, NOW, error=error)


READY = build(BuildState.SUCCEEDED)
NEW, QUEUED, PREPARING = (
    run(s) for s in (RunStatus.NOT_STARTED, RunStatus.QUEUED, RunStatus.PREPARING)
)
RUNNING, CANCEL = run(RunStatus.RUNNING), run(RunStatus.CANCEL_REQUESTED)
ALIVE, STOPPING, ENDED = Process.ALIVE, Process.STOPPING, Process.ENDED


@pytest.mark.parametrize(
    ("job", "actions"),
    [
        pytest.param(Situation(NEW), [BuildAgain(NEW)], id="nobody builds its environment"),
        pytest.param(
            Situation(NEW, build(BuildState.QUEUED)),
            [Await(NEW, RunStatus.PREPARING)],
            id="its environment waits",
        ),
        pytest.param(
            Situation(PREPARING, build(BuildState.RUNNING)), [], id="its environment is built"
        ),
        pytest.param(Situation(PREPARING, READY), [Launch(PREPARING)], id="all is ready"),
        pytest.param(Situation(QUEUED, READY), [Launch(QUEUED)], id="its turn has come"),
        pytest.param(Situation(QUEUED, READY, busy=True), [], id="it is being laid out"),
        pytest.param(Situation(QUEUED, None, ALIVE), [], id="its runner has just been asked for"),
        pytest.param(Situation(RUNNING, None, ALIVE), [], id="it runs"),
        pytest.param(
            Situation(RUNNING, None, ENDED, exit_code=-9),
            [Settle(RUNNING, -9)],
            id="its runner was killed",
        ),
        pytest.param(
            Situation(QUEUED, None, ENDED, exit_code=1),
            [Settle(QUEUED, 1)],
            id="its runner ended before it told that it runs",
        ),
        pytest.param(Situation(RUNNING), [Settle(RUNNING)], id="its runner is nowhere"),
        pytest.param(Situation(RUNNING, busy=True), [], id="its end is being settled"),
        pytest.param(Situation(CANCEL), [Settle(CANCEL)], id="cancelled before it was started"),
        pytest.param(Situation(CANCEL, busy=True), [], id="cancelled while it is laid out"),
        pytest.param(Situation(CANCEL, None, ALIVE), [Stop(CANCEL)], id="cancelled, it runs"),
        pytest.param(Situation(CANCEL, None, STOPPING), [], id="cancelled, it is ending"),
        pytest.param(
            Situation(CANCEL, None, ENDED), [Settle(CANCEL)], id="cancelled, it told nothing"
        ),
    ],
)
def test_plan(job: Situation, actions: list[Action]) -> None:
    assert plan([job], slots=1) == actions


def test_a_failed_build_fails_the_job_with_its_words() -> None:
    (action,) = plan([Situation(NEW, build(BuildState.FAILED, "no such package"))], 1)

    assert isinstance(action, Fail)
    assert action.error["error"]["code"] == "EnvironmentBuildFailed"
    assert "no such package" in action.error["error"]["message"]


def test_only_so_many_run_at_once_the_oldest_first() -> None:
    first, second, third = (replace(NEW, id=id) for id in ("first", "second", "third"))
    jobs = [Situation(replace(RUNNING, id="zero"), None, ALIVE)]
    jobs += [Situation(one, READY) for one in (first, second, third)]

    assert plan(jobs, slots=2) == [
        Launch(first),
        Await(second, RunStatus.QUEUED),
        Await(third, RunStatus.QUEUED),
    ]


@pytest.mark.parametrize(
    "other",
    [
        Situation(RUNNING, None, ALIVE),
        Situation(CANCEL, None, STOPPING),
        Situation(QUEUED, READY, busy=True),
    ],
    ids=["runs", "is ending", "is laid out"],
)
def test_a_slot_is_held_by_what(other: Situation) -> None:
    assert Launch(NEW) not in plan([other, Situation(NEW, READY)], slots=1)


def test_a_job_that_waits_for_its_environment_holds_no_slot() -> None:
    waiting = Situation(PREPARING, build(BuildState.RUNNING))

    assert plan([waiting, Situation(NEW, READY)], slots=1) == [Launch(NEW)]
