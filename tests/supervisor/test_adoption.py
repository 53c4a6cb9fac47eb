import os
import signal
import subprocess

from tests.supervisor.yard import SLEEPER, STUBBORN, Yard, runs
from tests.waiting import wait_until


def killed(supervisor: subprocess.Popen[bytes]) -> None:
    supervisor.kill()
    supervisor.wait(10)


def test_children_outlive_a_killed_supervisor_and_are_adopted(yard: Yard) -> None:
    first = yard.supervise()
    yard.supervision.want(yard.spec("a"))
    child = yard.pid("a")

    killed(first)
    assert runs(child)
    yard.supervise()
    wait_until(lambda: (found := yard.status("a")) and found.adopted)

    assert yard.pid("a") == child


def test_the_death_of_an_adopted_process_is_noticed_and_it_is_restarted(yard: Yard) -> None:
    killed_one = yard.supervise()
    yard.supervision.want(yard.spec("a"))
    child = yard.pid("a")
    killed(killed_one)
    yard.supervise()
    wait_until(lambda: (found := yard.status("a")) and found.adopted)

    os.kill(child, signal.SIGKILL)
    yard.pid("a", other_than=child)

    status = yard.status("a")
    assert status is not None
    assert (status.adopted, status.restarts) == (False, 1)


def test_one_that_died_meanwhile_is_started(yard: Yard) -> None:
    first = yard.supervise()
    yard.supervision.want(yard.spec("a"))
    child = yard.pid("a")
    killed(first)
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: not runs(child))

    yard.supervise()

    assert yard.pid("a", other_than=child)


def test_an_adopted_process_whose_spec_changed_meanwhile_is_replaced(yard: Yard) -> None:
    first = yard.supervise()
    yard.supervision.want(yard.spec("a"))
    child = yard.pid("a")
    killed(first)
    yard.supervision.want(yard.spec("a", SLEEPER + "  # changed"))

    yard.supervise()

    assert yard.pid("a", other_than=child)
    assert not runs(child)


def test_an_adopted_process_that_is_no_longer_wanted_is_stopped(yard: Yard) -> None:
    first = yard.supervise()
    yard.supervision.want(yard.spec("a"), yard.spec("b", STUBBORN, stop_timeout=0.3))
    gone, stubborn = yard.pid("a"), yard.pid("b")
    wait_until(lambda: "deaf" in yard.log("b"))
    killed(first)
    yard.supervision.drop("a", "b")

    yard.supervise()
    wait_until(lambda: not yard.supervision.statuses())

    assert not runs(gone)
    assert not runs(stubborn)


def test_the_option_stop_ends_what_a_killed_supervisor_left(yard: Yard) -> None:
    first = yard.supervise()
    yard.supervision.want(yard.spec("a"), yard.spec("b", order=30))
    pids = [yard.pid("a"), yard.pid("b")]
    killed(first)

    cleaner = yard.supervise("--stop")

    assert cleaner.wait(20) == 0
    assert not any(runs(pid) for pid in pids)
    assert yard.left() == []
