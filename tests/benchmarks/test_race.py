"""Carrying out what is left of a plan."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.serving import deadline, known, saving
from benchmarks.serving_peers.asking import Unfit
from benchmarks.serving_peers.base import Command, Peer, Place
from benchmarks.serving_peers.plan import Plan
from benchmarks.serving_peers.processes import Cores
from benchmarks.serving_peers.race import Race
from benchmarks.serving_peers.results import Case, Results, Sample, Weight
from benchmarks.serving_peers.starting import Ground, Running, Sums

ONE, MANY = Case("linear", 1, 1), Case("linear", 1, 16)


def never(_: Place) -> Command:
    raise AssertionError("nothing is started here")


OURS, OTHER = (Peer(key, key.title(), key, never) for key in ("ours", "other"))


class Still:
    """A server that does nothing."""

    def pss(self) -> int:
        return 1000

    def processor(self) -> float:
        return 0.0


class Playground(Ground):
    """Servers that answer at once, but for those that have ended; ``asked`` in the order asked."""

    def __init__(self, ended: str = "") -> None:
        super().__init__(Sums(Path(), [], {}), Cores(None, None), Path())
        self._ended = ended
        self.started_for: list[str] = []
        self.asked: list[tuple[str, int]] = []

    @contextmanager
    def started(self, peer: Peer, kind: str) -> Iterator[Running]:
        self.started_for.append(peer.key)
        yield Running(peer, Still(), 0, 1.5)

    def packages(self, peer: Peer) -> int:
        return 7

    def check(self, running: Running, kind: str, sizes: tuple[int, ...]) -> None:
        pass

    def load(
        self, running: Running, rows: int, connections: int, seconds: float
    ) -> dict[str, Any]:
        if running.peer.key == self._ended:
            raise Unfit("it ended under load")
        self.asked.append((running.peer.key, connections))
        return {"rate": 10.0, "p50": 1.0, "p99": 2.0, "failed": {}, "count": 10}


def plan(rounds: int = 2) -> Plan:
    return Plan((OURS, OTHER), ("linear",), (1,), (1, 16), rounds, loop=False)


def run(ground: Playground, results: Results, late: Callable[[], bool] = lambda: False) -> Results:
    Race(plan(), ground, results, lambda: None, late).run()
    return results


def weighed(problem: str = "") -> list[Weight]:
    return [Weight(key, "linear", 1000, [1.5], 7, problem) for key in ("ours", "other")]


def test_everything_is_weighed_and_asked_in_turns() -> None:
    found = run(Playground(), Results())

    assert found.weights == weighed()
    assert [(s.server, s.case, s.round) for s in found.samples] == [
        (key, case, number)
        for case in (ONE, MANY)
        for number in (0, 1)
        for key in ("ours", "other")
    ]


def test_what_an_earlier_call_measured_is_not_measured_again() -> None:
    samples = [
        Sample("ours", case, number, 10.0, 1.0, 2.0) for case in (ONE, MANY) for number in (0, 1)
    ]
    samples += [Sample("other", MANY, 0, 10.0, 1.0, 2.0), Sample("other", ONE, 1, 10.0, 1.0, 2.0)]
    ground = Playground()

    found = run(ground, Results(samples, weighed()))

    assert ground.started_for == ["other"]
    assert Counter((s.server, s.case, s.round) for s in found.samples) == Counter(
        (key, case, number)
        for key in ("ours", "other")
        for case in (ONE, MANY)
        for number in (0, 1)
    )


def test_nothing_is_started_when_everything_is_measured() -> None:
    done = run(Playground(), Results())
    again = Playground()

    run(again, done)

    assert again.started_for == []


def test_nothing_is_begun_when_the_time_is_up() -> None:
    ground = Playground()

    found = run(ground, Results(), late=lambda: True)

    assert (ground.started_for, found.samples) == ([], [])


def test_a_server_that_ends_under_load_stops_nobody_else() -> None:
    found = run(Playground(ended="other"), Results([], weighed()))

    assert {sample.server for sample in found.samples} == {"ours"}
    assert found.weight("other", "linear").problem == "it ended under load"


def test_what_did_not_run_is_tried_again_by_the_next_call() -> None:
    before = Results([], [Weight("other", "linear", problem="it ended")])

    found = run(Playground(), before)

    assert found.weight("other", "linear").problem == ""
    assert len(found.of("other", ONE)) == 2


def test_saved_results_are_what_the_next_call_knows(tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    found = Results([Sample("ours", ONE, 0, 10.0, 1.0, 2.0)], weighed(), {"ready_s": 0.5})

    saving(found, file)()

    assert known(file) == found
    assert known(tmp_path / "nothing.json") == Results()


def test_without_a_budget_it_is_never_late() -> None:
    assert not deadline(None)()
    assert deadline(0)()
