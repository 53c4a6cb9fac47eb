from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from modelyard.domain.processes import ProcessSpec, Restart
from modelyard.supervisor.decisions import (
    Action,
    Forget,
    Kill,
    Observed,
    Phase,
    Start,
    Stop,
    Wait,
    delay,
    ended,
    fingerprint,
    plan,
    plan_shutdown,
)

NOW = 1000.0
A = ProcessSpec("a", ("a",), "a.log", order=10)
B = ProcessSpec("b", ("b",), "b.log", order=30)
ONCE = replace(A, restart=Restart.NEVER)
CHANGED = replace(A, env={"X": "1"})


def seen(spec: ProcessSpec, phase: Phase = Phase.RUNNING, **changes: object) -> Observed:
    found = Observed(spec.name, phase, fingerprint(spec), NOW - 1, order=spec.order)
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("desired", "observed", "actions"),
    [
        pytest.param([], [], [], id="nothing to do"),
        pytest.param([B, A], [], [Start(A), Start(B)], id="start by order"),
        pytest.param([A], [seen(A)], [], id="leave alone what runs"),
        pytest.param([CHANGED], [seen(A)], [Stop("a")], id="stop what runs by an old spec"),
        pytest.param(
            [CHANGED],
            [seen(A, Phase.ENDED, failures=9)],
            [Start(CHANGED)],
            id="a new spec, at once",
        ),
        pytest.param([replace(A, log="other")], [seen(A)], [], id="a new log is no new process"),
        pytest.param([], [seen(A), seen(B)], [Stop("b"), Stop("a")], id="stop the last first"),
        pytest.param([A, B], [seen(B)], [Start(A)], id="start what is missing"),
        pytest.param([B], [seen(A)], [Start(B), Stop("a")], id="start before stopping"),
        pytest.param(
            [A], [seen(A, Phase.ENDED, failures=1)], [Start(A)], id="restart after the delay"
        ),
        pytest.param(
            [A], [seen(A, Phase.ENDED, failures=7)], [Wait(NOW - 1 + 6.4)], id="wait for the delay"
        ),
        pytest.param(
            [A], [seen(A, Phase.ENDED, since=NOW)], [Start(A)], id="no delay after our own stop"
        ),
        pytest.param(
            [ONCE], [seen(A, Phase.ENDED, failures=1)], [], id="once is once, and is remembered"
        ),
        pytest.param(
            [A], [seen(A, Phase.STOPPING)], [Wait(NOW + 9)], id="wanted again: let it end first"
        ),
        pytest.param([], [seen(A, Phase.STOPPING)], [Wait(NOW + 9)], id="wait for its end"),
        pytest.param(
            [], [seen(A, Phase.STOPPING, since=NOW - 10)], [Kill("a")], id="kill when time is over"
        ),
        pytest.param([], [seen(A, Phase.KILLED)], [], id="kill once"),
        pytest.param([], [seen(A, Phase.ENDED)], [Forget("a")], id="forget what is unwanted"),
    ],
)
def test_plan(
    desired: Sequence[ProcessSpec], observed: Sequence[Observed], actions: Sequence[Action]
) -> None:
    wanted = {spec.name: spec for spec in desired}

    assert plan(wanted, by_name(observed), NOW) == actions


@pytest.mark.parametrize(
    ("observed", "hurry", "actions"),
    [
        pytest.param([], False, [], id="nothing runs"),
        pytest.param([seen(A), seen(B)], False, [Stop("b")], id="the highest order first"),
        pytest.param(
            [seen(A), seen(B, Phase.STOPPING)], False, [Wait(NOW + 9)], id="and the next waits"
        ),
        pytest.param([seen(A), seen(B, Phase.ENDED)], False, [Stop("a")], id="then the next"),
        pytest.param(
            [seen(A), seen(B, Phase.STOPPING)], True, [Kill("b"), Kill("a")], id="all in a hurry"
        ),
        pytest.param([seen(A, Phase.KILLED)], True, [], id="killed is enough"),
    ],
)
def test_plan_of_a_shutdown(
    observed: Sequence[Observed], hurry: bool, actions: Sequence[Action]
) -> None:
    assert plan_shutdown(by_name(observed), NOW, hurry=hurry) == actions


def test_the_delay_doubles_to_ten_seconds_and_never_ends() -> None:
    delays = [delay(failures) for failures in (1, 2, 3, 7, 8, 1_000_000)]

    assert delays == [0.1, 0.2, 0.4, 6.4, 10.0, 10.0]


def test_a_long_life_forgives_earlier_deaths() -> None:
    short = ended(seen(A, failures=5), 1, NOW)
    long = ended(seen(A, failures=5, since=NOW - 30), 1, NOW)

    assert (short.failures, long.failures) == (6, 1)


def test_a_process_that_was_stopped_has_not_failed() -> None:
    process = ended(seen(A, Phase.STOPPING, failures=3), -15, NOW)

    assert (process.phase, process.failures, process.exit_code) == (Phase.ENDED, 0, -15)


def by_name(observed: Sequence[Observed]) -> Mapping[str, Observed]:
    return {process.name: process for process in observed}
