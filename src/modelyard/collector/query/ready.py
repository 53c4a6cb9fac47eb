"""Ready-made views: what is asked often, under names that can be asked like tables."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from modelyard.telemetry.tables import TABLES, Column, Table


@dataclass(frozen=True, slots=True)
class View:
    """A view: how it describes itself, the tables below it and its SELECT."""

    table: Table
    reads: tuple[str, ...]
    select: str


def _view(name: str, about: str, reads: str, columns: str, select: str) -> View:
    rows = (line.split(maxsplit=2) for line in columns.strip().splitlines())
    described = tuple(Column(column, kind, words) for column, kind, words in rows)
    return View(Table(name, about, described), tuple(reads.split()), select)


_VIEWS = (
    _view(
        "slowRequests",
        "The thousand slowest requests, and where their time went.",
        "requests",
        """
        timestamp           TIMESTAMP when it happened, UTC
        id                  VARCHAR   the request id
        workspace           VARCHAR   the workspace
        service             VARCHAR   the service
        application_Version VARCHAR   the service's version
        name                VARCHAR   method and path
        resultCode          VARCHAR   the HTTP status
        duration            DOUBLE    milliseconds at the front, all in all
        queueMs             DOUBLE    of them until a worker was given it
        runMs               DOUBLE    of them in run() or the model
        gatewayMs           DOUBLE    milliseconds at the gateway, all in all
        requestBytes        BIGINT    size of the body that came
        """,
        """
        SELECT timestamp, id, workspace, service, application_Version, name, resultCode, duration,
               queueMs, runMs, gatewayMs, requestBytes
        FROM requests ORDER BY duration DESC NULLS LAST LIMIT 1000
        """,
    ),
    _view(
        "errorsByPlace",
        "Exceptions, one row for each place in each service.",
        "exceptions",
        """
        problemId           VARCHAR   the place: type, file and function
        workspace           VARCHAR   the workspace
        service             VARCHAR   the service
        application_Version VARCHAR   the version that had it last
        count               BIGINT    how often
        first               TIMESTAMP when it happened first, UTC
        last                TIMESTAMP when it happened last, UTC
        message             VARCHAR   what the last one said
        file                VARCHAR   file of the user's code
        line                INTEGER   line of the last one
        operation_Id        VARCHAR   the request of the last one
        """,
        """
        SELECT problemId, workspace, service, arg_max(application_Version, timestamp)
                   AS application_Version, count(*) AS count, min(timestamp) AS first,
               max(timestamp) AS last, arg_max(message, timestamp) AS message,
               arg_max(file, timestamp) AS file, arg_max(line, timestamp) AS line,
               arg_max(operation_Id, timestamp) AS operation_Id
        FROM exceptions GROUP BY problemId, workspace, service
        """,
    ),
    _view(
        "serviceMinutes",
        "Requests of each service version, minute by minute.",
        "requests",
        """
        timestamp           TIMESTAMP the minute's begin, UTC
        workspace           VARCHAR   the workspace
        service             VARCHAR   the service
        application_Version VARCHAR   the service's version
        requests            BIGINT    how many
        failed              BIGINT    how many of them failed
        p50                 DOUBLE    milliseconds within which half of them were answered
        p95                 DOUBLE    of 95 of 100
        p99                 DOUBLE    of 99 of 100
        queueP95            DOUBLE    milliseconds until a worker was given them, of 95 of 100
        """,
        """
        SELECT date_trunc('minute', timestamp) AS timestamp, workspace, service,
               application_Version, count(*) AS requests, count_if(NOT success)::BIGINT AS failed,
               quantile_cont(duration, 0.5) AS p50, quantile_cont(duration, 0.95) AS p95,
               quantile_cont(duration, 0.99) AS p99, quantile_cont(queueMs, 0.95) AS queueP95
        FROM requests GROUP BY ALL
        """,
    ),
)

VIEWS: Mapping[str, View] = {view.table.name: view for view in _VIEWS}
"""All of them by name."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    **{name: table.names for name, table in TABLES.items()},
    **{name: view.table.names for name, view in VIEWS.items()},
}
"""The columns of whatever a query may name after FROM."""


def tables_below(names: Collection[str]) -> frozenset[str]:
    """The tables that these tables and views read."""
    found = (VIEWS[name].reads if name in VIEWS else (name,) for name in names)
    return frozenset(table for tables in found for table in tables)
