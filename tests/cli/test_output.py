"""Tables for people and pipes, and the pure parts of following a log."""

import os
import pty
import struct
import sys
import termios
from fcntl import ioctl

import pytest

from modelyard.cli.deployments import explained
from modelyard.cli.service_logs import unseen

TABLE = """
from types import SimpleNamespace as Row
from modelyard.cli.output import show_all
from modelyard.cli.services import REVISIONS
show_all([Row(number=12, state="draining", ready_workers=4, workers=4, in_flight=3, queued=17,
    served=123456, restarts=2, limits="cgroup-v1")], False, REVISIONS, "none")
"""


def in_terminal(columns: int, code: str) -> list[str]:
    """The lines that Python code writes to a terminal of this width."""
    child, screen = pty.fork()
    if child == 0:
        os.execvpe(sys.executable, [sys.executable, "-c", code], {**os.environ, "TERM": "dumb"})
    ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    said = b""
    while True:
        try:
            piece = os.read(screen, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        said += piece
    os.waitpid(child, 0)
    os.close(screen)
    return [line.rstrip() for line in said.decode().splitlines()]


@pytest.mark.parametrize("columns", [80, 200])
def test_the_table_of_revisions_is_whole_on_a_terminal(columns: int) -> None:
    assert in_terminal(columns, TABLE) == [
        "REVISION  STATE     WORKERS  IN FLIGHT  QUEUED  SERVED  RESTARTS  LIMITS",
        "12        draining  4 of 4   3          17      123456  2         cgroup-v1",
    ]


def test_a_narrow_terminal_leaves_no_column_out() -> None:
    said = " ".join(in_terminal(40, TABLE))

    for word in ("REVISION", "STATE", "WORKERS", "QUEUED", "SERVED", "RESTARTS", "LIMITS"):
        assert word in said


@pytest.mark.parametrize(
    ("seen", "now", "new"),
    [
        pytest.param([], ["a"], ["a"], id="the first lines"),
        pytest.param(["a", "b"], ["a", "b"], [], id="nothing new"),
        pytest.param(["a", "b"], ["a", "b", "c"], ["c"], id="a longer log"),
        pytest.param(["a", "b", "c"], ["b", "c", "d"], ["d"], id="the window moved"),
        pytest.param(["x", "x"], ["x", "x", "x"], ["x"], id="equal lines"),
        pytest.param(["a", "b"], ["y", "z"], ["y", "z"], id="another log"),
        pytest.param(["a", "b"], [], [], id="an empty log"),
    ],
)
def test_what_is_new_in_a_log(seen: list[str], now: list[str], new: list[str]) -> None:
    assert list(unseen(seen, now)) == new


def test_an_error_is_told_once_with_what_the_log_adds() -> None:
    error = {
        "type": "ValueError",
        "message": "no weights",
        "file": "score.py",
        "line": 2,
        "traceback": "Traceback (most recent call last):\n  in init\nValueError: no weights\n",
        "log": ["loading", "… E [1] modelyard - init() failed",
                "Traceback (most recent call last):", "  in init", "ValueError: no weights", ""],
        "hint": "The folder is below.",
    }  # fmt: skip

    assert explained(error).splitlines() == [
        "ValueError: no weights (score.py, line 2)",
        "Traceback (most recent call last):",
        "  in init",
        "ValueError: no weights",
        "The end of its log:",
        "  loading",
        "Hint: The folder is below.",
    ]
