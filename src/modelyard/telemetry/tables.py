"""
The tables that telemetry is kept in and asked for: names as in Application Insights, so that
saved queries carry over, and our own columns behind them.

Times are UTC, durations milliseconds, sizes bytes. What does not apply is NULL.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its DuckDB type and a sentence for whoever asks what there is."""

    name: str
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table; ``columns`` in the order of its rows, ``timestamp`` first."""

    name: str
    about: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)


def _of(text: str) -> tuple[Column, ...]:
    """Lines of 'name TYPE what it is'."""
    rows = (line.split(maxsplit=2) for line in text.strip().splitlines())
    return tuple(Column(name, kind, about) for name, kind, about in rows)


_WHERE = _of("""
    operation_Id        VARCHAR  the request it belongs to: its id, or the trace's
    operation_ParentId  VARCHAR  the span that asked for it
    cloud_RoleName      VARCHAR  WORKSPACE/SERVICE, or the process: control, gateway, collector
    cloud_RoleInstance  VARCHAR  the process among those of its role
    application_Version VARCHAR  the service's version
    workspace           VARCHAR  the workspace
    service             VARCHAR  the service
    revision            INTEGER  the number of the version's content
    customDimensions    VARCHAR  further texts, a JSON object
    itemCount           INTEGER  how many things this row stands for
""")

_TIME = _of("timestamp TIMESTAMP when it happened, UTC")

_TABLES = (
    Table(
        "requests",
        "Requests to services, one row each.",
        _TIME
        + _of("""
    id             VARCHAR  the request id: the answer's x-ms-request-id and X-Request-Id
    name           VARCHAR  method and path within the service, like POST /score
    resultCode     VARCHAR  the HTTP status, as text
    success        BOOLEAN  whether the status is below 400 and no failure of run() was found
    duration       DOUBLE   milliseconds from the request's head to its answer, at the front
    errorCode      VARCHAR  the code of the error, like worker_crashed
    gatewayMs      DOUBLE   milliseconds at the gateway, all in all
    queueMs        DOUBLE   milliseconds until a worker was given it
    runMs          DOUBLE   milliseconds in run() or the model
    batchSize      INTEGER  how many requests were run together with it, 1 alone
    requestBytes   BIGINT   size of the body that came
    responseBytes  BIGINT   size of the body that went
    userBucket     INTEGER  bucket of a sticky assignment
    user_Id        VARCHAR  hash of the user of a sticky assignment
    chosen         BOOLEAN  whether it named its version, or is a shadow's copy: not shared out
    client_IP      VARCHAR  address of the client
    source         VARCHAR  who wrote the row: front, gateway, or shadow (a front, of a copy)
    worker         INTEGER  the number of the worker that ran it
""")
        + _WHERE,
    ),
    Table(
        "traces",
        "Log lines.",
        _TIME
        + _of("""
    message        VARCHAR  the line
    severityLevel  INTEGER  0 verbose, 1 information, 2 warning, 3 error, 4 critical; NULL unknown
    source         VARCHAR  who wrote it: worker 1, front, control, gateway
    stream         VARCHAR  stdout or stderr
""")
        + _WHERE,
    ),
    Table(
        "exceptions",
        "Exceptions; problemId groups those of one place.",
        _TIME
        + _of("""
    type      VARCHAR  the exception's class
    message   VARCHAR  its words
    file      VARCHAR  file of the user's code
    line      INTEGER  line in it
    method    VARCHAR  function in it
    details   VARCHAR  the traceback
    problemId VARCHAR  the same for exceptions of one type from one place
""")
        + _WHERE,
    ),
    Table(
        "dependencies",
        "Calls that scripts made, as OpenTelemetry or Application Insights reported them.",
        _TIME
        + _of("""
    id         VARCHAR  the span's id
    name       VARCHAR  what was called
    target     VARCHAR  where
    type       VARCHAR  kind of the call, like HTTP or SQL
    data       VARCHAR  the command or address
    resultCode VARCHAR  what came back
    success    BOOLEAN  whether it went well
    duration   DOUBLE   milliseconds
""")
        + _WHERE,
    ),
    Table(
        "customMetrics",
        "Measurements that scripts reported, and those of the machine's cards.",
        _TIME
        + _of("""
    name       VARCHAR  the metric
    value      DOUBLE   the mean, or the one value
    valueSum   DOUBLE   sum of the values
    valueCount INTEGER  how many values
    valueMin   DOUBLE   the least
    valueMax   DOUBLE   the greatest
""")
        + _WHERE,
    ),
    Table(
        "customEvents",
        "Events that scripts reported.",
        _TIME
        + _of("""
    name               VARCHAR  the event
    customMeasurements VARCHAR  further numbers, a JSON object
""")
        + _WHERE,
    ),
    Table(
        "outcomes",
        "What became of requests, as feedback told later.",
        _of("timestamp TIMESTAMP when it was sent in, UTC")
        + _of("""
    id          VARCHAR   the request's id
    metric      VARCHAR   what was told of it, like sales
    value       DOUBLE    how much; yes and no are 1 and 0
    happened    TIMESTAMP when it happened, where that was told, UTC
    requestTime TIMESTAMP when the request came, UTC
    user_Id     VARCHAR   the request's user, where its service knows users
    chosen      BOOLEAN   whether the request named its version, and was not shared out
""")
        + _WHERE,
    ),
    Table(
        "performanceCounters",
        "Processor, memory, disk, network and cards, every few seconds.",
        _TIME
        + _of("""
    category VARCHAR  what is measured: Process, Machine, Disk, Network, GPU
    counter  VARCHAR  the measure, like cpu.utilization
    instance VARCHAR  which one: a card, a disk, an interface
    value    DOUBLE   the value
    unit     VARCHAR  its unit: 1 (a share), By, s, {thread}
""")
        + _WHERE,
    ),
    Table(
        "availabilityResults",
        "Probes from outside, as Application Insights reports them.",
        _TIME
        + _of("""
    id       VARCHAR  the probe's id
    name     VARCHAR  the probe
    location VARCHAR  where it ran
    success  BOOLEAN  whether it went well
    duration DOUBLE   milliseconds
    message  VARCHAR  what it said
""")
        + _WHERE,
    ),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _TABLES}
"""All of them by name."""
