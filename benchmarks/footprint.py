"""
What an idle server weighs: PSS of each process, beside `mlflow server` on the same machine.

    python benchmarks/footprint.py [--no-peer]

PSS counts shared pages by share, so that the sum is what the machine really lacks. The peer is
installed into an environment of its own (cached).
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers import environment
from tests.e2e.harness import free_port, yard
from tests.waiting import wait_until

MB = 1024 * 1024
SETTLE = 5.0


def pss(pid: int) -> int:
    """Proportional set size of a process in bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def part_of(command: list[str]) -> str:
    """Which of our processes a command line is."""
    text = " ".join(command)
    for mark, name in (
        ("modelyard.supervisor", "supervisor"),
        ("modelyard.bootstrap.control", "control plane"),
        ("modelyard.bootstrap.collector", "collector"),
        ("haproxy", "gateway (HAProxy)"),
    ):
        if mark in text:
            return name
    return text[:40]


def ours() -> tuple[dict[str, int], float]:
    """PSS of each part with no service deployed, and seconds until `up` was ready."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with yard(Path(folder)) as place:
            ready = time.monotonic() - began
            time.sleep(SETTLE)
            parts: dict[str, int] = {}
            for process in place.processes():
                name = part_of(process.cmdline())
                parts[name] = parts.get(name, 0) + pss(process.pid)
            return parts, ready


def mlflow() -> tuple[int, float]:
    """PSS of `mlflow server` idle (all its processes), and seconds until it was ready."""
    python = environment("mlflow", ["mlflow"])
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        server = subprocess.Popen(
            [python, "-m", "mlflow", "server", "--port", str(port), "--backend-store-uri",
             f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts"],
            cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(answers(f"http://127.0.0.1:{port}/health"), 180, "mlflow server")
            ready = time.monotonic() - began
            time.sleep(SETTLE)
            family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(True)]
            return sum(pss(p.pid) for p in family), ready
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def answers(url: str) -> Callable[[], bool]:
    """Whether a GET is answered with 200."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    return ask


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--no-peer", action="store_true")
    asked = options.parse_args()

    parts, ready = ours()
    total = sum(parts.values())
    print(f"{'idle, no service deployed':34} {'PSS MB':>8} {'ready s':>8}")
    for name, size in sorted(parts.items()):
        print(f"  {name:32} {size / MB:8.1f}")
    print(f"{'modelyard, all of it':34} {total / MB:8.1f} {ready:8.2f}")
    if not asked.no_peer:
        size, waited = mlflow()
        print(f"{'mlflow server':34} {size / MB:8.1f} {waited:8.2f}")
        print(f"{'mlflow / modelyard':34} {size / total:8.1f} {waited / ready:8.1f}")


if __name__ == "__main__":
    main()
