"""
What a service weighs awake and asleep, and how long the request takes that wakes it.

    python -m benchmarks.sleeping [--rounds 5]

PSS (shared pages counted by share) of the front and of its worker, which has answered; then of
the front alone, asleep. Needs NumPy and scikit-learn in the environment that runs it, which
serves as the model's. The request that wakes is timed from its first byte to its answer.
"""

import argparse
import shutil
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

import modelyard_worker
from benchmarks.footprint import MB, pss
from benchmarks.preload import MODELS, folder
from tests.serving.fronts import Front
from tests.waiting import wait_until

PLAIN = "def run(data): return 1\n"


@dataclass
class Found:
    """Bytes and seconds."""

    front: int
    workers: int
    asleep: int
    woken: list[float]


def measure(place: Path, runtime: Path, script: str, rounds: int) -> Found:
    """One front with one worker, woken as often as asked."""
    front = Front(place, runtime, script, idle_timeout=1.0)
    try:
        front.wait_for("ready", 600)
        assert front.score(rows=[1, 2, 3]).status == 200
        family = psutil.Process(front.process.pid).children(recursive=True)
        workers = sum(pss(process.pid) for process in family)
        awake = pss(front.process.pid)
        woken, asleep = [], 0
        for _ in range(rounds):
            wait_until(lambda: (front.status() or {})["asleep"], 60)
            wait_until(lambda: not psutil.Process(front.process.pid).children(), 60)
            asleep = pss(front.process.pid)
            began = time.monotonic()
            assert front.score(rows=[1, 2, 3]).status == 200
            woken.append(time.monotonic() - began)
        return Found(awake, workers, asleep, woken)
    finally:
        front.close()


def main() -> None:
    """Prints the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()
    print("| model | front, MB | its worker, MB | asleep, MB | freed | first answer, s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    makers = {"none: a script without packages": lambda _: PLAIN, **MODELS}
    for name, make in makers.items():
        with folder() as place:
            runtime = place / "runtime"
            source = Path(str(modelyard_worker.__file__)).parent
            shutil.copytree(source, runtime / "modelyard_worker")
            found = measure(place, runtime, make(place), asked.rounds)
        freed = 1 - found.asleep / (found.front + found.workers)
        sizes = [f"{size / MB:,.1f}" for size in (found.front, found.workers, found.asleep)]
        first = statistics.median(found.woken)
        print(f"| {name} | {' | '.join(sizes)} | {freed:.0%} | {first:.2f} |")


if __name__ == "__main__":
    main()
