"""Questions over HTTP: queries, those that run, saved ones, and what the tables are."""

import asyncio
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from modelyard.collector.moments import moment
from modelyard.collector.query.kql import language_of
from modelyard.collector.query.messages import Ask
from modelyard.collector.query.process import Answer
from modelyard.collector.query.queries import Queries
from modelyard.collector.query.ready import VIEWS
from modelyard.collector.saved import SavedQueries
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput, Forbidden
from modelyard.telemetry.tables import TABLES
from modelyard.wire import telemetry as wire
from modelyard.wire.base import Page

ROWS = 10_000
"""Rows of an answer, where nothing else is asked for."""

MOST_ROWS = 1_000_000
MOST_BYTES = 64 * 1024**2
LONGEST = 3600.0
"""Seconds that a query may ask for."""

BASE = "/api/v1/telemetry"
_BODY = 4 * 1024**2
_NAMES = "-_.:"

T = TypeVar("T")


class Answers:
    """``seconds`` are what a query has that says nothing of its time."""

    def __init__(self, queries: Queries, saved: SavedQueries, seconds: float) -> None:
        self._queries = queries
        self._saved = saved
        self._seconds = seconds

    def routes(self) -> Sequence[Route]:
        """All of them."""
        return (
            Route("POST", f"{BASE}/query", self.query, _BODY),
            Route("GET", f"{BASE}/queries", self.running),
            Route("DELETE", f"{BASE}/queries/{{id}}", self.cancel),
            Route("GET", f"{BASE}/tables", self.tables),
            Route("GET", f"{BASE}/saved", self.saved),
            Route("GET", f"{BASE}/saved/{{name}}", self.get_saved),
            Route("PUT", f"{BASE}/saved/{{name}}", self.save),
            Route("DELETE", f"{BASE}/saved/{{name}}", self.remove),
        )

    async def query(self, request: HttpRequest) -> HttpAnswer:
        """The rows, as JSON or as an Arrow IPC stream."""
        wanted = read(request, wire.Query)
        arrow = wire.ARROW in request.headers.get("accept", "")
        begun = time.monotonic()
        ask = await self._ask(wanted, request.workspace, arrow)
        answer = await self._queries.run(ask, _id(wanted.id))
        elapsed = (time.monotonic() - begun) * 1000
        headers = {"content-type": wire.ARROW if arrow else "application/json"}
        if answer.truncated:
            headers["x-modelyard-truncated"] = answer.truncated
        return HttpAnswer(200, headers, answer.body if arrow else _document(answer, elapsed))

    async def running(self, request: HttpRequest) -> HttpAnswer:
        """What waits or runs, the oldest first."""
        now = time.monotonic()
        found = [
            wire.RunningQuery(id=r.id, query=r.text[:1000], seconds=round(now - r.begun, 3))
            for r in self._queries.running(request.workspace)
        ]
        return json(Page(items=found))

    async def cancel(self, request: HttpRequest) -> HttpAnswer:
        """Have a query given up."""
        self._queries.cancel(request.parameters["id"], request.workspace)
        return HttpAnswer(204)

    async def tables(self, request: HttpRequest) -> HttpAnswer:
        """What can be asked for, described."""
        del request
        kinds = [("table", t) for t in TABLES.values()]
        kinds += [("view", v.table) for v in VIEWS.values()]
        found = [
            wire.TableInfo(
                name=table.name,
                kind=kind,
                about=table.about,
                columns=[
                    wire.ColumnInfo(name=c.name, type=c.type, about=c.about) for c in table.columns
                ],
            )
            for kind, table in kinds
        ]
        return json(Page(items=found))

    async def saved(self, request: HttpRequest) -> HttpAnswer:
        """The saved queries, by name."""
        del request
        return json(Page(items=list(await asyncio.to_thread(self._saved.list))))

    async def get_saved(self, request: HttpRequest) -> HttpAnswer:
        """One of them."""
        return json(await asyncio.to_thread(self._saved.get, request.parameters["name"]))

    async def save(self, request: HttpRequest) -> HttpAnswer:
        """Keep a query under a name, if it is one that can be asked."""
        _may_change(request)
        wanted = read(request, wire.SavedQueryRequest)
        language = language_of(wanted.query, wanted.language)
        name = request.parameters["name"]
        self._saved.check_name(name)
        await self._check(wanted.query, language, name)
        now = datetime.fromtimestamp(time.time(), UTC)
        return json(await asyncio.to_thread(self._saved.put, name, wanted, language, now))

    async def remove(self, request: HttpRequest) -> HttpAnswer:
        """Forget one."""
        _may_change(request)
        await asyncio.to_thread(self._saved.remove, request.parameters["name"])
        return HttpAnswer(204)

    async def _check(self, query: str, language: str, name: str) -> None:
        ask = Ask(query, self._seconds, 1, MOST_BYTES, language, check=True)
        try:
            await self._queries.run(ask)
        except BadInput as error:
            raise BadInput(f"{name!r} was not saved. {error.message}") from error

    async def _ask(self, wanted: wire.Query, workspace: str | None, arrow: bool) -> Ask:
        text, language = wanted.query, wanted.language
        if (text is None) == (wanted.saved is None):
            raise BadInput("Say either 'query' or 'saved', the name of one that is saved.")
        if wanted.saved is not None:
            found = await asyncio.to_thread(self._saved.get, wanted.saved)
            text, language = found.query, found.language
        seconds = self._seconds if wanted.timeout is None else wanted.timeout
        if not (math.isfinite(seconds) and 0 < seconds <= LONGEST):
            raise BadInput(f"timeout={seconds:g} must be a number of seconds up to {LONGEST:g}.")
        limit = ROWS if wanted.limit is None else wanted.limit
        if not 0 < limit <= MOST_ROWS:
            raise BadInput(f"limit={limit} must be a number of rows from 1 to {MOST_ROWS:,}.")
        since = None if wanted.since is None else moment(wanted.since, "since", time.time())
        if workspace is not None and wanted.workspace not in {None, workspace}:
            raise Forbidden(f"This token opens the workspace {workspace!r} only.")
        return Ask(
            text or "", seconds, limit, MOST_BYTES, language, wanted.parameters, arrow,
            workspace or wanted.workspace, since, strict=workspace is not None,
        )  # fmt: skip


def read(request: HttpRequest, kind: type[T]) -> T:
    """The body as a value of the wire. Raises BadInput naming the field."""
    try:
        return msgspec.json.decode(request.body or b"null", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The body cannot be used: {error}") from error


def json(value: Any, status: int = 200) -> HttpAnswer:
    """A value of the wire as an answer."""
    return HttpAnswer(status, {"content-type": "application/json"}, msgspec.json.encode(value))


def _document(answer: Answer, elapsed: float) -> bytes:
    """A ``QueryResult`` around the rows that the query process wrote."""
    rest = {
        "truncated": bool(answer.truncated),
        "limited_by": answer.truncated,
        "language": answer.language,
        "elapsed_ms": round(elapsed, 1),
    }
    columns = msgspec.json.encode(answer.columns)
    tail = msgspec.json.encode(rest)[1:]
    return b"".join((b'{"columns":', columns, b',"rows":[', answer.body, b"],", tail))


def _id(text: str | None) -> str | None:
    if text is None:
        return None
    plain = text.replace("-", "").replace("_", "").replace(".", "").replace(":", "")
    if not (0 < len(text) <= 64 and text.isascii() and plain.isalnum()):
        raise BadInput(f"id={text[:70]!r} must be 1 to 64 letters, digits, or one of {_NAMES}")
    return text


def _may_change(request: HttpRequest) -> None:
    """Saved queries are everybody's: who sees one workspace, or may only read, changes none."""
    if request.workspace is not None or request.headers.get("x-modelyard-role") == "reader":
        raise Forbidden(
            "This token may ask, and not change saved queries. Use one of a contributor or owner."
        )
