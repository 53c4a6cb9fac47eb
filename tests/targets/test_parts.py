"""Several fronts of one revision: what each is told, and what they say together."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from modelyard.domain.fronts import FrontSpec, FrontState, FrontStatus, paths_of
from modelyard.targets.local.parts import merged, parts, together

MakeSpec = Callable[..., FrontSpec]
GONE, STARTING, READY, UNHEALTHY, DRAINING, FAILED = (
    FrontState.GONE,
    FrontState.STARTING,
    FrontState.READY,
    FrontState.UNHEALTHY,
    FrontState.DRAINING,
    FrontState.FAILED,
)
PLACES = ("/s/r1.sock", "/s/r1.ctl", "r1.log")
SPEC = FrontSpec("r1", "ws", "svc", "v", 1, "py", "rt", "app", "score.py", "m", *PLACES)


def test_one_front_has_everything() -> None:
    assert parts(SPEC) == (SPEC,)
    assert paths_of("/s/r1.sock", 1) == ("/s/r1.sock",)


def test_each_of_several_has_its_own_places() -> None:
    first, second = parts(replace(SPEC, fronts=2, ledger="/r/r1.ledger"))

    assert (first.ledger, second.ledger) == ("", "")
    assert (first.id, first.socket, first.control_socket, first.log_file) == (
        "r1.1",
        "/s/r1.1.sock",
        "/s/r1.1.ctl",
        "r1.1.log",
    )
    assert (second.id, second.socket) == ("r1.2", "/s/r1.2.sock")
    assert (first.fronts, second.fronts) == (1, 1)


@pytest.mark.parametrize(
    ("workers", "fronts", "shares"),
    [(4, 2, [2, 2]), (5, 3, [2, 2, 1]), (1, 2, [1, 1]), (7, 4, [2, 2, 2, 1])],
)
def test_workers_are_divided(workers: int, fronts: int, shares: list[int]) -> None:
    divided = parts(replace(SPEC, workers=workers, fronts=fronts))

    assert [part.workers for part in divided] == shares


def test_limits_go_with_the_workers_and_the_queue_is_divided_evenly() -> None:
    divided = parts(replace(SPEC, workers=3, fronts=2, cpu=1.5, memory=900, queue_limit=101))

    assert [(part.cpu, part.memory, part.queue_limit) for part in divided] == [
        (1.0, 600, 51),
        (0.5, 300, 51),
    ]


def test_the_longest_socket_path_is_short_enough_for_the_gateway() -> None:
    path = f"{'/' + 'x' * 59}/r{'0' * 10}.sock"

    assert max(map(len, paths_of(path, 64))) <= 97


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([READY, READY], READY),
        ([READY, STARTING], STARTING),
        ([READY, UNHEALTHY], UNHEALTHY),
        ([READY, GONE], UNHEALTHY),
        ([STARTING, GONE], STARTING),
        ([STARTING, FAILED], FAILED),
        ([GONE, GONE], GONE),
        ([DRAINING, DRAINING], DRAINING),
        ([DRAINING, GONE], DRAINING),
        ([DRAINING, READY], READY),
    ],
)
def test_together_they_are_as_good_as_the_worst(said: list[FrontState], state: FrontState) -> None:
    for order in (said, said[::-1]):
        statuses = [FrontStatus(f"r1.{n}", one) for n, one in enumerate(order, start=1)]

        assert together("r1", statuses).state is state


def test_what_they_count_is_added_up() -> None:
    one = FrontStatus("r1.1", READY, 7, 2, 2, 3, 1, 10, 0, "cgroup-v2", swagger=True)
    two = FrontStatus("r1.2", GONE, 0, 0, 1, 0, 0, 0, 4, error={"message": "x"}, notes=("n",))

    assert together("r1", [two, one]) == FrontStatus(
        "r1",
        UNHEALTHY,
        pid=7,
        ready_workers=2,
        workers=3,
        in_flight=3,
        queued=1,
        served=10,
        restarts=4,
        limits="cgroup-v2",
        error={"message": "x"},
        swagger=True,
        notes=("n",),
    )


def test_logs_are_merged_by_time_and_say_whose_they_are() -> None:
    first = ["2026-01-01T00:00:01Z [front] up", "2026-01-01T00:00:03Z [worker 1] a [b] c"]
    second = ["2026-01-01T00:00:02Z [worker 1] hello", "not a line of ours"]

    assert merged([first, second], 10) == [
        "2026-01-01T00:00:01Z [front 1] up",
        "2026-01-01T00:00:02Z [worker 1 of front 2] hello",
        "2026-01-01T00:00:03Z [worker 1 of front 1] a [b] c",
        "not a line of ours",
    ]
    assert merged([first], 10) == first
