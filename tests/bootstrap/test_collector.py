import os
import signal
from pathlib import Path

import psutil
import pytest

from modelyard.bootstrap.collector_parts import collector_socket
from modelyard.bootstrap.collector_process import run
from modelyard.domain.errors import Unavailable
from tests.bootstrap.ups import Ups
from tests.waiting import wait_until


def collectors(ups: Ups) -> list[int]:
    found = []
    for pid in ups.yard.left():
        try:
            if "modelyard.bootstrap.collector" in psutil.Process(pid).cmdline():
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


def control_is_up(ups: Ups) -> None:
    """The control plane of these tests has no socket, which the collector waits for."""
    (ups.settings.sockets / "control.sock").touch()


def test_up_starts_a_collector_that_answers_is_started_again_and_ends_with_down(ups: Ups) -> None:
    assert ups.up().returncode == 0
    control_is_up(ups)
    socket = collector_socket(ups.settings)
    wait_until(socket.exists, 30, "the collector's socket")
    (first,) = collectors(ups)

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: collectors(ups) not in ([], [first]), 30, "another collector")
    done = ups.down()
    assert done.returncode == 0, done.stderr
    assert collectors(ups) == []
    assert not socket.exists()


def test_a_collector_goes_on_when_the_supervisor_dies_and_is_adopted(ups: Ups) -> None:
    ups.up()
    (before,) = wait_until(lambda: collectors(ups), 30)  # type: ignore[misc]
    ups.kill_supervisor()

    assert ups.up().returncode == 0

    assert collectors(ups) == [before]
    processes = Path(ups.settings.run / "processes.json").read_text()
    assert '"collector"' in processes


def test_a_folder_of_rings_that_is_a_link_is_refused_in_a_sentence(
    ups: Ups, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    ups.settings.rings.symlink_to(elsewhere)
    try:
        with pytest.raises(Unavailable, match="is not a folder of this user; remove it"):
            run(ups.settings)
    finally:
        ups.settings.rings.unlink()

    assert elsewhere.stat().st_mode & 0o777 == 0o755
