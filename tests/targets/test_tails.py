from pathlib import Path

from modelyard.targets.local.tails import last_lines


def test_no_log_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "a.log", 10) == []


def test_the_end_of_a_long_log_is_found(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"line {number} ä\n" for number in range(50_000)))

    assert last_lines(log, 3) == ["line 49997 ä", "line 49998 ä", "line 49999 ä"]
    assert len(last_lines(log, 20_000)) == 20_000


def test_a_line_that_is_not_finished_counts(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\ntwo")

    assert last_lines(log, 1) == ["two"]


def test_empty_lines_and_odd_line_ends_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes("a\n\nb\u2028c\n".encode())

    assert last_lines(log, 5) == ["a", "", "b\u2028c"]


def test_rotated_logs_come_first(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    for name, text in {"a.log": "5\n6\n", "a.log.1": "3\n4\n", "a.log.2": "1\n2\n"}.items():
        (tmp_path / name).write_text(text)

    assert last_lines(log, 5) == ["2", "3", "4", "5", "6"]
