import asyncio
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelyard.serving.limits.choice import choose
from modelyard.serving.limits.claims import Claim, sweep
from modelyard.serving.limits.files import counter, mounts, own_group
from modelyard.serving.limits.watchdog import Watchdog, cores, measure, to_kill
from tests.serving.fronts import ECHO, Front
from tests.waiting import wait_until

Start = Callable[..., Front]
MB = 1024 * 1024
MOUNTS = """proc /proc proc rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup2 /sys/fs/cgroup/uni\\040fied cgroup2 rw 0 0
"""


def test_mounts_are_found_by_kind() -> None:
    ((v1, options),) = mounts("cgroup", MOUNTS)

    assert v1 == Path("/sys/fs/cgroup/cpu,cpuacct")
    assert "cpu" in options
    assert mounts("cgroup2", MOUNTS)[0][0] == Path("/sys/fs/cgroup/uni fied")


def test_our_own_group_is_found_by_controller() -> None:
    text = "4:memory:/a/b\n1:cpu,cpuacct:/c\n0::/user.slice\n"

    assert [own_group(text, n) for n in ("memory", "cpu", "", "pids")] == [
        "/a/b", "/c", "/user.slice", "/",
    ]  # fmt: skip


def test_a_counter_is_read_by_name(tmp_path: Path) -> None:
    file = tmp_path / "memory.events"
    file.write_text("oom 5\noom_kill 2\n")

    assert counter(file, "oom_kill") == 2
    assert counter(tmp_path / "none", "oom_kill") == 0


def test_the_largest_worker_goes_when_all_together_are_over() -> None:
    assert to_kill({1: 10, 2: 30, 3: 20}, limit=60) is None
    assert to_kill({1: 10, 2: 30, 3: 20}, limit=59) == 2


def test_cores_are_rounded_up_and_never_more_than_there_are() -> None:
    assert len(cores("a", 1.2, [0, 1, 2, 3])) == 2
    assert cores("a", 16, [2, 5]) == {2, 5}


def test_a_process_is_measured_with_its_children() -> None:
    sizes = measure({1: os.getpid(), 2: 2**22 + 1}, limit=1 << 60)

    assert sizes[1] > MB
    assert sizes[2] == 0


async def nothing_asked() -> str:
    return (await choose("x", None, None)).kind


async def nothing_allowed() -> str:
    limits = await choose("x", 1.0, None, kinds=[refuses])
    await limits.close()
    return limits.kind


def refuses(name: str, cpu: float | None, memory: int | None) -> Watchdog:
    raise PermissionError


def test_without_limits_nothing_is_made_and_without_rights_a_watchdog_is() -> None:
    assert asyncio.run(nothing_asked()) == "none"
    assert asyncio.run(nothing_allowed()) == "watchdog"


def limited(start: Start, **spec: object) -> Front:
    """A front with control groups, or no test."""
    front = start(**spec)
    kind = (front.status() or {})["limits"]
    if kind not in {"cgroup-v1", "cgroup-v2"}:
        pytest.skip(f"no control group may be made here: the front uses {kind}")
    return front


def groups() -> set[Path]:
    found = Path("/sys/fs/cgroup").rglob("modelyard-*")
    return {path for path in found if path.is_dir()}


def groups_of(front: Front) -> set[Path]:
    place = hashlib.sha256(str(front.socket).encode()).hexdigest()[:8]
    return {group for group in groups() if group.name.endswith(place)}


def processes(of: set[Path]) -> str:
    return "".join((group / "cgroup.procs").read_text() for group in of)


def test_a_worker_over_the_memory_limit_is_killed_and_the_caller_told(start: Start) -> None:
    front = limited(start, memory=200 * MB)

    answer = front.score(hold=400 * MB)

    assert (answer.status, answer.json["code"]) == (502, "worker_crashed")
    assert "memory limit" in answer.json["message"]
    wait_until(lambda: "memory limit" in front.log(), what="the log to say so")
    assert front.score().status == 200


def test_workers_get_no_more_processor_than_allowed(start: Start) -> None:
    script = """
import time
def init(): pass
def run(data):
    wall, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < 1.0:
        pass
    return (time.process_time() - used) / (time.perf_counter() - wall)
"""
    front = limited(start, cpu=0.3, script=script)

    share = front.score(a=1).json

    assert share < 0.45


def test_control_groups_are_gone_when_the_front_is(start: Start) -> None:
    front = limited(start, memory=300 * MB, cpu=1)
    made = {group for group in groups() if f"-{front.spec['id']}-" in group.name}
    os.kill(front.score().json["pid"], 9)

    front.close()

    assert made
    assert not made & groups()


def test_groups_of_a_killed_front_go_when_another_starts_and_those_of_live_ones_stay(
    start: Start,
) -> None:
    idle = limited(start, memory=300 * MB, cpu=1)
    idle.control(op="bounds", workers=0)  # alive, and its groups have no process
    killed = limited(start, memory=300 * MB, cpu=1)
    wait_until(lambda: not processes(groups_of(idle)))
    kept, left = groups_of(idle), groups_of(killed)
    killed.process.kill()
    killed.process.wait()
    wait_until(lambda: not processes(left), what="the killed front's workers end")
    assert left
    assert left <= groups()

    limited(start, cpu=1)

    assert not left & groups()
    assert kept
    assert kept <= groups()
    idle.control(op="bounds", workers=1)
    assert idle.score().status == 200


def test_nothing_but_an_empty_group_with_our_kind_of_name_is_taken_away(tmp_path: Path) -> None:
    names = ["modelyard-web.service", "modelyard-a-0123abcd", "other"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").write_text("17\n")

    sweep(tmp_path)
    sweep(tmp_path / "none")

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_claimed_group_is_held_until_it_is_let_go(tmp_path: Path) -> None:
    group = tmp_path / "modelyard-a-0123abcd"
    claim, again = Claim(group), Claim(group)

    with pytest.raises(BlockingIOError), group_lock(group):
        pytest.fail("another may lock it")
    claim.close()
    again.close()
    again.close()

    with group_lock(group):
        assert group.is_dir()


@contextmanager
def group_lock(group: Path) -> Iterator[None]:
    fd = os.open(group, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)


WATCHED = """
import sys
from modelyard.bootstrap import front
choose = front.choose
async def watchdog_only(*given): return await choose(*given, kinds=())
front.choose = watchdog_only
sys.exit(front.main())
"""


def test_without_control_groups_a_watchdog_kills_the_largest(start: Start, tmp_path: Path) -> None:
    front = start(memory=150 * MB, state="", launcher=WATCHED, script=ECHO)
    status = front.wait_for("ready")

    answer = front.score(hold=400 * MB, sleep=20)

    assert status["limits"] == "watchdog"
    assert answer.status == 502
    assert "memory limit" in answer.json["message"]
    wait_until(lambda: "bytes together, the limit is" in front.log())
    assert front.score().status == 200
