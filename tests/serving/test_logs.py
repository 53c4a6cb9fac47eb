from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard.serving.lines import LINE_LIMIT, Lines
from modelyard.serving.rotation import RotatingFile, last_lines
from tests.serving.fronts import Front
from tests.waiting import wait_until

Start = Callable[..., Front]


def test_lines_are_put_together_from_pieces() -> None:
    lines = Lines()

    found = [lines.feed(b"one\ntw"), lines.feed(b"o\r\nthr"), lines.end(), lines.end()]

    assert found == [[b"one"], [b"two"], [b"thr"], []]


def test_a_line_that_never_ends_is_cut() -> None:
    lines = Lines()

    found = [line for _ in range(5) for line in lines.feed(b"x" * 30_000)]
    found += lines.feed(b"rest\nnext\n")

    assert len(found) == 2
    assert found[0].startswith(b"x" * LINE_LIMIT)
    assert b"cut" in found[0]
    assert found[1] == b"next"


def test_a_log_keeps_to_its_size_and_number(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "a.log"
    file = RotatingFile(path, limit=1024, keep=3)

    for number in range(100):
        file.write(b"line %03d %s\n" % (number, b"." * 90))
    file.close()

    files = sorted(path.parent.iterdir())
    assert [f.name for f in files] == ["a.log", "a.log.1", "a.log.2"]
    assert all(f.stat().st_size <= 1024 for f in files)
    assert last_lines(path, 1, 3)[0].startswith("line 099")


def test_a_log_that_keeps_one_file_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    file = RotatingFile(path, limit=1024, keep=1)

    for number in range(100):
        file.write(b"line %03d %s\n" % (number, b"." * 90))
    file.close()

    assert [f.name for f in tmp_path.iterdir()] == ["a.log"]


def test_the_last_lines_reach_over_rotated_files(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    file = RotatingFile(path, limit=1024, keep=3)
    for number in range(20):
        file.write(b"%d %s\n" % (number, b"." * 90))
    file.close()

    numbers = [int(line.split()[0]) for line in last_lines(path, 15, 3)]

    assert numbers == list(range(5, 20))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path, count: int) -> None:
    assert last_lines(tmp_path / "none.log", count, 3) == []


def test_what_workers_print_is_kept_with_time_and_number_and_rotated(start: Start) -> None:
    front = start(log_bytes=10_000, log_files=2)

    for number in range(30):
        front.score(print=f"{number} " + "x" * 1000)
    wait_until(lambda: "29 xxx" in front.log())

    files = sorted(f.name for f in front.log_file.parent.glob("service.log*"))
    line = front.log().splitlines()[-1]
    assert files == ["service.log", "service.log.1"]
    assert line[4] == "-"
    assert line.split(" ", 1)[1].startswith("[worker 1] 29 xxx")


def test_a_flood_of_output_does_not_hold_up_answers(start: Start) -> None:
    front = start("def init(): pass\ndef run(d):\n    print('y' * 3_000_000)\n    return 1\n")

    answers = [front.score(a=1) for _ in range(5)]

    assert [answer.status for answer in answers] == [200] * 5
