import os
import signal
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from modelyard.domain.processes import Restart
from tests.supervisor.yard import STUBBORN, Yard, runs
from tests.waiting import wait_until


def test_a_killed_process_comes_back(yard: Yard) -> None:
    yard.supervise()
    yard.supervision.want(yard.spec("a"))
    first = yard.pid("a")

    os.kill(first, signal.SIGKILL)
    yard.pid("a", other_than=first)

    status = yard.status("a")
    assert status is not None
    assert status.restarts == 1


def test_a_process_that_dies_at_once_is_restarted_ever_more_slowly(yard: Yard) -> None:
    yard.supervise()
    yard.supervision.want(
        yard.spec("a", "import time; print(time.monotonic()); raise SystemExit(3)")
    )

    wait_until(lambda: len(yard.log("a").splitlines()) >= 4)

    times = [float(line) for line in yard.log("a").splitlines()[:4]]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] >= 0.1
    assert pauses[1] >= 0.2
    assert pauses[2] >= 0.4
    wait_until(lambda: (found := yard.status("a")) and found.exit_code == 3)


def test_a_process_that_shall_run_once_is_left_exited(yard: Yard) -> None:
    yard.supervise()

    yard.supervision.want(yard.spec("a", "raise SystemExit(7)", restart=Restart.NEVER))
    wait_until(lambda: (found := yard.status("a")) and found.state == "exited")

    status = yard.status("a")
    assert status is not None
    assert (status.exit_code, status.restarts, status.pid) == (7, 0, None)


def test_what_cannot_be_executed_is_tried_again_and_its_log_says_why(yard: Yard) -> None:
    yard.supervise()
    missing = replace(yard.spec("a"), argv=("/nowhere/python",))

    yard.supervision.want(missing)
    wait_until(lambda: (found := yard.status("a")) and found.restarts >= 1)

    assert "cannot start a" in yard.log("a")
    assert yard.status("a").exit_code == 127  # type: ignore[union-attr]


def test_a_changed_environment_means_a_new_process(yard: Yard) -> None:
    yard.supervise()
    code = "import os, signal; print(os.environ['COLOUR'], flush=True); signal.pause()"
    yard.supervision.want(yard.spec("a", code, env={"COLOUR": "blue"}))
    first = yard.pid("a")
    wait_until(lambda: yard.log("a") == "blue\n")

    yard.supervision.want(yard.spec("a", code, env={"COLOUR": "green"}))
    yard.pid("a", other_than=first)

    wait_until(lambda: yard.log("a") == "blue\ngreen\n")
    assert not runs(first)


def test_a_dropped_process_stops_and_is_forgotten(yard: Yard) -> None:
    yard.supervise()
    yard.supervision.want(yard.spec("a"), yard.spec("b"))
    dropped, kept = yard.pid("a"), yard.pid("b")

    yard.supervision.drop("a")
    wait_until(lambda: yard.status("a") is None)

    assert not runs(dropped)
    assert runs(kept)


def test_one_that_ignores_its_stop_signal_is_killed_with_its_group(yard: Yard) -> None:
    yard.supervise()
    code = f"import os\nprint(os.fork(), flush=True)\n{STUBBORN}"
    yard.supervision.want(yard.spec("a", code, stop_timeout=0.3))
    leader = yard.pid("a")
    wait_until(lambda: yard.log("a").count("deaf") == 2)

    yard.supervision.drop("a")
    wait_until(lambda: yard.status("a") is None)

    assert not runs(leader)
    wait_until(lambda: len(yard.left()) == 1, what="only the supervisor to be left")


def test_what_a_dead_leader_leaves_in_its_group_goes_before_the_restart(yard: Yard) -> None:
    yard.supervise()
    yard.supervision.want(yard.spec("a", "import os, signal; os.fork(); signal.pause()"))
    leader = yard.pid("a")
    wait_until(lambda: len(yard.left()) == 3)
    orphan = max(yard.left())

    os.kill(leader, signal.SIGKILL)
    yard.pid("a", other_than=leader)

    assert not runs(orphan)


def test_what_a_killed_orphan_leaves_in_its_group_goes_too(yard: Yard) -> None:
    yard.supervise()
    code = (
        "import os, signal\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"  # like a worker: of its own group, and killed with its front
        "    left = os.fork()\n"
        "    if left == 0: signal.pause()\n"
        "    print(os.getpid(), left, flush=True)\n"
        "signal.pause()"
    )
    yard.supervision.want(yard.spec("a", code))
    leader, left = map(int, str(wait_until(lambda: yard.log("a").strip())).split())

    os.kill(yard.pid("a"), signal.SIGKILL)
    os.kill(leader, signal.SIGKILL)

    wait_until(lambda: not runs(left), what="what the orphan started to be gone")


def test_orphans_of_children_are_reaped(yard: Yard) -> None:
    supervisor = yard.supervise()
    code = (
        "import os, signal\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.setsid()\n"
        "    orphan = os.fork()\n"
        "    if orphan == 0: signal.pause()\n"
        "    print(orphan, flush=True); os._exit(0)\n"
        "os.waitpid(child, 0); signal.pause()"
    )
    yard.supervision.want(yard.spec("a", code))
    orphan = int(str(wait_until(lambda: yard.log("a").strip())))
    stat = Path(f"/proc/{orphan}/stat")
    assert stat.read_text().rpartition(")")[2].split()[1] == str(supervisor.pid)

    os.kill(orphan, signal.SIGKILL)

    wait_until(lambda: not stat.exists(), what="the zombie to be reaped")


def test_a_child_has_its_own_session_no_input_and_no_descriptor_of_the_supervisor(
    yard: Yard,
) -> None:
    yard.supervise()
    code = (
        "import os, sys\n"
        "print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()), os.getcwd(),\n"
        "      sorted(os.readlink(f'/proc/self/fd/{n}') for n in range(3, 64)\n"
        "             if os.path.lexists(f'/proc/self/fd/{n}')), flush=True)\n"
        "import signal; signal.pause()"
    )

    yard.supervision.want(yard.spec("a", code))

    wait_until(lambda: yard.log("a"))
    assert yard.log("a") == f"True '' {yard.home} []\n"
    assert Path(yard.home / "logs" / "a.log").stat().st_mode & 0o777 == 0o600
