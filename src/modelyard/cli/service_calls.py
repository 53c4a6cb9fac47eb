"""service score, keys, logs: what a service answers, to whom, and what it prints."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli import service_logs
from modelyard.cli.choose import WorkspaceOption, running_server, server, workspace
from modelyard.cli.deployments import Name, at, find
from modelyard.cli.output import Json, remark, show
from modelyard.domain.errors import BadInput
from modelyard.sdk.client import Client
from modelyard.sdk.scoring import score as send
from modelyard.wire.endpoints import AccessToken
from modelyard.wire.services import KeyChange, Keys, Logs, Service


def logs(
    name: Name,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", min=0, help="How many lines (default 200).")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C as more is printed.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(help="Only lines that are newer: 30m, 12h, 7d, or a time.")
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="Only of this level and above: DEBUG, INFO, WARNING, …")
    ] = None,
    request: Annotated[str | None, typer.Option(help="Only lines of one request's id.")] = None,
    version: Annotated[str | None, typer.Option(help="Only of this version.")] = None,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Show what the workers of a service printed.

    With --since, --level, --request, --version or --json lines come from telemetry, each with its
    time; with -f then only those from now on, unless --lines or --since ask for earlier ones.
    """
    client = running_server()
    space = workspace(client, ws)
    asked = {"since": since, "level": level, "request_id": request, "version": version}
    given = {key: value for key, value in asked.items() if value is not None}
    if given or as_json:
        query = service_logs.asked(given, lines, follow=follow)
        service_logs.show(client, space, name, query, as_json=as_json)
        return
    target = at(space, name) + "/logs"
    lines = service_logs.LINES if lines is None else lines

    def read(count: int) -> list[str]:
        return client.get(target, Logs, {"lines": count}).lines

    def tell(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    count = max(lines, service_logs.WINDOW) if follow else lines
    first = read(count) if count else []
    for line in first[len(first) - lines if lines < len(first) else 0 :]:
        sys.stdout.write(line + "\n")
    if follow:
        sys.stdout.flush()
        service_logs.follow(lambda: read(count), tell, seen=first)


def keys(
    name: Name,
    regenerate: Annotated[
        str | None, typer.Option(help="Primary or Secondary: make that one anew.")
    ] = None,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Show the two keys of a service, or make one anew."""
    client = server()
    target = at(workspace(client, ws), name) + "/keys"
    if regenerate:
        found = client.send("POST", target, KeyChange(key=regenerate.capitalize()), Keys)
    else:
        found = client.get(target, Keys)
    show(found, as_json, ["primary", "secondary"])


def score(
    name: Name,
    data: Annotated[
        str, typer.Argument(help="The body; @FILE reads it from a file, - from standard input.")
    ],
    ws: WorkspaceOption = None,
) -> None:
    """Call a service with its key or a token; print the answer. Exit code 1 for an error."""
    client = server()
    space = workspace(client, ws)
    body = _body(data)
    service = find(client, space, name)
    answer = send(service.scoring_uri, body, _bearer(client, space, service))
    sys.stdout.write(answer.data.decode(errors="replace").rstrip("\n") + "\n")
    if answer.status >= 400:
        remark(f"The service answered {answer.status}.")
        raise typer.Exit(1)


def _bearer(client: Client, space: str, service: Service) -> str | None:
    if service.auth == "token":
        target = at(space, service.name) + "/token"
        return client.send("POST", target, None, AccessToken).access_token
    if service.auth == "key":
        return client.get(at(space, service.name) + "/keys", Keys).primary
    return None


def _body(data: str) -> bytes:
    if data == "-":
        return sys.stdin.buffer.read()
    if data.startswith("@"):
        try:
            return Path(data[1:]).read_bytes()
        except OSError as error:
            raise BadInput(f"{data[1:]!r} cannot be read: {error.strerror}.") from error
    return data.encode()
