"""What people are told of the store itself."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import duckdb
import msgspec

from modelyard.collector.drain import Drain
from modelyard.collector.gateway_log import GatewayLog
from modelyard.collector.store import Store
from modelyard.collector.store_columns import MANY_LABELS
from modelyard.collector.store_layout import LAYOUTS
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import ModelyardError
from modelyard.wire.telemetry_status import TelemetryStatus

PATH = "/api/v1/telemetry/status"


class Collecting(Protocol):
    """What keeps inputs and outputs: ``problem`` is why it cannot now, ``notes`` what it met."""

    problem: str
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Status:
    """Asks the parts."""

    store: Store
    drain: Drain
    gateway: GatewayLog
    collecting: Collecting | None = None
    given_up: Callable[[], int] = lambda: 0
    """Outcomes of requests that nobody knew within a day."""

    def routes(self) -> Sequence[Route]:
        """GET of the status."""
        return [Route("GET", PATH, self._answer)]

    async def show(self) -> TelemetryStatus:
        """How it is now; does not raise."""
        files = self.store.files.all()
        rows = await self._in_engine()
        for file in files:
            rows[file.table] = rows.get(file.table, 0) + file.rows
        left = await asyncio.to_thread(self._left)
        writer = self.store.writer
        return TelemetryStatus(
            rows={table: count for table, count in rows.items() if count},
            dropped=self._dropped(),
            unreadable=sum(ring.unreadable for ring in self.drain.rings),
            mended=self.store.mended,
            rings=len(self.drain.rings),
            waiting=len(self.store.pending),
            files=len(files),
            disk=sum(file.size for file in files) + self._engine_size(),
            free=left,
            oldest=min((float(file.hour) for file in files), default=None),
            lag=round(writer.lag, 3),
            problems=self._problems(),
            notes=[*self.store.notes, *(self.collecting.notes if self.collecting else ())],
        )

    def _problems(self) -> list[str]:
        stopped = (self.store.writer.problem, self.store.keeper.problem)
        crowded = (
            f"The rows of {table} have more than {MANY_LABELS:,} different names and dimensions "
            "in this hour. All are kept, at several times the disk: let scripts report what "
            "differs from request to request as a value, not as a name or dimension."
            for table in self.store.handle.crowded
        )
        not_collected = self.collecting.problem if self.collecting else ""
        collecting = [f"Inputs and outputs are not collected: {not_collected}"]
        return [*(text for text in stopped if text), *crowded, *(collecting * bool(not_collected))]

    async def _answer(self, _: HttpRequest) -> HttpAnswer:
        found = await self.show()
        return HttpAnswer(200, {"content-type": "application/json"}, msgspec.json.encode(found))

    async def _in_engine(self) -> dict[str, int]:
        if not (self.store.handle.open or self.store.handle.path.exists()):
            return {}
        counts = ", ".join(
            f"(SELECT count(*) FROM {layout.rows_table})" for layout in LAYOUTS.values()
        )
        with suppress(duckdb.Error, ModelyardError):
            (found,) = await self.store.query(f"SELECT {counts}")
            return dict(zip(LAYOUTS, found, strict=True))
        return {}

    def _dropped(self) -> dict[str, int]:
        found = dict(self.store.pending.dropped)
        for ring in self.drain.rings:
            if ring.dropped:
                found[ring.name] = ring.dropped
        if self.gateway.lost:
            found["gateway"] = self.gateway.lost
        if given_up := self.given_up():
            found["feedback"] = given_up
        return found

    def _engine_size(self) -> int:
        size = 0
        for path in self.store.folder.glob("telemetry.duckdb*"):
            with suppress(OSError):
                size += path.stat().st_size
        return size

    def _left(self) -> int:
        try:
            return shutil.disk_usage(self.store.folder).free
        except OSError:
            return 0
