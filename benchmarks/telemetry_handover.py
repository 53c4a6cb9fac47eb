"""
What a record of telemetry costs the process that makes it, beside other ways to keep one.

    python -m benchmarks.telemetry_handover [--python PYTHON] [--records 200000] [--seconds 1]

The first table times each call of one record of a request: ours is the front's own ``Recorder``
(reading the request, encoding, ring), while another process drains the ring. ``--python`` names
an interpreter that has opentelemetry-sdk; without it its rows are left out. The second table is a
real front with a script that returns at once: processor time of the front for each request, with
rings and without, in turns. Prints Markdown.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

import modelyard_worker
from benchmarks.handover.drain import drain
from tests.serving.fronts import Front

SCRIPT = "def run(data): return [1]\n"
CONNECTIONS = 16
ROOT = Path(__file__).parents[1]
OTEL = "otel"
WAYS = {
    "Modelyard: a front's record, alone in its turn": ("ours", "alone"),
    "Modelyard: 16 in a turn, the last hands over": ("ours", "together"),
    "Modelyard: the ring alone, 100 bytes": ("ours", "ring"),
    "list.append, same process": ("plain", "append"),
    "SQLite, 1,000 rows a transaction": ("plain", "sqlite"),
    "logging.FileHandler, a JSON line": ("plain", "json_line"),
    "OpenTelemetry SDK: counter and histogram": (OTEL, "metrics"),
    "OpenTelemetry SDK: span, batch processor": (OTEL, "span"),
}
"""Module of ``benchmarks.handover`` and its way, by what the table calls it."""

REQUEST = (
    b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    b"x-request-id: 0f1e2d3c-0f1e-4f1e-8f1e-0123456789ab\r\nx-forwarded-for: 10.0.0.7\r\n"
    b"content-length: 13\r\n\r\n" + b'{"data": [1]}'
)


def times(way: str, records: int, python: str) -> list[float] | None:
    """Nanoseconds: median, 99th and 99.9th percentile, mean; None where it cannot run there."""
    module, name = WAYS[way]
    program = [python, "-m", f"benchmarks.handover.{module}", name, str(records)]
    done = subprocess.run(program, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        print(f"{way} is left out: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    found: list[float] = json.loads(done.stdout)
    return found


def first_table(records: int, python: str | None) -> None:
    """Every way in turn, three rounds; the best median and what came with it."""
    best: dict[str, list[float]] = {}
    for _ in range(3):
        for way, (module, _) in WAYS.items():
            foreign = module == OTEL
            if foreign and python is None:
                continue
            count = records // 10 if foreign or "Handler" in way else records
            found = times(way, count, python if foreign and python else sys.executable)
            if found is not None and (way not in best or found < best[way]):
                best[way] = found
    print("| one record | p50 µs | p99 µs | p99.9 µs | mean µs |\n|---|---|---|---|---|")
    for way, found in best.items():
        print(f"| {way} | " + " | ".join(f"{value / 1000:.2f}" for value in found) + " |")


async def load(front: Front, seconds: float) -> int:
    """As many requests as it answers over a few connections."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds

    async def client() -> int:
        reader, writer = await asyncio.open_unix_connection(str(front.socket))
        count = 0
        while loop.time() < until:
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(size)
            count += 1
        writer.close()
        return count

    return sum(await asyncio.gather(*(client() for _ in range(CONNECTIONS))))


def on_cpu(pid: int) -> float:
    """Microseconds that all threads of a process have run."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000


def second_table(seconds: float, rounds: int) -> None:
    """A front with rings and one without, in turns."""
    folder = Path(tempfile.mkdtemp(prefix="my-"))
    runtime = folder / "runtime"
    shutil.copytree(Path(str(modelyard_worker.__file__)).parent, runtime / "modelyard_worker")
    fronts: dict[str, Front] = {}
    spent: dict[str, list[float]] = {"without rings": [], "with rings": []}
    drained: Callable[[], int] | None = None
    try:
        for name in spent:
            place = folder / name.split()[0]
            place.mkdir()
            rings = str(folder / "rings") if name == "with rings" else ""
            fronts[name] = Front(place, runtime, SCRIPT, rings=rings)
            fronts[name].wait_for("ready")
        drained = drain(folder / "rings")
        for number in range(rounds):
            turn = list(fronts.items())
            for name, front in turn if number % 2 else turn[::-1]:
                before = on_cpu(front.process.pid)
                count = uvloop.run(load(front, seconds))
                spent[name].append((on_cpu(front.process.pid) - before) / count)
    finally:
        for front in fronts.values():
            front.close()
        if drained is not None:
            print(f"\nThe other side read {drained()} records of the requests.\n")
        shutil.rmtree(folder, ignore_errors=True)
    print("| front | CPU µs a request, median of rounds | least |\n|---|---|---|")
    for name, values in spent.items():
        print(f"| {name} | {statistics.median(values):.1f} | {min(values):.1f} |")
    pairs = zip(spent["with rings"], spent["without rings"], strict=True)
    print(f"| difference, median of pairs | {statistics.median(a - b for a, b in pairs):.2f} | |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", help="an interpreter with opentelemetry-sdk")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    first_table(options.records, options.python)
    second_table(options.seconds, options.rounds)


if __name__ == "__main__":
    main()
