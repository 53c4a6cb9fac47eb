"""What is asked of collected rows over HTTP."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import msgspec
from arro3.core import Table

from modelyard.collector.answers import BASE, json
from modelyard.collector.answers import read as read_body
from modelyard.collector.inputs.batches import HOUR, together
from modelyard.collector.inputs.collect import Inputs
from modelyard.collector.inputs.erase import erase
from modelyard.collector.inputs.places import Stored, stored
from modelyard.collector.inputs.reading import Found, Wanted, read, rows_of
from modelyard.collector.inputs.spool import Segment
from modelyard.collector.moments import moment
from modelyard.collector.services import scope
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput, Forbidden, NotFound, Unavailable
from modelyard.wire.inputs import Collected, CollectedFile, Erased, EraseRequest
from modelyard.wire.telemetry import ARROW

ROWS = 10_000
MOST_ROWS = 1_000_000
_PATH = f"{BASE}/services/{{workspace}}/{{service}}/inputs"
_ATTEMPTS = 3

T = TypeVar("T")


class InputsRoutes:
    """``GET …/inputs``, ``GET …/inputs/rows``, ``POST …/inputs/erase`` of a service."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs

    def routes(self) -> Sequence[Route]:
        """All of them."""
        return (
            Route("GET", _PATH, self.files),
            Route("GET", f"{_PATH}/rows", self.rows),
            Route("POST", f"{_PATH}/erase", self.erase, 64 * 1024),
        )

    async def files(self, request: HttpRequest) -> HttpAnswer:
        """The files and how many rows they have."""
        workspace, service = scope(request)
        return json(await asyncio.to_thread(self._again, partial(self._list, workspace, service)))

    async def rows(self, request: HttpRequest) -> HttpAnswer:
        """Rows of one designation as a ``QueryResult``, or as an Arrow IPC stream."""
        workspace, service = scope(request)
        wanted = _wanted(request)
        designation = request.query.get("designation", "inputs")
        arrow = ARROW in request.headers.get("accept", "")
        begun = time.monotonic()

        def look() -> Found:
            files, open_ = self._of(workspace, service, designation, wanted)
            return read([file.path for file in files], open_, wanted, arrow=arrow)

        found = await asyncio.to_thread(self._again, look)
        if not found.columns and not found.body:
            raise NotFound(
                f"Nothing was collected of {designation!r} of {service!r} that fits. Services "
                "collect when they are deployed with collect_model_data=True."
            )
        if arrow:
            headers = {"content-type": ARROW}
            if found.truncated:
                headers["x-modelyard-truncated"] = found.truncated
            return HttpAnswer(200, headers, found.body)
        return HttpAnswer(
            200, {"content-type": "application/json"}, _document(found, time.monotonic() - begun)
        )

    async def erase(self, request: HttpRequest) -> HttpAnswer:
        """Take out the rows of a subject; returns when they are gone."""
        workspace, service = scope(request)
        if request.headers.get("x-modelyard-role") == "reader":
            raise Forbidden("This token may read only.")
        asked = read_body(request, EraseRequest)

        def work() -> Erased:
            inputs = self._inputs
            inputs.seal_all(workspace, service)
            files = stored(inputs.root, workspace, service)
            return erase(files, asked.column, asked.value, inputs.hasher)

        try:
            return json(await self._inputs.do(work))
        except OSError as error:
            raise Unavailable(f"Not all of it could be erased; ask again: {error}") from error

    def _again(self, look: Callable[[], T]) -> T:
        """Look anew where a file has gone meanwhile: it was sealed, erased or too old."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return look()
            except OSError:
                continue
        try:
            return look()
        except OSError as error:
            raise Unavailable(f"The files cannot be read now: {error}") from error

    def _list(self, workspace: str, service: str) -> Collected:
        inputs, counts = self._inputs, self._inputs.drain.counts
        files = stored(inputs.root, workspace, service)
        rows = rows_of([file.path for file in files])
        sealed = {file.path.stem.removeprefix("part-") for file in files}
        items = [_file(file, rows[file.path]) for file in files]
        items += [
            _open_file(segment, str(inputs.spool.path(segment)))
            for segment in inputs.spool.segments
            if (segment.part.workspace, segment.part.service) == (workspace, service)
            and segment.token not in sealed
        ]
        return Collected(
            items=items,
            rows=sum(item.rows for item in items),
            dropped=counts.dropped,
            cut=counts.cut,
            unreadable=counts.unreadable,
            crowded=counts.crowded,
            problem=inputs.problem,
        )

    def _of(
        self, workspace: str, service: str, designation: str, wanted: Wanted
    ) -> tuple[list[Stored], list[Table]]:
        """Files, and tables of what is open. What is sealed meanwhile is not taken twice."""
        segments = self._inputs.spool.segments
        files = [
            file
            for file in stored(self._inputs.root, workspace, service)
            if file.part.designation == designation and _overlaps(file.hour, wanted)
        ]
        sealed = {file.path.stem.removeprefix("part-") for file in files}
        tables = []
        for segment in segments:
            part = segment.part
            mine = (part.workspace, part.service, part.designation) == (
                workspace, service, designation,
            )  # fmt: skip
            if mine and segment.token not in sealed and _overlaps(segment.hour, wanted):
                found = self._inputs.spool.read(segment)
                if found:
                    tables.append(together(found))
        return files, tables


def _overlaps(hour: int, wanted: Wanted) -> bool:
    return (wanted.since is None or hour + HOUR > wanted.since) and (
        wanted.until is None or hour < wanted.until
    )


def _wanted(request: HttpRequest) -> Wanted:
    query, now = request.query, time.time()
    try:
        limit = int(query.get("limit", ROWS))
    except ValueError:
        limit = 0
    if not 0 < limit <= MOST_ROWS:
        raise BadInput(f"limit={query['limit']!r} must be from 1 to {MOST_ROWS:,}.")
    return Wanted(
        limit=limit,
        since=moment(query["since"], "since", now) if "since" in query else None,
        until=moment(query["until"], "until", now) if "until" in query else None,
        model=query.get("model", ""),
        version=query.get("version", ""),
        request=query.get("request_id", ""),
        correlation=query.get("correlation_id", ""),
    )


def _document(found: Found, seconds: float) -> bytes:
    """A ``QueryResult`` around the rows."""
    rest = {
        "truncated": bool(found.truncated),
        "limited_by": found.truncated,
        "elapsed_ms": round(seconds * 1000, 1),
    }
    columns = msgspec.json.encode(found.columns)
    tail = msgspec.json.encode(rest)[1:]
    return b"".join((b'{"columns":', columns, b',"rows":[', found.body, b"],", tail))


def _file(file: Stored, rows: int) -> CollectedFile:
    return CollectedFile(
        model=file.part.model, version=file.part.version, designation=file.part.designation,
        hour=datetime.fromtimestamp(file.hour, UTC), rows=rows, size=file.size, sealed=True,
        path=str(file.path),
    )  # fmt: skip


def _open_file(segment: Segment, path: str) -> CollectedFile:
    part = segment.part
    return CollectedFile(
        model=part.model, version=part.version, designation=part.designation,
        hour=datetime.fromtimestamp(segment.hour, UTC), rows=segment.rows, size=segment.size,
        sealed=False, path=path,
    )  # fmt: skip
