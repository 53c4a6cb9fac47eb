"""The folder of rings."""

import os
from pathlib import Path

import pytest

from modelyard.telemetry import rings
from modelyard.telemetry.encoding import about
from modelyard.telemetry.records import About
from modelyard.telemetry.ring import STEP, RingReader

ABOUT = About("front", "w-s-1", "w", "s", "1", 2, os.getpid())


def test_a_ring_says_who_writes_and_lies_in_a_folder_that_is_ours_alone(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "rings"

    writer = rings.create(folder, "w-s-1-7.requests", STEP, ABOUT)
    reader = RingReader.open(folder / "w-s-1-7.requests.ring")

    assert about(reader.about) == ABOUT
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "w-s-1-7.requests.ring").stat().st_mode & 0o777 == 0o600
    reader.close()
    writer.close()


def test_a_folder_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    rings.prepare(tmp_path)

    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_what_is_no_folder_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "rings").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(rings.NotOurs, match="not a folder of this user"):
        rings.create(tmp_path / "rings", "a", STEP, ABOUT)


def test_left_rings_go_when_there_are_too_many_the_oldest_first(tmp_path: Path) -> None:
    writers = [rings.create(tmp_path, f"{n}", STEP, ABOUT) for n in range(4)]
    for number, writer in enumerate(writers):
        os.utime(tmp_path / f"{number}.ring", (number, number))
        if number:
            writer.close()
    each = (tmp_path / "0.ring").stat().st_blocks * 512

    rings.make_room(tmp_path, 2 * each)

    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["0.ring", "3.ring"], "one that is written into stays however old"
    writers[0].close()


def test_what_a_process_of_the_same_number_left_stays(tmp_path: Path) -> None:
    for _ in range(2):
        writer = rings.create(tmp_path, "front-7", STEP, ABOUT)
        writer.put(b"x")
        writer.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["front-7.2.ring", "front-7.ring"]
