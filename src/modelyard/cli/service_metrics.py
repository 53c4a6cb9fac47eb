"""service metrics: what the versions of a service did over time."""

from contextlib import suppress
from typing import Annotated

import typer

from modelyard.cli.choose import WorkspaceOption, running_server, workspace
from modelyard.cli.deployments import Name, find
from modelyard.cli.output import Column, Json, show_all
from modelyard.domain.errors import Unavailable
from modelyard.sdk.telemetry import points

COLUMNS: list[Column] = [
    "time",
    "version",
    "requests",
    ("req/s", lambda p: f"{p.rate:.2f}"),
    ("errors", lambda p: f"{p.errors} ({p.error_rate:.1%})" if p.errors else "0"),
    ("p50 ms", lambda p: _number(p.p50)),
    ("p95 ms", lambda p: _number(p.p95)),
    ("p99 ms", lambda p: _number(p.p99)),
    ("queue ms", lambda p: _number(p.queue_p95)),
    ("busy", lambda p: f"{p.busy:.2f}"),
    ("used", lambda p: "" if p.utilization is None else f"{p.utilization:.0%}"),
]


def metrics(
    name: Name,
    since: Annotated[str, typer.Option(help="From when on: 30m, 12h, 7d, or a time.")] = "1h",
    until: Annotated[str | None, typer.Option(help="Up to when.")] = None,
    by: Annotated[str, typer.Option(help="The span of each line: 10s, 1m, 1h.")] = "1m",
    version: Annotated[str | None, typer.Option(help="Only this version.")] = None,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Show rate, errors, times and use of a service's versions over time."""
    client = running_server()
    space = workspace(client, ws)
    asked = {"since": since, "until": until, "by": by, "version": version}
    found = points(client, space, name, {k: v for k, v in asked.items() if v is not None})
    if not found:
        # a service that is not there has no requests either: that is what to say then
        with suppress(Unavailable):
            find(client, space, name)
    show_all(found, as_json, COLUMNS, f"No requests to {name} in this time (--since {since}).")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
