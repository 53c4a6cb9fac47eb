"""A real store and a book of feedback over it, and requests that are told of."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from modelyard.bootstrap.collector_outcomes import Outcomes
from modelyard.collector.app import Web
from modelyard.collector.making import row
from modelyard.collector.store import Store
from modelyard.collector.store_opening import Limits
from modelyard.collector.web import HttpRequest
from modelyard.settings import Settings

WS, SVC = "lab", "churn"
PATH = f"/api/v1/telemetry/services/{WS}/{SVC}"
SERVE = f"/serve/{WS}/{SVC}"


class Desk:
    """What the collector has of outcomes, asked as the gateway would pass it on."""

    def __init__(self, home: Path, free: int = 0) -> None:
        settings = Settings(home=home, database_url="", telemetry_free=free)
        self.outcomes = Outcomes(settings)
        self.store = Store(
            settings.telemetry,
            list(self.outcomes.sources),
            limits=Limits(memory=128 * 1024**2, threads=1),
            free=0,
        )
        self.outcomes.join(self.store)
        self.web = Web(self.outcomes.routes())
        self.book = settings.telemetry / "feedback.sqlite"

    async def __aenter__(self) -> "Desk":
        await self.store.start()
        await self.outcomes.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.outcomes.stop()
        await self.store.stop()

    def requests(self, *rows: dict[str, Any]) -> None:
        """Requests that a front has written down."""
        self.store.add("requests", [row("requests", request_of(**one)) for one in rows])

    async def post(
        self, path: str, body: bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        answer = await self.web.answer(HttpRequest("POST", path, {}, headers or {}, body))
        assert isinstance(answer.body, bytes)
        return answer.status, answer.body

    async def rows(self, columns: str = "id, metric, value") -> list[tuple[Any, ...]]:
        await self.store.settled()
        return await self.store.query(f"SELECT {columns} FROM outcomes ORDER BY id, metric")


def request_of(id: str, ago: float = 30.0, version: str = "blue", **more: Any) -> dict[str, Any]:
    return {
        "timestamp": time.time() - ago, "id": id, "operation_Id": id, "name": "POST /score",
        "resultCode": "200", "success": True, "duration": 10.0, "source": "front",
        "workspace": WS, "service": SVC, "application_Version": version, "revision": 2,
        "chosen": False, **more,
    }  # fmt: skip


def at_desk(home: Path, work: Callable[[Desk], Awaitable[None]], **more: Any) -> None:
    async def whole() -> None:
        async with Desk(home, **more) as desk:
            await work(desk)

    asyncio.run(whole())


def numbered(count: int, prefix: str = "r") -> Sequence[str]:
    return [f"{prefix}{number:05}" for number in range(count)]
