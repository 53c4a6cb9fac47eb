"""What the collector answers below the same address, written down: it has no framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelyard.wire import telemetry as wire
from modelyard.wire.base import Page
from modelyard.wire.endpoints import ShadowReport
from modelyard.wire.inputs import Collected, Erased, EraseRequest
from modelyard.wire.rollouts import Feedback, FeedbackResult, Outcome
from modelyard.wire.telemetry_status import TelemetryStatus

_BASE = "/api/v1/telemetry"
_SERVICE = f"{_BASE}/services/{{workspace}}/{{service}}"
_VERSION = "Only this version."
_SINCE = "Only what is newer: a span like 1h, 7d, or a time."
_UNTIL = "Only what is older: a span like 1h, 7d, or a time."


@dataclass(frozen=True, slots=True)
class Operation:
    """
    A method of a path: what it says, takes in its query and its body (one of several types), and
    gives. ``arrow``: also as an Arrow IPC stream, where ``Accept`` asks for it.
    """

    method: str
    path: str
    says: str
    gives: Any = None
    takes: tuple[Any, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    answers: str = "What was asked for."
    status: int = 200
    media: str = "application/json"
    arrow: bool = False


_LOGS = {
    "num_lines": "The last so many lines.", "since": _SINCE,
    "level": "This level and worse: DEBUG, INFO, WARNING, ERROR or CRITICAL.",
    "request_id": "Only lines of this request.", "version": _VERSION,
    "follow": "1: go on with lines as they come.",
}  # fmt: skip
_ROWS = {
    "designation": "inputs (the default), outputs, labels or another that the script named.",
    "limit": "Rows at most.", "since": _SINCE, "until": _UNTIL, "model": "Only of this model.",
    "version": _VERSION, "request_id": "Only of this request.",
    "correlation_id": "Only of this correlation id.",
}  # fmt: skip

OPERATIONS = (
    Operation(
        "post", f"{_BASE}/query", "Ask in SQL or KQL.", wire.QueryResult, (wire.Query,),
        answers="The rows. X-Modelyard-Truncated says that there are more.", arrow=True,
    ),
    Operation("get", f"{_BASE}/queries", "Queries that wait or run.", Page[wire.RunningQuery]),
    Operation("delete", f"{_BASE}/queries/{{id}}", "Give a query up.", status=204),
    Operation("get", f"{_BASE}/tables", "Tables and their columns.", Page[wire.TableInfo]),
    Operation("get", f"{_BASE}/saved", "Saved queries.", Page[wire.SavedQuery]),
    Operation("get", f"{_BASE}/saved/{{name}}", "A saved query.", wire.SavedQuery),
    Operation(
        "put", f"{_BASE}/saved/{{name}}", "Keep a query under a name.", wire.SavedQuery,
        (wire.SavedQueryRequest,),
    ),
    Operation("delete", f"{_BASE}/saved/{{name}}", "Forget a saved query.", status=204),
    Operation(
        "get", f"{_BASE}/top", "Service versions now, the busiest first.", wire.Top,
        query={"window": "The span that is looked at, like 10s."},
    ),
    Operation("get", f"{_BASE}/requests/{{id}}", "All that is known of a request.", wire.Trace),
    Operation("get", f"{_BASE}/status", "How the telemetry store is.", TelemetryStatus),
    Operation(
        "get", f"{_SERVICE}/metrics", "A service's versions over time.", Page[wire.ServicePoint],
        query={"since": _SINCE, "until": _UNTIL, "by": "One point for each such span, like 1m.",
               "version": _VERSION},
    ),
    Operation(
        "get", f"{_SERVICE}/logs", "Lines that workers and fronts wrote.", wire.LogLine,
        query=_LOGS, answers="One line of JSON for each line.", media="application/x-ndjson",
    ),
    Operation(
        "get", f"{_SERVICE}/shadow", "How a shadow's answers differ.", ShadowReport,
        query={"version": "The shadow.", "since": _SINCE,
               "tolerance": "Up to which numbers are equal, relative."},
    ),
    Operation("get", f"{_SERVICE}/inputs", "Files of collected inputs and outputs.", Collected),
    Operation(
        "get", f"{_SERVICE}/inputs/rows", "Collected rows.", wire.QueryResult, query=_ROWS,
        arrow=True,
    ),
    Operation(
        "post", f"{_SERVICE}/inputs/erase", "Take out the rows of a subject.", Erased,
        (EraseRequest,),
    ),
    Operation(
        "post", f"{_SERVICE}/feedback", "Tell what became of requests, by an API token.",
        FeedbackResult, (Outcome, Feedback),
    ),
    Operation(
        "post", "/serve/{workspace}/{service}/feedback",
        "Tell what became of requests, by the service's key or token.", FeedbackResult,
        (Outcome, Feedback),
    ),
)  # fmt: skip
"""All but those that the control plane alone may ask, and the standards' own (OTLP and others)."""
