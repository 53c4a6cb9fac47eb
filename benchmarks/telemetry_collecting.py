"""
What collecting inputs costs the request whose script does it, beside Azure's way.

    python -m benchmarks.telemetry_collecting [--calls 20000]

Each way takes one row of 10 columns, again and again, in a process of its own while another one
drains the ring: the time of the call that run() waits for. Azure's way is what its collector does
before it hands bytes to its native library: columns of correlation behind the row, then csv; a
csv file that is opened for each call stands for what people write who cannot install it. The last
line is how many rows a second the collector takes from a ring into its files. Prints Markdown.
"""

import argparse
import csv
import io
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd

from modelyard.collector.inputs.collect import Inputs
from modelyard_worker import collecting
from modelyard_worker.context import REQUEST_ID
from modelyard_worker.shimming import FOLDER

NAMES = [f"feature_{number}" for number in range(10)]
ROW = [0.5 + number for number in range(10)]
ARRAY = np.array([ROW])
FRAME = pd.DataFrame([ROW], columns=NAMES)
HEADS = [["rows", "FP64", [1, 10], 80]]
BODY = ARRAY.tobytes()

DRAINING = """
import sys, time
from pathlib import Path
from modelyard.collector.inputs.collect import Inputs
folder = Path(sys.argv[1])
inputs = Inputs(folder / "data", folder / "rings", folder / "key")
print("ready", flush=True)
while True:
    if not inputs.run_once():
        time.sleep(0.5)
"""


def ways(folder: Path) -> dict[str, Callable[[], object]]:
    """What to time, by name."""
    sys.path.insert(0, FOLDER)
    from azureml.monitoring import ModelDataCollector  # type: ignore[import-not-found]  # noqa: PLC0415

    told = {"folder": str(folder / "rings"), "front": "bench", "rate": 1.0,
            "about": {"workspace": "w", "service": "s", "columns": {}}}  # fmt: skip
    collecting.prepare({"collect": told, "models": [{"name": "m", "version": 1}]})
    collecting.start()
    collector = ModelDataCollector("m", designation="inputs", feature_names=NAMES)
    into = collecting.current()
    assert into is not None
    return {
        "ModelDataCollector, a list": lambda: collector.collect(ROW),
        "ModelDataCollector, an array": lambda: collector.collect(ARRAY),
        "ModelDataCollector, a data frame": lambda: collector.collect(FRAME),
        "a model without a script": lambda: into.tensors("inputs", HEADS, BODY, None, True, NAMES),
        "Azure's: a list to csv bytes": lambda: _csv(ROW),
        "Azure's: a data frame to csv bytes": _frame_to_csv,
        "a csv file, opened for each row": lambda: _append(folder / "rows.csv"),
    }


def _csv(row: list[float]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(
        [*row, str(uuid4()), "2026-11-22T12:00:00", 1440, "w", "s", "m", "1", ""]
    )
    return text.getvalue().encode()


def _frame_to_csv() -> bytes:
    frame = FRAME.copy(deep=False)
    for at, value in enumerate(
        (str(uuid4()), "2026-11-22T12:00:00", 1440, "w", "s", "m", "1", "")
    ):
        frame.insert(10 + at, f"$aml_{at}", value)
    text = io.StringIO()
    frame.to_csv(text, index=False, header=False)
    return text.getvalue().encode()


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(_csv(ROW))


def timed(call: Callable[[], object], calls: int) -> tuple[float, float]:
    """Microseconds: median and 99th percentile; the best of three rounds."""
    rounds = []
    for _ in range(3):
        found = []
        for number in range(calls):
            REQUEST_ID.set(f"request-{number}")
            begun = time.perf_counter_ns()
            call()
            found.append((time.perf_counter_ns() - begun) / 1000)
            if number % 50 == 0:
                time.sleep(0.001)  # as between requests; the ring is drained meanwhile
        cuts = statistics.quantiles(found, n=100)
        rounds.append((cuts[49], cuts[98]))
    return min(rounds)


def drained_per_second(folder: Path, call: Callable[[], object]) -> float:
    """Rows a second from a full ring into files, in one thread."""
    for number in range(40_000):
        REQUEST_ID.set(f"request-{number}")
        call()
    inputs = Inputs(folder / "data", folder / "rings", folder / "key")
    begun = time.perf_counter()
    while inputs.run_once():
        pass
    spent = time.perf_counter() - begun
    return sum(segment.rows for segment in inputs.spool.segments) / spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    calls = parser.parse_args().calls
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    draining = subprocess.Popen(
        [sys.executable, "-c", DRAINING, str(folder)], stdout=subprocess.PIPE
    )
    try:
        assert draining.stdout is not None
        draining.stdout.readline()
        found = ways(folder)
        print("| one row of 10 columns | p50 µs | p99 µs |\n|---|---|---|")
        for name, call in found.items():
            few = calls // 10 if "frame" in name else calls
            print("| {} | {:.1f} | {:.1f} |".format(name, *timed(call, few)), flush=True)
        into = collecting.current()
        print(f"\nRows lost: {0 if into is None else into.lost}.")
        draining.kill()
        draining.wait()
        rate = drained_per_second(folder, found["ModelDataCollector, an array"])
        print(f"The collector takes {rate:,.0f} rows a second from one ring.")
    finally:
        draining.kill()
        draining.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
