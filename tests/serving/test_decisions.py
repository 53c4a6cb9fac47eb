import pytest

from modelyard.domain.fronts import FrontState
from modelyard.serving import decisions


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 0), (2, 0.1), (3, 0.2), (4, 0.4), (8, 5), (1000, 5)]
)
def test_restarts_come_slower_after_each_failure(failures: int, seconds: float) -> None:
    assert decisions.backoff(failures) == pytest.approx(seconds)


def test_ten_healthy_seconds_forgive_earlier_failures() -> None:
    assert decisions.failures_after(7, ready_for=10.0) == 1
    assert decisions.failures_after(7, ready_for=9.9) == 8


@pytest.mark.parametrize(
    ("average", "capacity"), [(None, 1), (0.01, 64), (0.5, 4), (1.0, 2), (1.9, 1), (500.0, 1)]
)
def test_a_lot_is_what_runs_in_about_two_milliseconds(
    average: float | None, capacity: int
) -> None:
    assert decisions.capacity(average) == capacity


def test_the_average_rises_at_once_and_falls_slowly() -> None:
    assert decisions.average(None, 3.0) == 3.0
    assert decisions.average(1.0, 100.0) == 100.0
    assert decisions.average(1.0, 0.0) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("waiting", "held", "room", "given"),
    [
        pytest.param(0, [0, 0], 8, [0, 0], id="nothing waits"),
        pytest.param(2, [0, 0], 8, [1, 1], id="one each while somebody is free"),
        pytest.param(1, [3, 0], 8, [0, 1], id="the free one first"),
        pytest.param(5, [0, 0], 4, [4, 1], id="a lot when nobody is free"),
        pytest.param(5, [1, 1], 1, [0, 0], id="slow: nothing to the busy"),
        pytest.param(9, [0, 2], 3, [3, 1], id="no more than fits"),
    ],
)
def test_shares(waiting: int, held: list[int], room: int, given: list[int]) -> None:
    assert decisions.shares(waiting, held, room) == given


@pytest.mark.parametrize(
    ("held", "running", "unheard", "lost", "again"),
    [
        pytest.param([1, 2, 3], 1, 0, [1], [2, 3], id="the running one is to blame"),
        pytest.param([1, 2, 3], 0, 0, [], [1, 2, 3], id="none ran"),
        pytest.param([1, 2, 3], 2, 1, [1, 2], [3], id="one ran whose answer never came"),
        pytest.param([1], 99, 0, [], [1], id="the page names one answered long ago"),
        pytest.param([], 5, 0, [], [], id="it held nothing"),
    ],
)
def test_blame(
    held: list[int], running: int, unheard: int, lost: list[int], again: list[int]
) -> None:
    assert decisions.blame(held, running, unheard) == (lost, again)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, FrontState.STARTING),
        ({"ready": 1, "ever_ready": True}, FrontState.READY),
        ({"ever_ready": True}, FrontState.UNHEALTHY),
        ({"ever_ready": True, "may_be_empty": True}, FrontState.READY),
        ({"may_be_empty": True}, FrontState.STARTING),
        ({"failed": True}, FrontState.FAILED),
        ({"ready": 1, "ever_ready": True, "draining": True}, FrontState.DRAINING),
    ],
)
def test_state(facts: dict[str, int], state: FrontState) -> None:
    base = dict.fromkeys(("ready", "ever_ready", "failed", "draining", "may_be_empty"), 0)

    assert decisions.state(**{**base, **facts}) is state


@pytest.mark.parametrize(
    ("code", "text"),
    [(0, "exited with code 0"), (-9, "was killed by SIGKILL"), (-99, "was killed by signal 99")],
)
def test_an_end_is_told_in_words(code: int, text: str) -> None:
    assert decisions.describe_exit(code) == text


def test_thread_limits_round_up_to_whole_cores() -> None:
    assert decisions.thread_variables(1.5)["OMP_NUM_THREADS"] == "2"
    assert decisions.thread_variables(0.1)["OMP_NUM_THREADS"] == "1"
