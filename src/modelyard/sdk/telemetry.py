"""Asking telemetry: SQL and KQL over requests, logs and metrics; one request; the tables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from modelyard.sdk.client import Client, path
from modelyard.sdk.telemetry_result import QueryResult
from modelyard.sdk.telemetry_trace import Trace, trace
from modelyard.wire import telemetry as wire

BASE = "/telemetry"
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?P<level>[A-Z]) \[\d+\] ")
"""How Azure's format begins a line: 2026-11-22 03:02:54,930 I [pid]."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""By the number that ``severityLevel`` has."""

Moment = str | float | timedelta | datetime
"""A span back from now ('1h', seconds, a timedelta), or a time (datetime, ISO 8601)."""


class Telemetry:
    """
    What is known of a workspace's services and jobs: ``ws.telemetry``.

    It is answered by the collector, also while the control plane is down.
    """

    def __init__(self, client: Client, workspace: str) -> None:
        self._client = client
        self._workspace = workspace

    def query(
        self,
        query: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        language: str | None = None,
        timeout: float | None = None,
        limit: int | None = None,
        since: Moment | None = None,
        everywhere: bool = False,
    ) -> QueryResult:
        """
        Ask in SQL (DuckDB's), or in KQL: recognised by a table and a pipe at its beginning, or
        named in ``language``.

        ``parameters`` by place (``?``) or by name (``$name``). ``timeout`` in seconds (default
        30), ``limit`` in rows (default 10,000; ``truncated`` says that there are more). ``since``:
        only what is newer. Rows are those of the workspace; ``everywhere``: of all, with what
        belongs to none.

        Raises ``BadInput`` naming what is not allowed, ``Timeout``, ``NoCapacity``.
        """
        asked = self._asked(parameters, language, timeout, limit, since, everywhere)
        return QueryResult(self._send(msgspec.structs.replace(asked, query=query)))

    def run(
        self, name: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None, **more: Any
    ) -> QueryResult:
        """The answer to a saved query; ``more`` as for ``query``. Raises ``NotFound``."""
        options = {"language": None, "timeout": None, "limit": None, "since": None}
        asked = self._asked(parameters, **{**options, "everywhere": False, **more})
        return QueryResult(self._send(msgspec.structs.replace(asked, saved=name)))

    def save(
        self, name: str, query: str, *, language: str | None = None, about: str = ""
    ) -> wire.SavedQuery:
        """Keep a query under a name, in place of what had it."""
        wanted = wire.SavedQueryRequest(query=query, language=language, about=about)
        return self._client.send("PUT", BASE + path("saved", name), wanted, wire.SavedQuery)

    def saved(self) -> list[wire.SavedQuery]:
        """The saved queries."""
        return list(self._client.items(f"{BASE}/saved", wire.SavedQuery))

    def forget(self, name: str) -> None:
        """Remove a saved query. Raises ``NotFound``."""
        self._client.tell("DELETE", BASE + path("saved", name))

    def tables(self) -> list[wire.TableInfo]:
        """The tables and ready-made views, each with its columns and what they mean."""
        return list(self._client.items(f"{BASE}/tables", wire.TableInfo))

    def trace(self, request_id: str) -> Trace:
        """Everything known of one request. Raises ``NotFound``."""
        return trace(self._client, request_id)

    def _asked(
        self,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        language: str | None,
        timeout: float | None,
        limit: int | None,
        since: Moment | None,
        everywhere: bool,
    ) -> wire.Query:
        named = isinstance(parameters, Mapping)
        values: Any = dict(parameters or {}) if named else parameters and list(parameters)
        return wire.Query(
            parameters=values,
            language=language,
            timeout=timeout,
            limit=limit,
            since=None if since is None else told(since),
            workspace=None if everywhere else self._workspace,
        )

    def _send(self, asked: wire.Query) -> wire.QueryResult:
        return self._client.send("POST", f"{BASE}/query", asked, wire.QueryResult)


def told(moment: Moment) -> str:
    """A moment as the server reads it; times without a zone are local."""
    if isinstance(moment, timedelta):
        return f"{moment.total_seconds():f}s"
    if isinstance(moment, datetime):
        return moment.astimezone().isoformat()
    return moment if isinstance(moment, str) else f"{moment:f}s"


def points(
    client: Client, workspace: str, service: str, query: Mapping[str, Any]
) -> list[wire.ServicePoint]:
    """A service's versions over time."""
    target = BASE + path("services", workspace, service, "metrics")
    return list(client.items(target, wire.ServicePoint, query))


def lines(
    client: Client, workspace: str, service: str, query: Mapping[str, Any]
) -> Iterator[wire.LogLine]:
    """A service's log lines; with ``follow`` in the query without end."""
    target = BASE + path("services", workspace, service, "logs")
    decode = msgspec.json.Decoder(wire.LogLine).decode
    rest = b""
    with client.stream(target, query=query) as answer:
        for chunk in answer.stream(65_536, decode_content=True):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if line:  # an empty one only shows that the server lives
                    yield decode(line)


def line_text(line: wire.LogLine) -> str:
    """A line as people read it, its time in this machine's zone."""
    time = line.time.astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"{time} {line.source}: {levelled(line.message, line.level)}"


def levelled(message: str, level: str) -> str:
    """
    A line with its level, and neither that nor the time a second time where the logger's format
    has put them into it. Pure.
    """
    if not level:
        return message
    stamp = _STAMP.match(message)
    if stamp and stamp["level"] == level[0]:
        message = message[stamp.end() :]
    return message if message.startswith(level) else f"{level} {message}"
