"""rollout: traffic moved to a new version step by step, on evidence."""

import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from modelyard.cli import rollout_view as view
from modelyard.cli.choose import WorkspaceOption, running_server, server, workspace
from modelyard.cli.deployments import at, find
from modelyard.cli.option_groups import grouped_options
from modelyard.cli.output import Column, Json, Yes, confirm, print_json, remark, say, show_all
from modelyard.cli.rollout_options import Plan
from modelyard.domain.errors import NotFound
from modelyard.sdk.client import Client
from modelyard.wire.rollouts import Rollout, RolloutDecision

app = typer.Typer(no_args_is_help=True, help="Traffic moved to a new version, on evidence.")
POLL = 1.0
"""Seconds between two looks."""

ServiceName = Annotated[str, typer.Argument(metavar="SERVICE", help="The service's name.")]
Id = Annotated[str | None, typer.Argument(metavar="[ID]", help="Another one than the latest.")]
Why = Annotated[str, typer.Option(help="A sentence that stands with it in the events.")]
Watch = Annotated[bool, typer.Option("--watch", help="Go on until it has ended, or Ctrl-C.")]
_LISTED: list[Column] = [
    "id", "candidate", "control", "state",
    ("step", lambda r: f"{r.step + 1} of {len(r.steps)}"),
    ("share", lambda r: f"{r.share:g} %"),
    "created", "created_by",
]  # fmt: skip


@app.command()
@grouped_options(plan=Plan)
def start(
    name: ServiceName,
    candidate: Annotated[
        str, typer.Argument(metavar="VERSION", help="The version that shall take over.")
    ],
    plan: Plan,
    watch: Watch = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Begin to move traffic to a version step by step, as long as the guardrails hold.

    modelyard rollout start churn green --steps 1,10,50,100 --metric sales:rate

    modelyard rollout start churn green --guardrail latency,margin=20 --promote automatic --watch

    The server goes on with it; a breach of a guardrail rolls back by itself.
    """
    request = plan.request(candidate)
    client = server()
    space = workspace(client, ws)
    begun = client.send("POST", at(space, name) + "/rollouts", request, Rollout)
    if watch:
        _end(_watch(client, begun, as_json=as_json))
    elif as_json:
        print_json(begun)
    else:
        say(f"Rollout {begun.id} begins. Follow it: modelyard rollout status {name} --watch")


@app.command()
def status(
    name: ServiceName,
    rollout: Id = None,
    watch: Watch = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Show how a rollout stands: step, share, each metric's effect with its interval, reasons.

    modelyard rollout status churn --watch

    Ends with 1 when it was rolled back, kept from being promoted, or stopped.
    """
    client = running_server()
    found = _one(client, workspace(client, ws), name, rollout)
    if watch:
        found = _watch(client, found, as_json=as_json)
    elif as_json:
        print_json(found)
    else:
        _print(found)
    _end(found)


@app.command("list")
def list_(name: ServiceName, ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """
    List the rollouts of a service, the newest first.

    modelyard rollout list churn
    """
    client = server()
    found = _all(client, workspace(client, ws), name)
    none = f"No rollouts of {name}. Begin one: modelyard rollout start --help"
    show_all(found, as_json, _LISTED, none)


@app.command()
def stop(
    name: ServiceName,
    rollout: Id = None,
    why: Why = "",
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    End a rollout; traffic stays as it is now.

    modelyard rollout stop churn --why "we look at it tomorrow"
    """
    _decide("stop", name, rollout, why, ws, as_json=as_json)


@app.command()
def promote(
    name: ServiceName,
    rollout: Id = None,
    why: Why = "",
    yes: Yes = False,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Give the candidate of a rollout all traffic and make it the default.

    modelyard rollout promote churn
    """
    client = server()
    found = _one(client, workspace(client, ws), name, rollout)
    if found.state not in {"proposed", *view.ENDS}:
        confirm(
            f"The evidence so far says {found.decision or 'nothing'}. Promote {found.candidate}?",
            yes=yes,
        )
    _decide("promote", name, found.id, why, ws, as_json=as_json)


@app.command()
def rollback(
    name: ServiceName,
    rollout: Id = None,
    why: Why = "",
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    End a rollout with the traffic from before it began.

    modelyard rollout rollback churn --why "complaints"
    """
    _decide("rollback", name, rollout, why, ws, as_json=as_json)


def _decide(
    what: str, name: str, rollout: str | None, why: str, ws: str | None, *, as_json: bool
) -> None:
    client = server()
    space = workspace(client, ws)
    found = _one(client, space, name, rollout)
    target = f"{at(space, name)}/rollouts/{found.id}/{what}"
    done = client.send("POST", target, RolloutDecision(why=why), Rollout)
    if as_json:
        print_json(done)
    else:
        say(view.line(done))


def _all(client: Client, ws: str, name: str) -> list[Rollout]:
    return list(client.items(at(ws, name) + "/rollouts", Rollout))


def _one(client: Client, ws: str, name: str, id: str | None) -> Rollout:
    """The one asked for, or the latest. Raises ``NotFound``."""
    if id is not None:
        return client.get(f"{at(ws, name)}/rollouts/{id}", Rollout)
    found = _all(client, ws, name)
    if not found:
        find(client, ws, name)
        raise NotFound(
            f"There is no rollout of {name!r}. Begin one: modelyard rollout start {name} VERSION"
        )
    return max(found, key=lambda rollout: rollout.created)


def _watch(client: Client, rollout: Rollout, *, as_json: bool) -> Rollout:
    """Shows it until it has ended; a proposal waits for a person, who has to see it."""
    target = f"{at(rollout.workspace, rollout.service)}/rollouts/{rollout.id}"
    if sys.stdout.isatty() and not as_json:
        with Live(view.view(rollout, _now()), auto_refresh=False) as live:
            while rollout.state not in view.ENDS:
                time.sleep(POLL)  # noqa: TID251 - a view that lives
                rollout = client.get(target, Rollout)
                live.update(view.view(rollout, _now()), refresh=True)
        return rollout
    told = ""
    while True:
        if (said := view.line(rollout)) != told:
            told = said
            if as_json:
                print_json(rollout)
            else:
                say(said)
                sys.stdout.flush()
        if rollout.state in view.ENDS:
            for reason in rollout.reasons:
                remark(reason)
            return rollout
        time.sleep(POLL)  # noqa: TID251 - polls a server
        rollout = client.get(target, Rollout)


def _print(rollout: Rollout) -> None:
    console = Console(highlight=False, markup=False)
    if not sys.stdout.isatty():
        console.width = 10_000
    with console.capture() as held:
        console.print(view.view(rollout, _now()))
    for text in held.get().splitlines():
        say(text.rstrip())


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _end(rollout: Rollout) -> None:
    if rollout.state not in view.GOOD:
        raise typer.Exit(1)
