"""
How long it takes to say what came to two versions, and to take in what became of requests.

    python benchmarks/measuring.py [--rows 1000000] [--hours 24]

Rows of requests lie in sealed files, an hour each, with an outcome for each fifth request. Asked
is what a rollout asks at each look: units, error rate, 503s, the 95th percentile of the latency,
and an outcome; for requests, for users, and for values with bounds, whose order counts. Then
feedback: 10,000 outcomes of one call, of requests of the last hour, of long ago, and of nobody's.
"""

import argparse
import asyncio
import json
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec

from modelyard.bootstrap.collector_outcomes import Outcomes
from modelyard.collector.app import Web
from modelyard.collector.sealed_files import HOUR, folder_of
from modelyard.collector.store import Store
from modelyard.collector.store_layout import LAYOUTS
from modelyard.collector.store_opening import Limits
from modelyard.collector.web import HttpRequest
from modelyard.domain.measuring import Measure, Question
from modelyard.settings import Settings

PATH = "/api/v1/telemetry/services/ws/svc"
GUARDS = (
    Measure("errors", "rate", "errors"),
    Measure("busy", "rate", "unavailable"),
    Measure("p95", "quantile", "latency"),
)
ASKED = {
    "errors, 503s, p95 and a yes/no outcome": (*GUARDS, Measure("s", "rate", "feedback", "sold")),
    "errors, 503s, p95 and a bounded outcome": (
        *GUARDS,
        Measure("s", "bounded", "feedback", "sold", 0, 1),
    ),
}


def fill(folder: Path, rows: int, hours: int, last: int) -> None:
    """Sealed hours before ``last``, each of as many rows, with ids as the gateway makes them."""
    values = {
        "id": "uuid()::VARCHAR", "name": "'POST /score'",
        "resultCode": "CASE WHEN random() < 0.01 THEN '500' ELSE '200' END",
        "success": "random() > 0.01", "duration": "5 + 20 * random()", "chosen": "false",
        "user_Id": "md5((floor(random() * 1e5))::VARCHAR)[:16]", "source": "'front'",
        "cloud_RoleName": "'ws/svc'", "workspace": "'ws'", "service": "'svc'", "revision": "1",
        "application_Version": "CASE WHEN random() < 0.1 THEN 'green' ELSE 'blue' END",
        "itemCount": "1",
    }  # fmt: skip
    told = values | {
        "metric": "'sold'", "value": "(random() < 0.05)::DOUBLE", "requestTime": "timestamp"
    }  # fmt: skip
    with duckdb.connect() as connection:
        for number in range(hours):
            hour = last - (hours - number) * HOUR
            for table, made, count in (
                ("requests", values, rows // hours),
                ("outcomes", told, rows // hours // 5),
            ):
                _seal(connection, folder, table, made, hour, count)


def _seal(
    connection: duckdb.DuckDBPyConnection, folder: Path, table: str, values: dict[str, str],
    hour: int, count: int,
) -> None:  # fmt: skip
    layout = LAYOUTS[table]
    columns = ", ".join(
        f'({values.get(c.name, "NULL")})::{c.type} AS "{c.name}"' for c in layout.table.columns[1:]
    )
    place = folder_of(folder, table, hour)
    place.mkdir(parents=True)
    path = place / f"part-{hour:012x}-{count}-{layout.digest}.parquet"
    connection.execute(
        f"COPY (SELECT timestamp, {columns} FROM (SELECT make_timestamp({hour * 1_000_000} + "
        f"i * {HOUR * 1_000_000} // {count}) AS timestamp FROM range({count}) t(i))) "
        f"TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )


async def measure(web: Web, rows: int, hours: int, last: int) -> None:
    """All questions, over all rows and over a tenth of the time."""
    until = datetime.fromtimestamp(last, UTC)
    for share in (1.0, 0.1):
        since = until - timedelta(hours=hours * share)
        for name, measures in ASKED.items():
            for by_user in (False, True):
                question = Question(
                    "ws", "svc", "blue", "green", since, until, measures, by_user=by_user
                )
                request = HttpRequest(
                    "POST", f"{PATH}/measure", {}, {"x-modelyard-role": "control"},
                    msgspec.json.encode(question),
                )  # fmt: skip
                took = []
                for _ in range(3):
                    began = time.perf_counter()
                    answer = await web.answer(request)
                    took.append(time.perf_counter() - began)
                    assert answer.status == 200, answer.body
                unit = "users" if by_user else "requests"
                print(f"{rows * share:12,.0f} rows, {name}, {unit}: {sorted(took)[1]:.2f} s")


async def tell(web: Web, store: Store, last: int, hours: int) -> None:
    """10,000 outcomes of one call, by where their requests are."""
    where = {
        "in the last hour": last - HOUR,
        "in the first hour": last - hours * HOUR,
    }
    for name, hour in where.items():
        ids = await store.query(
            "SELECT id FROM requests WHERE timestamp >= make_timestamp(?) LIMIT 10000",
            [hour * 1_000_000], since=hour,
        )  # fmt: skip
        await _tell(web, f"10,000 outcomes of requests {name}", [id for (id,) in ids])
        await _tell(web, "the same again", [id for (id,) in ids])
    await _tell(web, "one outcome of a request nobody knows", ["nobody"])
    await _tell(web, "10,000 of requests nobody knows", [f"nobody-{n}" for n in range(10_000)])


async def _tell(web: Web, name: str, ids: list[str]) -> None:
    outcomes = [{"request_id": id, "metric": "bought", "value": True} for id in ids]
    body = json.dumps({"outcomes": outcomes}).encode()
    began = time.perf_counter()
    answer = await web.answer(HttpRequest("POST", f"{PATH}/feedback", {}, {}, body))
    took = time.perf_counter() - began
    assert answer.status == 200, answer.body
    assert isinstance(answer.body, bytes)
    found = json.loads(answer.body)
    print(f"{name}: {took:.2f} s ({found['accepted']} new, {found['unknown']} unknown)")


async def main(rows: int, hours: int) -> None:
    """In a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(home=Path(place), database_url="")
        last = int(time.time()) // HOUR * HOUR
        began = time.perf_counter()
        fill(settings.telemetry, rows, hours, last)
        print(f"{rows:,} rows made in {time.perf_counter() - began:.0f} s")
        outcomes = Outcomes(settings)
        limits = Limits(settings.telemetry_memory, settings.telemetry_threads)
        store = Store(settings.telemetry, list(outcomes.sources), limits=limits)
        outcomes.join(store)
        web = Web(outcomes.routes())
        await store.start()
        await outcomes.start()
        try:
            await measure(web, rows, hours, last)
            await tell(web, store, last, hours)
        finally:
            await outcomes.stop()
            await store.stop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{peak:.0f} MB of memory at most, the making of the rows included")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--hours", type=int, default=24)
    asked = parser.parse_args()
    asyncio.run(main(asked.rows, asked.hours))
