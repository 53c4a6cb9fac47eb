import os
import signal

from tests.supervisor.yard import STUBBORN, Yard, runs
from tests.waiting import wait_until

LAST_WORDS = (
    "import signal, sys, time\n"
    "def bye(*_): print(time.monotonic(), flush=True); sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, bye)\n"
    "print('up', flush=True)\n"
    "while True: signal.pause()"
)


def test_everything_stops_in_reverse_order(yard: Yard) -> None:
    supervisor = yard.supervise()
    orders = {"gateway": 10, "control": 20, "front": 30}
    yard.supervision.want(*(yard.spec(name, LAST_WORDS, order=n) for name, n in orders.items()))
    wait_until(lambda: all("up" in yard.log(name) for name in orders))

    supervisor.terminate()

    assert supervisor.wait(20) == 0
    ends = {name: float(yard.log(name).split()[-1]) for name in orders}
    assert sorted(ends, key=lambda name: ends[name]) == ["front", "control", "gateway"]
    assert {status.state for status in yard.supervision.statuses().values()} == {"stopped"}
    assert yard.left() == []


def test_what_was_wanted_is_still_wanted_after_a_stop(yard: Yard) -> None:
    first = yard.supervise()
    yard.supervision.want(yard.spec("a"))
    before = yard.pid("a")
    first.terminate()
    first.wait(20)

    yard.supervise()

    assert yard.pid("a", other_than=before)


def test_a_second_signal_kills_at_once(yard: Yard) -> None:
    supervisor = yard.supervise()
    yard.supervision.want(yard.spec("a", STUBBORN, stop_timeout=600.0))
    wait_until(lambda: "deaf" in yard.log("a"))
    supervisor.send_signal(signal.SIGINT)
    wait_until(lambda: "stopping a" in yard.log("supervisor"))

    supervisor.send_signal(signal.SIGINT)

    assert supervisor.wait(20) == 0
    assert yard.left() == []


def test_sigusr1_leaves_the_children_serving(yard: Yard) -> None:
    supervisor = yard.supervise()
    yard.supervision.want(yard.spec("a"))
    child = yard.pid("a")

    supervisor.send_signal(signal.SIGUSR1)

    assert supervisor.wait(20) == 0
    assert runs(child)


def test_a_second_supervisor_in_the_same_home_leaves_at_once(yard: Yard) -> None:
    first = yard.supervise()
    yard.supervision.want(yard.spec("a"))
    child = yard.pid("a")

    second = os.spawnve(
        os.P_WAIT,
        first.args[0],  # type: ignore[index]
        [str(argument) for argument in first.args],  # type: ignore[union-attr]
        {**yard.environment},
    )

    assert second == 0
    assert yard.pid("a") == child
    assert first.poll() is None
