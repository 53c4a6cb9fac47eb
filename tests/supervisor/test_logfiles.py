import os
from pathlib import Path

import pytest

from modelyard.supervisor import logfiles
from tests.supervisor.yard import Yard
from tests.waiting import wait_until


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("x" * 100)

    assert not logfiles.rotate(log, limit=100)

    assert log.read_text() == "x" * 100


def test_rotation_keeps_five_and_drops_the_oldest(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    for number in range(7):
        log.write_text(f"{number}" * 10)
        logfiles.rotate(log, limit=5)

    kept = [logfiles.rotated(log, number).read_text()[0] for number in range(1, 6)]
    assert kept == ["6", "5", "4", "3", "2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.log",
        *(f"a.log.{number}" for number in range(1, 6)),
    ]


def test_a_process_goes_on_writing_to_a_rotated_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    descriptor = logfiles.open_for_append(str(log))
    os.write(descriptor, b"before" * 10)

    logfiles.rotate(log, limit=10)
    os.write(descriptor, b"after")
    os.close(descriptor)

    assert log.read_bytes() == b"after"
    assert logfiles.rotated(log, 1).read_bytes() == b"before" * 10


def test_a_log_that_cannot_be_opened_does_not_stop_the_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    descriptor = logfiles.open_for_append(str(tmp_path / "file" / "a.log"))

    assert Path(f"/proc/self/fd/{descriptor}").readlink() == Path(os.devnull)
    os.close(descriptor)


def test_a_failed_rotation_loses_nothing(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("x" * 10)
    (tmp_path / "a.log.copy").mkdir()

    with pytest.raises(OSError, match="directory"):
        logfiles.rotate(log, limit=5)

    assert log.read_text() == "x" * 10


def test_the_supervisor_rotates_the_log_of_a_chatty_child(yard: Yard) -> None:
    yard.supervise()
    code = "import signal; print('x' * 11_000_000, flush=True); signal.pause()"

    yard.supervision.want(yard.spec("a", code))

    log = yard.home / "logs" / "a.log"
    wait_until(lambda: logfiles.rotated(log, 1).exists() and log.stat().st_size < 1000)
    assert logfiles.rotated(log, 1).stat().st_size >= 11_000_000
