"""top: what all services do now, in a table that lives."""

import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from modelyard.cli.choose import running_server
from modelyard.cli.output import Json, print_json, say
from modelyard.sdk.telemetry import BASE
from modelyard.wire.telemetry import Top, TopService

_TITLES = ("SERVICE", "VERSION", "REQ/S", "ERRORS", "P50 MS", "P95 MS", "QUEUE MS", "CPU",
           "MEMORY", "GPU", "GPU MEMORY")  # fmt: skip


def top(
    once: Annotated[bool, typer.Option("--once", help="Show it once, for scripts.")] = False,
    window: Annotated[
        str, typer.Option(help="The time that rates and percentiles are of.")
    ] = "60s",
    interval: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    ws: Annotated[
        str | None, typer.Option("--workspace", "-w", help="Only services of this workspace.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show services and versions as they run: requests, errors, times, CPU, memory, GPU."""
    client = running_server()

    def look() -> Top:
        found = client.get(f"{BASE}/top", Top, {"window": window})
        found.services = [s for s in found.services if ws in {None, s.workspace}]
        return found

    if as_json:
        print_json(look())
    elif once or not sys.stdout.isatty():
        _print(look())
    else:
        with Live(_table(look()), auto_refresh=False, screen=True) as live:
            while True:
                time.sleep(interval)  # noqa: TID251 - a table that lives
                live.update(_table(look()), refresh=True)


def _print(found: Top) -> None:
    console = Console(highlight=False, markup=False)
    if not sys.stdout.isatty():
        console.width = 10_000
    with console.capture() as held:
        console.print(_table(found))
    for line in held.get().splitlines():
        say(line.rstrip())
    if not found.services:
        say(f"No service ran or was asked within {found.seconds:g} seconds.")


def _table(found: Top) -> Table:
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold",
        title=_machine(found), title_justify="left", title_style="",
    )  # fmt: skip
    for number, title in enumerate(_TITLES):
        table.add_column(title, justify="left" if number < 2 else "right", no_wrap=True)
    for service in found.services:
        table.add_row(*_row(service))
    return table


def _row(service: TopService) -> tuple[str, ...]:
    asked = service.rate > 0
    return (
        f"{service.workspace}/{service.service}",
        service.version,
        f"{service.rate:.2f}",
        f"{service.errors:.1%}" if asked else "",
        _number(service.p50),
        _number(service.p95),
        _number(service.queue_p95),
        _share(service.cpu),
        _size(service.memory),
        _share(service.gpu),
        _size(service.gpu_memory),
    )


def _machine(found: Top) -> str:
    machine = found.machine
    said = [found.time.astimezone().strftime("%H:%M:%S")]
    for title, name in (("CPU", "cpu"), ("memory", "memory"), ("GPU", "gpu")):
        share = machine.get(f"{name}.utilization")
        if share is not None:
            of = machine.get(f"{name}.limit")
            said.append(f"{title} {share:.0%}" + (f" of {_size(of)}" if of else ""))
    return "  ".join(said)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _size(value: Any) -> str:
    if value is None:
        return ""
    return f"{value / 1024**3:.1f} GB" if value >= 1024**3 else f"{value / 1024**2:.0f} MB"
