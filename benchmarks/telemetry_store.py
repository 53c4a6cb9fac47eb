"""
What the telemetry store takes in and answers, beside SQLite on the same records.

    python benchmarks/telemetry_store.py [--rows 10000000] [--seconds 10] [--no-peer]

Ingest: two processes put records of requests into rings as fast as asked for; the collector's
store drains them. Questions: a day of requests, its hours sealed as they would be. Both stores on
the same disk, two threads each; every figure is of this machine, with what else ran on it.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import random
import resource
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil

from modelyard.collector.drain import Drain
from modelyard.collector.gateway_log import GatewayLog
from modelyard.collector.sink import Row
from modelyard.collector.store import Store
from modelyard.collector.store_engine import Batch
from modelyard.collector.store_handle import For
from modelyard.collector.store_opening import Limits
from modelyard.telemetry.encoding import encode, encode_lot_into
from modelyard.telemetry.records import About, Request
from modelyard.telemetry.ring import RingWriter
from modelyard.telemetry.rows import Rows
from modelyard.telemetry.tables import TABLES

MB = 1024 * 1024
DAY = 86_400
RING = 16 * MB
LOT = 16
"""Records that a producer hands over as one, as a busy front does."""


def produce(path: str, number: int, rate: float, seconds: float, result: object) -> None:
    """Put ``rate`` records a second into a ring, spread over each millisecond."""
    about = encode(About("front", f"f{number}", "ws", f"svc{number}", "blue", 1, os.getpid()))
    ring = RingWriter.create(Path(path), RING, about)
    buffer, lot = bytearray(1024), []
    prefix = uuid.uuid4().hex[:24]
    began = time.perf_counter()
    count = 0
    cpu = time.process_time()
    while (passed := time.perf_counter() - began) < seconds:
        due = int(passed * rate) - count
        if due <= 0:
            time.sleep(0.0005)
            continue
        now = time.time()
        for _ in range(min(due, 2000)):
            lot.append(Request(
                now, f"{prefix}{count:012x}", "POST", "/score", 200, total=1.25 + count % 97,
                queue=0.125, run=1.0 + count % 89, received=120 + count % 31, sent=60,
                client="127.0.0.1", worker=count % 4,
            ))  # fmt: skip
            count += 1
            if len(lot) == LOT:
                encode_lot_into(lot, buffer)
                ring.put(buffer, LOT)
                lot.clear()
    result.put((count - len(lot), ring.dropped, time.process_time() - cpu))  # type: ignore[attr-defined]
    ring.close()


async def ingest(folder: Path, rate: float, seconds: float) -> dict[str, float]:
    """Two producers of half the rate each; what was kept, and when it was seen."""
    rings = folder / "rings"
    rings.mkdir(parents=True)
    store = Store(folder / "telemetry", [Drain(rings, GatewayLog())], limits=Limits())
    await store.start()
    await store.query("SELECT 1")
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    producers = [
        context.Process(
            target=produce,
            args=(str(rings / f"p{n}-1.requests.ring"), n, rate / 2, seconds, results),
        )
        for n in range(2)
    ]
    cpu = time.process_time()
    for producer in producers:
        producer.start()
    lags, took = [], []
    while any(producer.is_alive() for producer in producers):
        began = time.time()
        found = await store.query(
            "SELECT epoch(max(timestamp)) FROM rows_requests WHERE timestamp > ?",
            [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(began - 20))],
        )
        if found[0][0]:
            lags.append(time.time() - found[0][0])
            took.append(time.time() - began)
        await asyncio.sleep(0.1)
    told = [results.get() for _ in producers]
    for producer in producers:
        producer.join()
    while list(rings.glob("*.ring")):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    cpu = time.process_time() - cpu
    ((kept,),) = await store.query("SELECT count(*) FROM requests")
    await store.stop()
    put, dropped = sum(n for n, _, _ in told), sum(d for _, d, _ in told)
    return {
        "put": put, "dropped": dropped, "kept": kept, "a second": (put - dropped) / seconds,
        "lag median": statistics.median(lags), "lag most": max(lags),
        "us collector": cpu / max(1, kept) * 1e6,
        "us producer": sum(c for _, _, c in told) / put * 1e6,
    }  # fmt: skip


def day_of_rows(first: int, count: int, total: int, start: float) -> list[Row]:
    """Requests of 8 services with 3 versions each, evenly over a day."""
    chance = random.Random(first)
    makers = [
        Rows(About("front", f"f{s}{v}", "ws", f"svc{s}", v, 1))
        for s in range(8)
        for v in ("blue", "green", "red")
    ]
    step = DAY / total
    found = []
    for number in range(first, first + count):
        run = chance.lognormvariate(1.0, 0.6)
        record = Request(
            start + number * step, f"{chance.getrandbits(128):032x}", "POST", "/score",
            500 if number % 100 == 7 else 200, total=run + 0.4, queue=chance.random(), run=run,
            received=int(chance.random() * 400), sent=60, client="127.0.0.1", worker=number % 4,
        )  # fmt: skip
        found.append(makers[number % 24].of(record)[1])
    return found


def fill(store: Store, total: int, start: float) -> tuple[float, float]:
    """Seconds to write a day, and of sealing it on the way, as the keeper does."""
    engine = store.handle.get()
    writing = sealing = 0.0
    sealed_to = start
    for first in range(0, total, 50_000):
        rows = day_of_rows(first, min(50_000, total - first), total, start)
        began = time.perf_counter()
        engine.write(Batch({"requests": rows}), start + DAY, start - DAY)
        writing += time.perf_counter() - began
        at = rows[-1][0]
        if at - sealed_to > 3600 + 300:
            began = time.perf_counter()
            with store.handle.borrow(For.SEALING) as cursor:
                store.sealer.run(cursor, engine.batch, at, lambda t: engine.clean_later([t]))
            sealing += time.perf_counter() - began
            sealed_to = at - at % 3600
    return writing, sealing


BY_MINUTE = """
SELECT date_trunc('minute', timestamp) AS minute, quantile_cont(duration, 0.95), count(*)
FROM requests GROUP BY minute ORDER BY minute"""
LAST_HOUR = """
SELECT service, application_Version, quantile_cont(duration, 0.95), count(*)
FROM requests WHERE timestamp >= ? GROUP BY ALL"""
BY_ID = "SELECT * FROM requests WHERE id = ?"


async def timed(ask: Callable[[], object], times: int = 5) -> float:
    """The median of some, in ms; the first is not counted."""
    found = []
    for _ in range(times + 1):
        began = time.perf_counter()
        await ask()  # type: ignore[misc]
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found[1:])


async def questions(folder: Path, total: int) -> dict[str, float]:
    """A day of rows, its hours sealed but the last, and what asking costs."""
    store = Store(folder / "telemetry", limits=Limits())
    await asyncio.to_thread((folder / "telemetry").mkdir, parents=True)
    start = (time.time() // 3600) * 3600 - DAY
    writing, sealing = await asyncio.to_thread(fill, store, total, start)
    last = time.gmtime(start + DAY - 3600)
    hour = time.strftime("%Y-%m-%d %H:%M:%S", last)
    since = start + DAY - 3600
    ((id_,),) = await store.query("SELECT id FROM requests LIMIT 1 OFFSET 1000")
    found = {
        "rows": float(total),
        "us a row to write": writing / total * 1e6,
        "us a row to seal": sealing / total * 1e6,
        "p95 by minute, the day, ms": await timed(lambda: store.query(BY_MINUTE)),
        "last hour, ms": await timed(lambda: store.query(LAST_HOUR, [hour], since=since)),
        "last hour without a hint, ms": await timed(lambda: store.query(LAST_HOUR, [hour])),
        "by id, ms": await timed(lambda: store.query(BY_ID, [id_])),
    }
    sealed = store.files.all()
    rows = sum(file.rows for file in sealed)
    found["MB a million rows, sealed"] = (
        sum(f.size for f in sealed) / rows * 1e6 / MB if rows else 0
    )
    found["PSS MB afterwards"] = psutil.Process().memory_full_info().pss / MB
    await store.stop()
    return found


def sqlite(folder: Path, total: int) -> dict[str, float]:
    """The same rows in SQLite (WAL, an index on time), and the same questions."""
    table = TABLES["requests"]
    connection = sqlite3.connect(folder / "requests.db")
    connection.execute("PRAGMA journal_mode = WAL")
    names = ", ".join(f'"{name}"' for name in table.names)
    connection.execute(f"CREATE TABLE requests ({names})")
    connection.execute("CREATE INDEX by_time ON requests (timestamp)")
    start = (time.time() // 3600) * 3600 - DAY
    marks = ", ".join("?" * len(table.names))
    writing = 0.0
    for first in range(0, total, 50_000):
        rows = day_of_rows(first, min(50_000, total - first), total, start)
        began = time.perf_counter()
        with connection:
            connection.executemany(f"INSERT INTO requests VALUES ({marks})", rows)
        writing += time.perf_counter() - began
    # SQLite has no percentile: each group's rows are ranked
    by_minute = """SELECT minute, max(CASE WHEN place <= 0.95 * size + 1 THEN duration END) FROM (
        SELECT CAST(timestamp / 60 AS INT) AS minute, duration,
        row_number() OVER (PARTITION BY CAST(timestamp / 60 AS INT) ORDER BY duration) AS place,
        count(*) OVER (PARTITION BY CAST(timestamp / 60 AS INT)) AS size FROM requests)
        GROUP BY minute"""
    last = by_minute.replace(
        "FROM requests", f"FROM requests WHERE timestamp >= {start + DAY - 3600}"
    )

    def ms(sql: str) -> float:
        began = time.perf_counter()
        connection.execute(sql).fetchall()
        return (time.perf_counter() - began) * 1000

    found = {
        "rows": float(total),
        "us a row to write": writing / total * 1e6,
        "p95 by minute, the day, ms": ms(by_minute),
        "last hour, ms": ms(last),
        "MB a million rows, sealed": sum(
            path.stat().st_size for path in folder.glob("requests.db*")
        ) / total * 1e6 / MB,
    }  # fmt: skip
    connection.close()
    return found


def show(title: str, *columns: dict[str, float]) -> None:
    print(f"\n{title}")
    for name in columns[0]:
        values = (column.get(name) for column in columns)
        print(f"  {name:32}" + "".join(f"{'-' if v is None else f'{v:,.2f}':>16}" for v in values))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--peer-rows", type=int, default=1_000_000)
    options.add_argument("--rate", type=float, default=150_000)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--no-peer", action="store_true")
    asked = options.parse_args()
    gc.set_threshold(50_000, 20, 50)  # as the collector's process has it
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(ingest(Path(folder), asked.rate, asked.seconds))
        show(f"two producers, {asked.rate:,.0f} records a second for {asked.seconds:g} s", found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {'peak RSS of the collector, MB':32}{peak:16,.2f}")
    if asked.rows:
        with tempfile.TemporaryDirectory() as folder:
            ours = asyncio.run(questions(Path(folder), asked.rows))
            peer = {} if asked.no_peer else sqlite(Path(folder), asked.peer_rows)
            show("a day of requests: ours, SQLite", ours, *([peer] if peer else []))


if __name__ == "__main__":
    main()
