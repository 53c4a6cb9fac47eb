"""Schemathesis makes up requests, right and wrong, from the document, and checks every answer."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.fronts import Front
from tests.serving.protocols.ports import port_of

PROGRAM = Path(sys.executable).with_name("schemathesis")
NO_AUTH = ["--exclude-checks", "ignored_auth"]  # the gateway looks at keys
SHAPES = "ignored_auth,positive_data_acceptance"
"""No schema says that ``data`` must have as many values as ``shape`` says: such are refused."""


def run(front: Front, *options: str, folder: Path) -> None:
    with port_of(front.socket) as port:
        done = subprocess.run(
            [
                *(PROGRAM, "run", f"http://127.0.0.1:{port}/openapi.json"),
                *("--url", f"http://127.0.0.1:{port}", "--checks", "all", "--seed", "1"),
                "--suppress-health-check=too_slow",  # says how busy the machine is
                *options,
            ],
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.slow
def test_a_few_requests_meet_no_surprise(linear: Front, tmp_path: Path) -> None:
    few = ["--max-examples", "5", "--phases", "examples,fuzzing", *NO_AUTH]

    run(linear, "--include-path", "/score", *few, folder=tmp_path)


@pytest.mark.slow
def test_everything_but_inference_keeps_to_the_document(linear: Front, tmp_path: Path) -> None:
    many = ["--max-examples", "100", *NO_AUTH]

    run(linear, "--exclude-path-regex", "infer$", *many, folder=tmp_path)


@pytest.mark.slow
def test_inference_keeps_to_the_document(linear: Front, tmp_path: Path) -> None:
    many = ["--max-examples", "30", "--exclude-checks", SHAPES]

    run(linear, "--include-path-regex", "infer$", *many, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "left_out"),
    [("--exclude-path-regex", "ignored_auth"), ("--include-path-regex", SHAPES)],
)
def test_a_script_keeps_to_its_document(
    start: Callable[..., Front], which: str, left_out: str, tmp_path: Path
) -> None:
    front = start("def run(data):\n    return [len(data)]\n")

    run(front, which, "infer$", "--max-examples", "20", "--exclude-checks", left_out,
        folder=tmp_path)  # fmt: skip
