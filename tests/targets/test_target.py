import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard.domain.fronts import FrontSpec, FrontState, paths_of
from modelyard.settings import Settings
from modelyard.targets.local import control, layout
from modelyard.targets.local.target import LocalTarget
from modelyard.testing.conformance.targets import TargetContract, wait_for
from modelyard.testing.target import FakeTarget
from tests.supervisor.yard import Yard, runs
from tests.targets.conftest import FAKE_FRONT
from tests.waiting import wait_until

MakeSpec = Callable[..., FrontSpec]


class TestLocalTarget(TargetContract):
    pass


class TestFakeTarget(TargetContract):
    @pytest.fixture
    def target(self) -> FakeTarget:
        return FakeTarget()


def test_the_specification_reaches_the_front_whole(
    target: LocalTarget, make_spec: MakeSpec, settings: Settings
) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)

    said = layout.front_log(settings.logs, "a").read_text()
    assert said == "front of a with runtime /runtime\n"
    assert (settings.run / "fronts" / "a.json").stat().st_mode & 0o777 == 0o600


def test_a_killed_front_comes_back(target: LocalTarget, make_spec: MakeSpec) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)
    first = target.observe(["a"])["a"].pid

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: target.observe(["a"])["a"].pid not in {0, first})
    wait_for(target, "a", FrontState.READY)


def test_a_front_that_never_comes_up_is_gone_between_its_tries(
    yard: Yard, settings: Settings, make_spec: MakeSpec
) -> None:
    yard.supervise()
    target = LocalTarget(settings, yard.supervision, Path("/runtime"), ("/bin/false",))

    target.start(make_spec("a"))

    wait_for(target, "a", FrontState.GONE)
    wait_until(lambda: target.observe(["a"])["a"].restarts > 1)
    target.close()


def test_one_that_does_not_answer_in_time_is_unhealthy(
    target: LocalTarget, make_spec: MakeSpec
) -> None:
    target.start(make_spec("a", variables={"SILENT": "1"}))

    wait_for(target, "a", FrontState.UNHEALTHY)

    status = target.observe(["a"])["a"]
    assert status.error is not None
    assert "does not answer within" in status.error["message"]


@pytest.mark.parametrize("answer", ['{"error": "no"}', "[]", '{"id":"a","state":"sleepy"}'])
def test_an_answer_that_is_not_understood_is_shown(
    target: LocalTarget, make_spec: MakeSpec, answer: str
) -> None:
    target.start(make_spec("a", variables={"ANSWER": answer}))

    wait_for(target, "a", FrontState.UNHEALTHY)

    assert answer in str(target.observe(["a"])["a"].error)


def test_a_running_front_is_left_alone_by_a_start_with_another_spec(
    target: LocalTarget, make_spec: MakeSpec
) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)
    before = target.observe(["a"])["a"].pid

    target.start(make_spec("a", runtime="/of/another/release"))

    assert target.observe(["a"])["a"].pid == before


def test_a_front_that_cannot_be_reached_is_replaced_by_a_start_with_another_spec(
    target: LocalTarget, make_spec: MakeSpec, sockets: Path
) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)
    before = target.observe(["a"])["a"].pid
    layout.control_socket(sockets, "a").unlink()

    target.start(make_spec("a", control_socket=str(sockets / "elsewhere.ctl")))

    wait_for(target, "a", FrontState.READY)
    assert target.observe(["a"])["a"].pid != before


def test_what_a_killed_front_leaves_behind_is_swept_when_it_was_stopped(
    target: LocalTarget, make_spec: MakeSpec, sockets: Path, settings: Settings, yard: Yard
) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)
    pid = target.observe(["a"])["a"].pid
    spec = FrontSpec(**json.loads((settings.run / "fronts" / "a.json").read_text()))
    ledger = Path(spec.ledger)
    assert ledger == settings.rings / "a.ledger"
    ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ledger.touch()

    os.kill(pid, signal.SIGSTOP)  # it cannot clean up after itself
    target.stop("a")
    wait_until(lambda: not target.observe(["a"])["a"].pid)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: yard.status("front-a") is None)
    target.running()

    assert list(sockets.iterdir()) == []
    assert list((settings.run / "fronts").iterdir()) == []
    assert not ledger.exists()


def test_fronts_keep_no_ledger_that_the_gateway_cannot_read(
    settings: Settings, make_spec: MakeSpec, yard: Yard
) -> None:
    target = LocalTarget(
        settings, yard.supervision, Path("/runtime"), ("/bin/false",), ledgers=False
    )

    target.start(make_spec("a"))

    assert json.loads((settings.run / "fronts" / "a.json").read_text())["ledger"] == ""
    target.stop("a")
    target.close()


def test_logs_are_told_across_rotations_and_after_the_stop(
    target: LocalTarget, make_spec: MakeSpec
) -> None:
    spec = make_spec("a")
    log = Path(spec.log_file)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.with_name(log.name + ".1").write_text("one\ntwo\n")
    log.write_text("three\n")
    target.start(spec)

    running = target.logs("a", 2)
    target.stop("a")

    assert running == ["two", "three"]
    assert target.logs("a", 10) == ["one", "two", "three"]


def test_the_front_is_stopped_with_the_time_that_its_requests_need(
    target: LocalTarget, make_spec: MakeSpec, yard: Yard
) -> None:
    target.start(make_spec("a", scoring_timeout=60.0))

    process = yard.supervision.wanted()["front-a"]

    assert process.stop_timeout >= 70.0
    assert process.order == 30


def test_a_stopped_process_is_really_gone(target: LocalTarget, make_spec: MakeSpec) -> None:
    target.start(make_spec("a"))
    wait_for(target, "a", FrontState.READY)
    pid = target.observe(["a"])["a"].pid

    target.stop("a")

    wait_until(lambda: not runs(pid))


def test_several_fronts_are_one_to_whoever_asks(
    target: LocalTarget, make_spec: MakeSpec, yard: Yard, sockets: Path
) -> None:
    target.start(make_spec("a", fronts=2, workers=3))
    wait_for(target, "a", FrontState.READY)

    assert list(target.running()) == ["a"]
    assert sorted(yard.supervision.wanted()) == ["front-a.1", "front-a.2"]
    assert sorted(path.name for path in sockets.iterdir()) == ["a.1.ctl", "a.2.ctl"]

    target.drain("a")
    wait_for(target, "a", FrontState.DRAINING)
    target.stop("a")
    wait_for(target, "a", FrontState.GONE)
    wait_until(lambda: not yard.supervision.statuses())
    assert list(target.running()) == []
    assert list(sockets.iterdir()) == []


def test_one_of_several_that_is_killed_comes_back_and_the_other_stays(
    target: LocalTarget, make_spec: MakeSpec, yard: Yard
) -> None:
    target.start(make_spec("a", fronts=2))
    wait_for(target, "a", FrontState.READY)
    before = {name: status.pid for name, status in yard.supervision.statuses().items()}

    os.kill(before["front-a.2"] or 0, signal.SIGKILL)

    def came_back() -> bool:
        now = yard.status("front-a.2")
        return now is not None and now.pid not in {None, before["front-a.2"]}

    wait_until(came_back)
    wait_for(target, "a", FrontState.READY)
    first = yard.status("front-a.1")
    assert first is not None
    assert first.pid == before["front-a.1"]


def test_starting_several_again_starts_only_what_is_missing(
    target: LocalTarget, make_spec: MakeSpec, yard: Yard
) -> None:
    spec = make_spec("a", fronts=2)
    target.start(spec)
    wait_for(target, "a", FrontState.READY)
    before = yard.supervision.wanted()
    yard.supervision.drop("front-a.1")

    target.start(spec)

    wait_for(target, "a", FrontState.READY)
    assert yard.supervision.wanted()["front-a.2"] == before["front-a.2"]


def test_several_fronts_of_another_release_are_outdated_once(
    target: LocalTarget, make_spec: MakeSpec, settings: Settings, yard: Yard
) -> None:
    target.start(make_spec("a", fronts=2))
    later = LocalTarget(settings, yard.supervision, Path("/runtime"), FAKE_FRONT, release="later")

    assert target.outdated() == frozenset()
    assert later.outdated() == {"a"}
    later.close()


def test_logs_of_several_fronts_are_told_together_also_after_the_stop(
    target: LocalTarget, make_spec: MakeSpec
) -> None:
    spec = make_spec("a", fronts=2)
    logs = [Path(path) for path in paths_of(spec.log_file, 2)]
    logs[0].parent.mkdir(parents=True, exist_ok=True)
    logs[0].write_text("2026-01-01T00:00:02Z [worker 1] later\n")
    logs[1].write_text("2026-01-01T00:00:01Z [worker 1] sooner\n")
    target.start(spec)

    running = target.logs("a", 10)
    target.stop("a")

    assert running == [
        "2026-01-01T00:00:01Z [worker 1 of front 2] sooner",
        "2026-01-01T00:00:02Z [worker 1 of front 1] later",
    ]
    assert target.logs("a", 10) == running


def test_nobody_listens_is_told_apart_from_no_answer(tmp_path: Path) -> None:
    with pytest.raises(control.NoFront):
        control.ask(str(tmp_path / "none"), "status")
