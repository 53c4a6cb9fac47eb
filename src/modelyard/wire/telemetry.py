"""Telemetry: questions and what is answered."""

from datetime import datetime
from typing import Any

from modelyard.wire.base import Request, Wire

ARROW = "application/vnd.apache.arrow.stream"
"""The media type of an Arrow IPC stream: what ``Accept`` asks for instead of JSON."""


class Query(Request):
    """
    A question: ``query``, or the name of a ``saved`` one.

    ``parameters`` by place (``?``) or name (``$name``). ``language`` sql or kql, else recognised.
    ``timeout`` in seconds, ``limit`` in rows. ``since``: only what is newer, like '1h' or a time.
    ``id`` to cancel it by. ``workspace``: only its rows.
    """

    query: str | None = None
    saved: str | None = None
    parameters: list[Any] | dict[str, Any] | None = None
    language: str | None = None
    timeout: float | None = None
    limit: int | None = None
    since: str | None = None
    id: str | None = None
    workspace: str | None = None


class Column(Wire):
    """A column of an answer; ``type`` as DuckDB names it."""

    name: str
    type: str


class QueryResult(Wire):
    """
    Rows in the order of ``columns``; times are UTC. ``truncated`` says that there are more:
    ``limited_by`` rows or bytes.
    """

    columns: list[Column]
    rows: list[list[Any]]
    truncated: bool = False
    limited_by: str = ""
    language: str = "sql"
    elapsed_ms: float = 0.0


class RunningQuery(Wire):
    """A query that waits or runs; ``seconds`` since it was asked."""

    id: str
    query: str
    seconds: float


class ColumnInfo(Wire):
    """A column of a table and what it means."""

    name: str
    type: str
    about: str


class TableInfo(Wire):
    """A table, or a ready-made view over them; ``kind`` says which."""

    name: str
    kind: str
    about: str
    columns: list[ColumnInfo]


class SavedQueryRequest(Request):
    """A query to be kept."""

    query: str
    language: str | None = None
    about: str = ""


class SavedQuery(Wire):
    """A query that is kept under a name."""

    name: str
    query: str
    language: str
    about: str
    saved: datetime


class ServicePoint(Wire):
    """
    One service version in one span of time, which begins at ``time``.

    ``rate`` in requests per second; times in milliseconds; ``busy`` the mean number of workers at
    work, ``utilization`` its share of the workers that ran requests.
    """

    time: datetime
    version: str
    requests: int
    rate: float
    errors: int
    error_rate: float
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    queue_p95: float | None = None
    busy: float = 0.0
    utilization: float | None = None
    batch_size: float | None = None


class LogLine(Wire):
    """A line; ``level`` as logging names it, '' where nothing says."""

    time: datetime
    message: str
    level: str = ""
    source: str = ""
    stream: str = ""
    version: str = ""
    request_id: str = ""


class TopService(Wire):
    """
    A service version now. ``cpu`` in cores of the machine's share (1 is all of it), ``memory``
    and ``gpu_memory`` in bytes; None where it is not known.
    """

    workspace: str
    service: str
    version: str
    rate: float = 0.0
    errors: float = 0.0
    p50: float | None = None
    p95: float | None = None
    queue_p95: float | None = None
    cpu: float | None = None
    memory: float | None = None
    gpu: float | None = None
    gpu_memory: float | None = None


class Top(Wire):
    """All service versions over the last ``seconds``, and the machine's measures by name."""

    time: datetime
    seconds: float
    machine: dict[str, float]
    services: list[TopService]


class TraceItem(Wire):
    """Something known of a request: a row of ``table`` without what is empty."""

    time: datetime
    table: str
    values: dict[str, Any]


class Trace(Wire):
    """Everything known of one request: its row, and all others in the order of their times."""

    id: str
    workspace: str
    service: str
    version: str
    revision: int | None
    request: dict[str, Any] = {}
    items: list[TraceItem] = []
