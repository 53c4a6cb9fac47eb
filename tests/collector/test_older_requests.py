"""Requests that a release kept before there were sticky users and chosen versions."""

import asyncio
import time
from pathlib import Path
from typing import Any

import duckdb

from modelyard.collector.sealed_files import HOUR, folder_of
from modelyard.telemetry.records import About, Request
from modelyard.telemetry.rows import Rows
from tests.collector.stores import Place

ABOUT = About("front", "r1", "ws", "prices", "blue", 1, 1)


async def written(place: Place, *records: Request) -> None:
    async with place.open() as store:
        for record in records:
            store.add(*_table_and_rows(record))
        await store.settled()


def _table_and_rows(record: Request) -> tuple[str, list[Any]]:
    table, row = Rows(ABOUT).of(record)
    return table, [row]


def test_rows_and_files_of_before_are_read_beside_new_ones(tmp_path: Path) -> None:
    place, now = Place(tmp_path), time.time()
    asyncio.run(written(place, Request(now, "older", "POST", "/score", 200)))
    [hot] = place.telemetry.glob("*.duckdb")
    with duckdb.connect(str(hot)) as connection:
        connection.execute("ALTER TABLE rows_requests DROP COLUMN user_Id")
        connection.execute("ALTER TABLE labels_requests DROP COLUMN chosen")
    folder = folder_of(place.telemetry, "requests", int(now // HOUR - 5) * HOUR)
    folder.mkdir(parents=True)
    duckdb.sql(
        "COPY (SELECT now()::TIMESTAMP AS timestamp, 'oldest' AS id, 7 AS userBucket)"
        f" TO '{folder / 'part-0a-1-00000000.parquet'}' (FORMAT parquet)"
    )

    async def run() -> list[Any]:
        shared = Request(now, "new", "POST", "/score", 200, bucket=9, user="00ff", chosen=True)
        async with place.open() as store:
            store.add(*_table_and_rows(shared))
            await store.settled()
            return await store.query("SELECT id, userBucket, user_Id, chosen FROM requests")

    assert sorted(asyncio.run(run())) == [
        ("new", 9, "00ff", True),
        ("older", None, None, None),
        ("oldest", 7, None, None),
    ]
