"""Our front and one worker beside a bare process that has the model's libraries and the model."""

import os
import statistics
import subprocess
import time

from benchmarks.serving_peers.base import PROGRAMS, Peer, Place
from benchmarks.serving_peers.installed import python_of
from benchmarks.serving_peers.processes import pss
from benchmarks.serving_peers.starting import Ground


def bare(ground: Ground, kind: str) -> tuple[float, int]:
    """Seconds until a process has the model and called it once, and its memory then."""
    models = ground.sums.folder
    place = Place(python_of("modelyard"), models, models, kind, 0)
    begun = time.perf_counter()
    with ground.cores.starting_server():
        process = subprocess.Popen(
            [place.python, str(PROGRAMS / "bare.py"), "ready"], stdout=subprocess.PIPE,
            env={**os.environ, **place.variables},
        )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            return time.perf_counter() - begun, pss(process.pid)
        finally:
            process.kill()


def beside_bare(ground: Ground, peer: Peer, rounds: int) -> dict[str, float]:
    """In turns: what ours needs more than the bare process, in seconds and bytes."""
    ready, memory = [], []
    for _ in range(rounds):
        seconds, size = bare(ground, "linear")
        with ground.started(peer, "linear") as running:
            ready.append(running.ready - seconds)
            memory.append(running.server.pss() - size)
    return {
        "ready_s": statistics.median(ready),
        "ready_low": min(ready),
        "ready_high": max(ready),
        "memory": statistics.median(memory),
        "memory_low": min(memory),
        "memory_high": max(memory),
    }
