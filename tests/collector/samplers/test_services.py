"""The processes of services, with real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from modelyard.collector.measures import Measure
from modelyard.collector.samplers.services import Services
from modelyard.collector.samplers.trees import Parents, trees
from modelyard.telemetry.ingest import Origin
from modelyard.telemetry.records import About
from tests.waiting import wait_until

IRIS = Origin("ws", "iris", "v1", 3, "", "f1")

FAMILY = """
import subprocess, sys
waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
child = subprocess.Popen(waits, stdin=subprocess.PIPE)
print(child.pid, flush=True)
for line in sys.stdin:
    if line == "end\\n":
        child.stdin.close()
        child.wait()
    else:
        sum(range(10**7))
    print("done", flush=True)
"""


class Family:
    """A front and its one worker, as far as the kernel can tell."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", FAMILY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout
        self.worker = int(self.process.stdout.readline())

    def about(self, instance: str = "f1") -> About:
        return About("front", instance, "ws", "iris", "v1", 3, self.process.pid)

    def tell(self, what: str) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def family() -> Iterator[Family]:
    made = Family()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Family]:
    made = Family()
    yield made
    made.close()


def value(measures: list[Measure], counter: str, origin: Origin = IRIS) -> float:
    (found,) = [m.value for m in measures if m.counter == counter and m.origin == origin]
    return found


def test_a_front_is_measured_together_with_its_workers(family: Family) -> None:
    services = Services(lambda: [family.about()])

    measures = services.look()

    assert services.pids == {family.process.pid: IRIS, family.worker: IRIS}
    assert value(measures, "process.count") == 2
    assert 10e6 < value(measures, "process.memory.usage") < 200e6
    assert value(measures, "process.thread.count") == 2
    assert value(measures, "process.open_file_descriptor.count") >= 6
    assert 0 < value(measures, "process.memory.pss") <= value(measures, "process.memory.usage")


def test_processor_time_is_told_as_it_grows_and_as_a_share_of_all_cores(family: Family) -> None:
    clock = {"now": 100.0}
    services = Services(lambda: [family.about()], cores=4, clock=lambda: clock["now"])
    before = value(services.look(), "process.cpu.time")
    family.tell("work")
    clock["now"] = 102.0

    measures = services.look()

    used = value(measures, "process.cpu.time") - before
    assert used > 0.05
    assert value(measures, "process.cpu.utilization") == pytest.approx(used / 2.0 / 4)


def test_a_worker_that_vanishes_takes_nothing_back_of_what_it_used(family: Family) -> None:
    services = Services(lambda: [family.about()])
    before = value(services.look(), "process.cpu.time")
    family.tell("end")

    measures = services.look()

    assert value(measures, "process.count") == 1
    assert value(measures, "process.cpu.time") >= before


def test_a_service_whose_processes_have_all_gone_is_not_told_of(family: Family) -> None:
    services = Services(lambda: [family.about()])
    services.look()
    os.killpg(family.process.pid, signal.SIGKILL)
    family.process.wait()

    assert wait_until(lambda: not services.look())
    assert services.pids == {}


def test_several_fronts_of_a_version_are_one(family: Family, other: Family) -> None:
    services = Services(lambda: [family.about("f1"), other.about("f2")])

    measures = services.look()

    assert {m.origin for m in measures} == {Origin("ws", "iris", "v1", 3)}
    assert value(measures, "process.count", Origin("ws", "iris", "v1", 3)) == 4


def test_the_tree_of_a_front_ends_where_another_begins() -> None:
    parents = {1: 0, 10: 1, 11: 10, 12: 11, 20: 10, 21: 20, 30: 1}

    assert trees([10, 20, 99], parents) == {10: [10, 11, 12], 20: [20, 21]}


def test_only_new_processes_are_asked_for_their_parent() -> None:
    there, asked = {1, 2}, []
    parents = Parents(lambda: there, lambda pid: asked.append(pid) or (None if pid == 3 else 1))
    parents.look()
    there |= {3, 4}
    there.discard(2)

    found = parents.look()

    assert found == {1: 1, 4: 1}
    assert sorted(asked) == [1, 2, 3, 4]
