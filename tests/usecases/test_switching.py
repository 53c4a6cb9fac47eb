"""Blue/green over fakes: the switch, the time after it, and a control plane that is killed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from modelyard.domain.errors import Conflict
from modelyard.domain.fronts import FrontState
from modelyard.testing.stores.services import MemoryServiceStore
from tests.usecases.yard import Yard
from tests.waiting import wait_until

WRITES = (
    "add",
    "change",
    "edit",
    "remove",
    "add_revision",
    "change_version",
    "remove_version",
    "set_live",
    "update_revision",
    "remove_revision",
)


@pytest.fixture
def blue(yard: Yard) -> Yard:
    """A healthy service of one version, blue."""
    yard.deploy(version="blue")
    yard.settle()
    return yard


def answering(yard: Yard) -> str:
    """The version that a caller without the header meets, or the code of the error."""
    service = yard.stores.services.get("ws", "salary")
    key = yard.stores.services.keys(service.id).primary
    answer = yard.gateway.ask("POST", "/serve/ws/salary/score", key=key)
    known = {r.id: r.version for r in yard.stores.services.revisions(service.id)}
    return known[answer.front] if answer.front else answer.code


def starting(yard: Yard, version: str) -> str:
    """The front of a version whose init() runs."""
    yard.target.first = FrontState.STARTING
    yard.make(version, strategy="blue-green", keep_warm=600.0)
    yard.step_until(lambda: yard.revisions(version=version)[1].state == "starting")
    return yard.revisions(version=version)[1].id


def whats(yard: Yard) -> list[str]:
    return [event.what for event in reversed(yard.cases.events.list("ws", "salary"))]


def test_a_version_takes_over_when_it_is_ready_and_the_old_one_stays_warm(blue: Yard) -> None:
    front = starting(blue, "green")
    assert answering(blue) == "blue"
    assert "takes all traffic as soon as it is ready" in blue.view().versions[1].notes

    blue.target.say(front, FrontState.READY, ready_workers=1)
    blue.settle()

    assert answering(blue) == "green"
    view = blue.view()
    assert (view.default_version, view.traffic and view.traffic.shares) == (
        "green",
        {"blue": 0.0, "green": 100.0},
    )
    assert [v.state for v in view.versions] == ["Healthy", "Healthy"]
    assert view.versions[0].stop_at is not None
    told = blue.cases.events.list("ws", "salary")[0]
    assert (told.what, told.who, told.version) == ("switched", "modelyard", "green")
    assert (told.before["default"], told.after["default"]) == ("blue", "green")


def test_shares_and_a_closed_door_give_way_to_the_version_that_takes_over(blue: Yard) -> None:
    blue.make("red", traffic=30)
    blue.settle()
    blue.traffic(shares={})
    blue.make("green", strategy="blue-green")

    blue.settle()

    assert answering(blue) == "green"
    assert blue.cases.traffic.get("ws", "salary").given == {}


def test_the_old_version_stops_when_its_time_is_over(blue: Yard) -> None:
    blue.make("green", strategy="blue-green", keep_warm=600.0)
    blue.settle()
    stop_at = blue.versions()["blue"].stop_at
    assert stop_at is not None
    assert timedelta(0) < stop_at - blue.clock.now() <= timedelta(seconds=600)

    blue.clock.advance(601)
    blue.settle()

    assert [v.state for v in blue.view().versions] == ["Stopped", "Healthy"]
    assert blue.target.running() == [blue.revisions(version="green")[1].id]
    assert whats(blue)[-1] == "version stopped"


def test_a_rollback_before_that_is_at_once_and_keeps_both(blue: Yard) -> None:
    blue.make("green", strategy="blue-green", keep_warm=600.0)
    blue.settle()

    blue.cases.traffic.rollback("ws", "salary", "somebody")
    blue.reconciler.step()

    assert answering(blue) == "blue"
    blue.clock.advance(10_000)
    blue.settle()
    assert [v.state for v in blue.view().versions] == ["Healthy", "Healthy"]
    assert answering(blue) == "blue"


def test_a_rollback_after_that_starts_the_old_one_again(blue: Yard) -> None:
    blue.make("green", strategy="blue-green", keep_warm=0.0)
    blue.settle()
    assert [v.state for v in blue.view().versions] == ["Stopped", "Healthy"]

    blue.cases.traffic.rollback("ws", "salary")
    blue.settle()

    assert answering(blue) == "blue"


def test_a_version_that_fails_changes_nothing_and_says_why(blue: Yard) -> None:
    front = starting(blue, "green")
    blue.target.print(front, "no such file")

    error = {"type": "FileNotFoundError", "message": "no such file"}
    blue.target.say(front, FrontState.FAILED, error=error)
    blue.settle()

    assert answering(blue) == "blue"
    assert blue.versions()["green"].switch is None
    view = blue.view()
    assert (view.state, view.versions[1].state) == ("Healthy", "Failed")
    told = blue.cases.events.list("ws", "salary")[0]
    assert told.what == "switch given up"
    assert told.why.endswith("did not become ready: no such file")


def test_a_front_that_does_not_answer_takes_nothing_over(blue: Yard) -> None:
    front = starting(blue, "green")
    blue.target.say(front, FrontState.READY, ready_workers=1)
    blue.step_until(lambda: blue.revisions(version="green")[1].state == "ready")
    blue.target.say(front, FrontState.UNHEALTHY)

    blue.step_until(lambda: blue.versions()["green"].live == 1)
    blue.reconciler.step()

    assert answering(blue) == "blue"
    blue.target.say(front, FrontState.READY, ready_workers=1)
    blue.settle()
    assert answering(blue) == "green"


@pytest.mark.parametrize("decide", ["traffic", "rollback", "stop", "delete"])
def test_who_decides_otherwise_meanwhile_is_obeyed(blue: Yard, decide: str) -> None:
    blue.make("red")
    blue.settle()
    blue.traffic(default="red")
    blue.traffic(default="blue")
    front = starting(blue, "green")

    if decide == "traffic":
        blue.traffic(shares={"blue": 90})
    elif decide == "rollback":
        blue.cases.traffic.rollback("ws", "salary")
    elif decide == "stop":
        blue.change("green", enabled=False)
    else:
        blue.cases.versions.delete("ws", "salary", "green")
    before = blue.cases.traffic.get("ws", "salary").shares
    if decide in {"traffic", "rollback"}:
        assert blue.cases.events.list("ws", "salary")[0].before["switching"] == ["green"]
    if front in blue.target.running():
        blue.target.say(front, FrontState.READY, ready_workers=1)
    blue.target.first = FrontState.READY
    blue.settle()

    shares = blue.cases.traffic.get("ws", "salary").shares
    assert {n: s for n, s in shares.items() if s} == {n: s for n, s in before.items() if s}
    assert "switched" not in whats(blue)


def test_a_change_that_is_not_about_shares_leaves_the_switch_to_come(blue: Yard) -> None:
    front = starting(blue, "green")

    blue.traffic(sticky="cookie")
    blue.target.say(front, FrontState.READY, ready_workers=1)
    blue.settle()

    assert answering(blue) == "green"


def test_a_newer_content_takes_over_in_place_of_the_older(blue: Yard) -> None:
    starting(blue, "green")
    blue.target.first = FrontState.READY

    blue.change("green", variables={"A": "1"})
    blue.settle()

    assert answering(blue) == "green"
    assert blue.versions()["green"].live == 2


class Killed(BaseException):
    """What a control plane that is killed does not catch."""


class Deadly(MemoryServiceStore):
    """Kills who writes for the nth time, before or after the write."""

    def __init__(self, inner: MemoryServiceStore) -> None:
        super().__init__(inner._memory)
        self.left: int | None = None
        self.after = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in WRITES:
            return found

        def write(*args: Any, **kwargs: Any) -> Any:
            leading = threading.current_thread() is threading.main_thread()
            if self.left is None or not leading:
                return found(*args, **kwargs)
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Killed
            left, self.left = self.left, None  # a write's own parts are not counted
            try:
                result = found(*args, **kwargs)
            finally:
                self.left = left
            if self.left == 0:
                raise Killed
            return result

        return write


@contextmanager
def killed_at(store: Deadly, write: int, *, after: bool) -> Iterator[None]:
    """The block is left at that write, if it comes to it."""
    store.left, store.after = write, after
    try:
        yield
    except Killed:
        pass
    finally:
        store.left = None


def deadly_yard(folder: Path) -> tuple[Yard, Deadly]:
    """A yard whose leader can be killed at a write; it prepares fronts before it goes on."""
    yard = Yard(folder)
    yard.workspace()
    assert isinstance(yard.stores.services, MemoryServiceStore)
    return yard, Deadly(yard.stores.services)


def lead(yard: Yard, store: Deadly, done: Callable[[], bool]) -> None:
    """A leader that has just begun, until all is done."""
    yard.services = store
    yard.reconciler = yard.new_reconciler()

    def step() -> bool:
        yard.reconciler.step()
        yard.clock.advance(0.5)
        served = answering(yard)
        assert served in {"blue", "green"}, "callers always meet somebody"
        return done() and not yard.actor.preparing()

    wait_until(step, what="the switch to be done")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 9))
def test_a_leader_killed_at_any_write_leaves_nothing_half_done(
    tmp_path: Path, write: int, after: bool
) -> None:
    yard, store = deadly_yard(tmp_path)
    yard.deploy(version="blue")
    yard.settle()
    yard.make("green", strategy="blue-green", keep_warm=5.0)

    def done() -> bool:
        versions = yard.versions()
        stopped = not versions["blue"].enabled
        ended = {r.state.value for r in yard.revisions(version="blue").values()} == {"stopped"}
        return versions["green"].switch is None and stopped and ended

    with killed_at(store, write, after=after):
        lead(yard, store, done)
    lead(yard, store, done)

    assert answering(yard) == "green"
    assert whats(yard) == ["deployed", "version created", "switched", "version stopped"]
    assert yard.target.running() == [yard.revisions(version="green")[1].id]
    assert yard.versions()["blue"].stop_at is None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 5))
def test_a_leader_killed_while_a_version_fails_gives_up_once(
    tmp_path: Path, write: int, after: bool
) -> None:
    yard, store = deadly_yard(tmp_path)
    yard.deploy(version="blue")
    yard.settle()
    front = starting(yard, "green")

    def done() -> bool:
        if front in yard.target.running():  # also when it is started once more
            yard.target.say(front, FrontState.FAILED, error={"type": "E", "message": "no"})
        return yard.versions()["green"].switch is None

    with killed_at(store, write, after=after):
        lead(yard, store, done)
    lead(yard, store, done)

    assert answering(yard) == "blue"
    assert whats(yard) == ["deployed", "version created", "switch given up"]


def test_a_call_that_is_killed_makes_the_whole_version_or_none(tmp_path: Path) -> None:
    yard, store = deadly_yard(tmp_path)
    yard.deploy(version="blue")
    yard.settle()
    yard.cases.versions._store = store

    with killed_at(store, 1, after=False):
        yard.make("green", strategy="blue-green", description="words")
    assert list(yard.versions()) == ["blue"]
    with killed_at(store, 1, after=True):
        yard.make("green", strategy="blue-green", description="words")

    made = yard.versions()["green"]
    assert (made.switch, made.description) == (1, "words")
    yard.settle()
    assert answering(yard) == "green"
    with pytest.raises(Conflict):
        yard.make("green")
