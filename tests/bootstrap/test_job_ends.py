"""How a job ended, from what its script left behind."""

import json
from pathlib import Path

import pytest

from modelyard.bootstrap.job_ends import Ending, result_of
from modelyard.domain.jobs import JobFolder, JobSpec

FAULT = {
    "type": "ValueError",
    "message": "bad",
    "file": "train.py",
    "line": 3,
    "traceback": "Traceback …",
    "hint": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    (tmp_path / "std_log.txt").write_text("".join(f"line {n}\n" for n in range(100)))
    return JobFolder(tmp_path)


def spec(folder: JobFolder) -> JobSpec:
    return JobSpec(
        workspace="ws", run="r", experiment="e", folder=str(folder.root), python="python",
        runtime="", url="", token="", script="train.py", timeout=60.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "status", "code", "words"),
    [
        (Ending(0), "Completed", None, None),
        (Ending(3), "Failed", "ScriptFailed", "exit code 3"),
        (Ending(-9), "Failed", "ScriptFailed", "signal 9 (SIGKILL). The machine may have run out"),
        (Ending(-99), "Failed", "ScriptFailed", "signal 99 (unknown)"),
        (Ending(-15, "cancel", cancelled=True), "Canceled", None, None),
        (Ending(0, "cancel", cancelled=True), "Canceled", None, None),
        (Ending(-15, "stop", cancelled=True), "Canceled", None, None),
        (Ending(-15, "stop"), "Failed", "ServerStopped", "server was stopped"),
        (Ending(-15, "timeout"), "Canceled", "MaxRunDurationExceeded", "after 60 s"),
    ],
)
def test_every_ending(
    folder: JobFolder, ending: Ending, status: str, code: str | None, words: str | None
) -> None:
    result = result_of(ending, spec(folder), folder)

    error = (result.error or {}).get("error", {})
    assert (result.status, error.get("code")) == (status, code)
    assert words is None or words in error["message"]


def test_an_exception_is_told_with_its_place(folder: JobFolder) -> None:
    folder.fault.write_text(json.dumps(FAULT))

    result = result_of(Ending(1), spec(folder), folder)

    assert result.error is not None
    error = result.error["error"]
    assert error["message"] == "ValueError: bad (train.py, line 3)"
    assert (error["type"], error["line"], error["exit_code"]) == ("ValueError", 3, 1)


def test_without_one_the_end_of_the_log_is_told(folder: JobFolder) -> None:
    folder.fault.write_text("torn {")

    result = result_of(Ending(1), spec(folder), folder)

    assert result.error is not None
    lines = result.error["error"]["message"].splitlines()
    assert lines[0] == "The script ended with exit code 1."
    assert (lines[1], lines[-1]) == ("line 80", "line 99")
