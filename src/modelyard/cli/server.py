"""up, down, status, logs: the server itself."""

import sys
from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from modelyard import settings as settings_
from modelyard.cli.choose import running_server
from modelyard.cli.output import Json, print_json, say, show, show_all
from modelyard.cli.processes import run_part
from modelyard.domain.errors import BadInput, ModelyardError, NotFound
from modelyard.sdk.client import Client
from modelyard.sdk.progress import human
from modelyard.wire.server import ServerStatus
from modelyard.wire.telemetry_status import TelemetryStatus

NONE = "No processes."
PARTS = ("supervisor", "control", "gateway", "collector")


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Go on in the background.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Where everything is kept (default ~/.modelyard).")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on (default 8700).")
    ] = None,
) -> None:
    """Start Modelyard on this machine."""
    asked = {"MODELYARD_HOME": home and home.absolute(), "MODELYARD_HOST": host,
             "MODELYARD_PORT": port}  # fmt: skip
    changes = {name: str(value) for name, value in asked.items() if value is not None}
    run_part("up", ["--detach"] if detach else [], changes)


def down(
    keep_serving: Annotated[
        bool,
        typer.Option(
            "--keep-serving",
            help="End the supervisor alone; services go on and the next 'up' adopts them.",
        ),
    ] = False,
) -> None:
    """Stop Modelyard and everything it runs."""
    run_part("down", ["--keep-serving"] if keep_serving else [])


def status(as_json: Json = False) -> None:
    """Show what runs, where it lies and how much disk it uses."""
    client = running_server()
    value = client.get("/status", ServerStatus)
    if as_json:
        print_json(value)
        return
    show(value, False, ["version", "url", "home", "database", "services"])
    say(f"machine   {value.cores:g} cores, {human(value.memory)}")
    say("")
    memory = ("memory", lambda p: human(p.memory) if p.memory else "")
    show_all(value.processes, False, ["name", "state", "pid", memory, "restarts"], NONE)
    say("")
    for name, size in value.disk.items():
        say(f"{human(size):>10}  {name}")
    _telemetry(client)


def _telemetry(client: Client) -> None:
    """How the store of telemetry is; whatever is wrong with it, the rest has been shown."""
    say("")
    try:
        found = client.get("/telemetry/status", TelemetryStatus)
    except ModelyardError as error:
        say(f"telemetry is not known: {error.message}")
        return
    rows, dropped = sum(found.rows.values()), sum(found.dropped.values())
    lost = f", {dropped} dropped since its start" if dropped else ""
    say(f"{human(found.disk):>10}  telemetry: {rows} rows, {found.files} files{lost}")
    for sentence in (*found.problems, *found.notes):
        say(f"telemetry: {sentence}")


def logs(
    part: Annotated[str, typer.Argument(help="One of its processes.")] = "control",
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines.")] = 100,
) -> None:
    """Show the end of the log of one of the server's own processes."""
    if part not in PARTS:
        raise BadInput(
            f"{part!r} has no log: choose one of {', '.join(PARTS)}. "
            "Logs of services: modelyard service logs NAME"
        )
    file = settings_.read().logs / f"{part}.log"
    if not file.exists():
        raise NotFound(f"There is no log {file}: it has not run yet.")
    with file.open(errors="replace") as stream:
        sys.stdout.writelines(deque(stream, maxlen=lines))
