"""
What forked workers save: PSS of all workers of a front, with WORKER_PRELOAD and without.

    python benchmarks/preload.py [--workers 4] [--requests 200]

Needs NumPy and scikit-learn in the environment that runs it, which serves as the model's. PSS
counts shared pages by share; it is taken after every worker has answered, so that what they write
to and so no longer share is counted. With preloading the template that they are forked from counts
too.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import psutil
from sklearn.ensemble import RandomForestRegressor

sys.path.insert(0, str(Path(__file__).parents[1]))

import modelyard_worker
from benchmarks.footprint import MB, pss
from tests.serving.fronts import Background, Front
from tests.waiting import wait_until

ARRAY = """
import json, os
import numpy as np

def init():
    global table
    table = np.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.npy"))

def run(data):
    rows = json.loads(data)["rows"]
    return {"pid": os.getpid(), "sums": table[rows].sum(axis=1).tolist()}
"""

FOREST = """
import json, os
import joblib

def init():
    global forest
    forest = joblib.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))

def run(data):
    rows = [[row % 7] * 20 for row in json.loads(data)["rows"]]
    return {"pid": os.getpid(), "answers": forest.predict(rows).tolist()}
"""


@dataclass
class Found:
    """What one front took."""

    workers: int
    total: int
    ready: float
    note: str


def make_array(folder: Path) -> str:
    np.save(folder / "model.npy", np.ones((50_000, 1_000)))
    return ARRAY


def make_forest(folder: Path) -> str:
    random = np.random.default_rng(1)
    rows = random.random((20_000, 20))
    forest = RandomForestRegressor(200, random_state=1).fit(rows, rows[:, 0] + rows[:, 1] ** 2)
    joblib.dump(forest, folder / "model.pkl")
    return FOREST


MODELS = {"array of 400 MB": make_array, "forest of 200 trees": make_forest}


@contextmanager
def folder() -> Iterator[Path]:
    """One with a name short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="my-"))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def measure(
    place: Path, runtime: Path, script: str, preload: bool, asked: argparse.Namespace
) -> Found:
    began = time.monotonic()
    front = Front(
        place, runtime, script, workers=asked.workers, preload=preload, queue_limit=10_000
    )
    try:
        wait_until(lambda: (front.status() or {}).get("ready_workers") == asked.workers, 600)
        ready = time.monotonic() - began
        requests = Background(front)
        for first in range(asked.requests):
            requests.score(rows=list(range(first, first + 50)))
        seen = {answer.json["pid"] for answer in requests.answers()}
        family = psutil.Process(front.process.pid).children(recursive=True)
        sizes = {process.pid: pss(process.pid) for process in family}
        status = front.status() or {}
        return Found(len(seen), sum(sizes.values()), ready, " ".join(status["notes"]))
    finally:
        front.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--workers", type=int, default=4)
    options.add_argument("--requests", type=int, default=200)
    asked = options.parse_args()

    print(f"| {asked.workers} workers, PSS in MB | each by itself | forked from one | saved "
          "| ready each, s | ready forked, s |")  # fmt: skip
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, make in MODELS.items():
        with folder() as place:
            runtime = place / "runtime"
            source = Path(str(modelyard_worker.__file__)).parent
            shutil.copytree(source, runtime / "modelyard_worker")
            script = make(place)
            plain = measure(place, runtime, script, False, asked)
            forked = measure(place, runtime, script, True, asked)
        saved = 1 - forked.total / plain.total
        memory = f"{plain.total / MB:,.0f} | {forked.total / MB:,.0f} | {saved:.0%}"
        print(f"| {name} | {memory} | {plain.ready:.1f} | {forked.ready:.1f} |")
        for found, kind in ((plain, "plain"), (forked, "forked")):
            if found.workers < asked.workers or found.note:
                print(f"{kind}: {found.workers} workers answered. {found.note}", file=sys.stderr)


if __name__ == "__main__":
    main()
