import asyncio
import math
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from modelyard.collector.drain import Drain
from modelyard.collector.sink import Row
from modelyard.collector.snapshot import snapshot
from modelyard.collector.store import Store
from modelyard.collector.store_columns import TEXT_LIMIT
from modelyard.collector.store_pending import Pending
from modelyard.telemetry.encoding import encode
from modelyard.telemetry.tables import TABLES
from tests.collector.stores import (
    HOUR,
    Place,
    count,
    eventually,
    line,
    metric,
    parquet,
    put,
    request,
    status_of,
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_row_is_kept_as_it_was_given(place: Place) -> None:
    values: dict[str, Any] = {"VARCHAR": "ä\n'\"", "DOUBLE": 1.25, "INTEGER": -7, "BIGINT": 2**60,
                              "BOOLEAN": True, "TIMESTAMP": 1.5}  # fmt: skip
    now = float(int(time.time()))
    given: dict[str, Row] = {
        name: (now, *(values[column.type] for column in table.columns[1:]))
        for name, table in TABLES.items()
    }

    async def run() -> dict[str, list[Any]]:
        async with place.open() as store:
            for table, row in given.items():
                store.add(table, [row, (now, *[None] * (len(row) - 1))])
            await store.settled()
            return {
                name: await store.query(f"SELECT * FROM {name} ORDER BY workspace NULLS LAST")
                for name in TABLES
            }

    found = asyncio.run(run())

    def moment(seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)

    for name, row in given.items():
        kinds = [column.type for column in TABLES[name].columns]
        told = [moment(v) if k == "TIMESTAMP" else v for k, v in zip(kinds, row, strict=True)]
        assert found[name][0] == tuple(told), name
        assert set(found[name][1][1:]) == {None}, name


def test_rows_are_seen_within_half_a_second_at_the_median(place: Place) -> None:
    async def seen_after(store: Store, number: int) -> float:
        began = time.monotonic()
        store.add("traces", [line(f"line {number}")])

        async def there() -> bool:
            return await count(store, "traces") == number + 1

        await eventually(there)
        return time.monotonic() - began

    async def run() -> list[float]:
        async with place.open() as store:
            await count(store, "traces")  # the file is open
            return [await seen_after(store, number) for number in range(9)]

    assert sorted(asyncio.run(run()))[4] < 0.5


def test_records_of_rings_become_rows_of_who_wrote_them(place: Place) -> None:
    ring = place.ring(version="blue", revision=3)
    put(ring, request("one", run=0.75, batch=4, received=10))

    async def run() -> list[Any]:
        async with place.open() as store:
            await store.settled()
            return await store.query(
                "SELECT id, operation_Id, cloud_RoleName, application_Version, revision, runMs, "
                "batchSize, requestBytes, success FROM requests"
            )

    assert asyncio.run(run()) == [("one", "one", "ws/svc", "blue", 3, 0.75, 4, 10, True)]
    ring.close()


def test_what_was_written_is_there_after_a_restart_once(place: Place) -> None:
    ring = place.ring()

    async def some(first: int) -> int:
        put(ring, *(request(f"id{number}") for number in range(first, first + 50)))
        async with place.open() as store:
            await store.settled()
            return await count(store, "requests")

    assert [asyncio.run(some(0)), asyncio.run(some(50))] == [50, 100]
    ring.close()


def test_a_batch_that_was_committed_before_its_ring_was_told_is_not_written_twice(
    place: Place,
) -> None:
    ring = place.ring()
    put(ring, request("one"), request("two"))

    class Killed(Drain):
        def committed(self) -> None:
            raise KeyboardInterrupt  # as a kill between commit and release

    store = Store(place.telemetry, [Killed(place.rings, place.gateway)])
    store.writer._anything()
    with pytest.raises(KeyboardInterrupt):
        store.writer._turn()
    store.handle.close()

    async def run() -> int:
        async with place.open() as again:
            await again.settled()
            return await count(again, "requests")

    assert asyncio.run(run()) == 2
    ring.close()


def test_an_orphaned_ring_is_read_to_its_end_and_removed(place: Place) -> None:
    ring = place.ring()
    put(ring, *(request(f"id{number}") for number in range(100)))
    ring.close()

    async def run() -> int:
        async with place.open() as store:

            async def gone() -> bool:
                return not list(place.rings.iterdir())

            await eventually(gone)
            return await count(store, "requests")

    assert asyncio.run(run()) == 100


def test_what_a_ring_dropped_is_told_once(place: Place) -> None:
    ring = place.ring()
    big = request("x" * 30_000)
    while ring.put(encode(big)):
        pass
    assert ring.dropped == 1

    async def run() -> list[Any]:
        async with place.open() as store:
            await store.settled()
            await store.settled()
            return await store.query(
                "SELECT name, valueSum, cloud_RoleName, customDimensions FROM customMetrics"
            )

    told = asyncio.run(run())
    assert told == [("ml.collector.dropped", 1.0, "ws/svc", '{"of":"front-1.requests.ring"}')]
    ring.close()


def test_fifty_rings_are_drained_together(place: Place) -> None:
    rings = [place.ring(f"f{number}-1.requests", service=f"s{number}") for number in range(50)]
    for ring in rings:
        put(ring, *(request(f"id{number}") for number in range(20)))

    async def run() -> list[Any]:
        async with place.open() as store:
            await store.settled()
            return await store.query("SELECT count(*), count(DISTINCT service) FROM requests")

    assert asyncio.run(run()) == [(1000, 50)]
    for ring in rings:
        ring.close()


def test_too_many_rows_are_dropped_counted_and_told(place: Place) -> None:
    async def run() -> tuple[Any, list[Any]]:
        store, _ = place.make()
        store.pending = store.writer._pending = Pending(limit=10)
        store.add("traces", [line(str(number)) for number in range(25)])
        await store.start()
        await store.settled()
        shown = await status_of(place, store).show()
        told = await store.query("SELECT value, customDimensions FROM customMetrics")
        await store.stop()
        return shown, told

    shown, told = asyncio.run(run())
    assert shown.rows["traces"] == 10
    assert shown.dropped == {"traces": 15}
    assert told == [(15.0, '{"of":"traces"}')]


def test_values_that_do_not_fit_are_mended_and_the_other_rows_are_kept(place: Place) -> None:
    now = time.time()
    wrong = metric("time", 1, math.inf)
    bad = metric("\ud800", 1.0, valueCount=2**40, itemCount="many")

    async def run() -> tuple[list[Any], int]:
        async with place.open() as store:
            store.add("customMetrics", [bad, metric("fine", math.nan), wrong])
            await store.settled()
            found = await store.query("SELECT name, value, valueCount, itemCount, timestamp "
                                      "FROM customMetrics ORDER BY name")  # fmt: skip
            return found, store.mended

    found, mended = asyncio.run(run())
    assert [row[:4] for row in found if row[0] != "fine"] == [
        ("?", 1.0, None, None),
        ("time", 1.0, None, 1),
    ]
    assert math.isnan(next(row[1] for row in found if row[0] == "fine"))
    assert all(abs(row[4].replace(tzinfo=UTC).timestamp() - now) < 60 for row in found)
    assert mended >= 1


def test_a_line_of_ten_megabytes_is_kept_short(place: Place) -> None:
    async def run() -> list[Any]:
        async with place.open() as store:
            store.add("traces", [line("x" * 10_000_000), line("short")])
            await store.settled()
            return await store.query("SELECT length(message) FROM traces ORDER BY 1")

    (short,), (long,) = asyncio.run(run())
    assert short == 5
    assert TEXT_LIMIT < long < TEXT_LIMIT + 100


def test_a_snapshot_holds_each_row_once_while_hours_are_sealed(
    place: Place,
) -> None:
    old = time.time() - 3 * HOUR

    async def run() -> list[tuple[int, int]]:
        seen = []
        async with place.open() as store:
            for number in range(40):
                at = old if number % 2 else None
                store.add("traces", [line(f"{number}", at)])
                await store.settled()
                if number % 7 == 6:
                    await asyncio.to_thread(store.keeper.run_once, time.time())
                with await snapshot(store, ["traces"]) as found:
                    ((all_, distinct),) = duckdb.sql(
                        "SELECT count(*), count(DISTINCT message) "
                        f"FROM ({found.selects['traces']})"
                    ).fetchall()
                seen.append((all_, distinct))
        return seen

    assert asyncio.run(run()) == [(number, number) for number in range(1, 41)]
    assert parquet(place)


def test_a_snapshots_files_stay_until_it_is_released(
    place: Place,
) -> None:
    old = time.time() - 3 * HOUR

    async def run() -> tuple[int, int, bool]:
        async with place.open() as store:
            store.add("traces", [line("old", old), line("new")])
            await store.settled()
            await asyncio.to_thread(store.keeper.run_once, time.time())
            store.add("traces", [line("later")])
            await store.settled()
            found = await store.snapshot(["traces"])
            store.files.retire(store.files.of("traces"))
            store._exports.forget("traces")
            read = duckdb.sql(f"SELECT count(*) FROM ({found.selects['traces']})").fetchall()
            after = await count(store, "traces")
            found.release()
            found.release()
            return read[0][0], after, any(path.exists() for path in found.files["traces"])

    assert asyncio.run(run()) == (3, 2, False)


def test_tables_without_rows_are_there_in_snapshots(place: Place) -> None:
    async def run() -> dict[str, Any]:
        async with place.open() as store:
            with await snapshot(store) as found:
                return {
                    name: duckdb.sql(f"DESCRIBE {select}").fetchall()
                    for name, select in found.selects.items()
                }

    found = asyncio.run(run())
    for name, table in TABLES.items():
        assert [(row[0], row[1]) for row in found[name]] == [
            (column.name, column.type) for column in table.columns
        ]


def test_our_own_sql_that_is_wrong_raises_and_the_next_one_is_answered(place: Place) -> None:
    async def run() -> int:
        async with place.open() as store:
            with pytest.raises(duckdb.Error):
                await store.query("SELECT nothing FROM traces")
            return await count(store, "traces")

    assert asyncio.run(run()) == 0


def test_the_file_is_not_opened_before_there_is_something(place: Place) -> None:
    async def run() -> bool:
        async with place.open() as store:
            await store.settled()
            return store.handle.open

    assert asyncio.run(run()) is False
    assert not list(place.telemetry.glob("*.duckdb"))


def test_very_many_label_values_are_kept_take_no_more_memory_than_some_and_are_told(
    place: Place,
) -> None:
    async def run() -> list[Any]:
        async with place.open() as store:
            for part in range(3):
                rows = [metric(f"m{part}-{number}", 1.0) for number in range(20_000)]
                store.add("customMetrics", rows)
                await store.settled()
            known = store.handle.get()._columns["customMetrics"]._known
            assert len(known) <= 50_000
            (problem,) = (await status_of(place, store).show()).problems
            assert problem.startswith("The rows of customMetrics have more than 50,000 different")
            return await store.query("SELECT count(*), count(DISTINCT name) FROM customMetrics")

    assert asyncio.run(run()) == [(60_000, 60_000)]


def test_the_status_says_that_inputs_are_not_collected_and_why(place: Place) -> None:
    async def run() -> list[str]:
        async with place.open() as store:
            status = replace(status_of(place, store), collecting=Collecting("The disk is full."))
            found = await status.show()
            return [*found.problems, *found.notes]

    assert asyncio.run(run()) == [
        "Inputs and outputs are not collected: The disk is full.", "a ring was set aside",
    ]  # fmt: skip


class Collecting:
    def __init__(self, problem: str) -> None:
        self.problem = problem
        self.notes = ["a ring was set aside"]
