"""What `make demo` says when it cannot start."""

import os
import socket
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "demo" / "demo.py"


def test_the_demo_says_that_its_port_is_taken_and_shows_no_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        env = os.environ | {
            "MODELYARD_HOME": str(tmp_path / "home"),
            "MODELYARD_PORT": str(taken.getsockname()[1]),
        }
        done = subprocess.run(
            [sys.executable, DEMO], env=env, capture_output=True, text=True, check=False
        )

    assert done.returncode == 1
    assert "is taken by" in done.stderr
    assert "Traceback" not in done.stderr
