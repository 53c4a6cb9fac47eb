"""A store over real rings in a folder of the test, and records that go into it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard.collector.drain import Drain
from modelyard.collector.gateway_log import GatewayLog
from modelyard.collector.making import row
from modelyard.collector.sink import Row
from modelyard.collector.status import Status
from modelyard.collector.store import Store
from modelyard.collector.store_opening import Limits
from modelyard.telemetry.encoding import encode
from modelyard.telemetry.records import About, Record, Request
from modelyard.telemetry.ring import RingWriter

HOUR = 3600.0


@dataclass
class Place:
    """Where a store and its rings lie; ``open`` may be called again and again."""

    folder: Path
    free: int = 0
    days: float = 30
    gateway: GatewayLog = field(default_factory=GatewayLog)

    @property
    def telemetry(self) -> Path:
        return self.folder / "telemetry"

    @property
    def rings(self) -> Path:
        path = self.folder / "rings"
        path.mkdir(exist_ok=True)
        return path

    def make(self) -> tuple[Store, Drain]:
        drain = Drain(self.rings, self.gateway)
        store = Store(
            self.telemetry,
            [drain],
            limits=Limits(memory=128 * 1024**2, threads=1),
            days=self.days,
            free=self.free,
        )
        return store, drain

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Store]:
        store, _ = self.make()
        await store.start()
        try:
            yield store
        finally:
            await store.stop()

    def ring(self, name: str = "front-1.requests", **about: Any) -> RingWriter:
        known = {"role": "front", "instance": "f1", "workspace": "ws", "service": "svc"}
        who = encode(About(**{**known, **about}))
        return RingWriter.create(self.rings / f"{name}.ring", 1024 * 1024, who)


def put(ring: RingWriter, *records: Record) -> None:
    for record in records:
        assert ring.put(encode(record))


def request(id: str, at: float | None = None, **facts: Any) -> Request:
    time_ = time.time() if at is None else at
    return Request(time_, id, "POST", **{"path": "/score", "status": 200, "total": 1.5, **facts})


def line(message: str, at: float | None = None, **values: Any) -> Row:
    stamp = time.time() if at is None else at
    return row("traces", {"timestamp": stamp, "message": message, **values})


def metric(name: str, value: float, at: float | None = None, **values: Any) -> Row:
    stamp = time.time() if at is None else at
    return row("customMetrics", {"timestamp": stamp, "name": name, "value": value, **values})


async def count(store: Store, table: str) -> int:
    ((number,),) = await store.query(f"SELECT count(*) FROM {table}")
    return int(number)


async def eventually(
    condition: Callable[[], Awaitable[Any]], seconds: float = 20.0, what: str = ""
) -> Any:
    """The first truthy answer of a coroutine."""
    deadline = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds} s: {what or condition}")
        await asyncio.sleep(0.01)


def parquet(place: Place) -> list[Path]:
    return sorted(place.telemetry.glob("*/date=*/hour=*/*.parquet"))


def status_of(place: Place, store: Store) -> Status:
    return Status(store, Drain(place.rings, place.gateway), place.gateway)
