"""Which server and which workspace a command means."""

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from modelyard import settings as settings_
from modelyard.domain.errors import BadInput, ModelyardError, NotFound, Unavailable
from modelyard.sdk.client import Client
from modelyard.sdk.launch import connect, running
from modelyard.wire.workspaces import Workspace

WorkspaceOption = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        "-w",
        envvar="MODELYARD_WORKSPACE",
        help="Workspace; may be left out when there is only one.",
    ),
]
_RESTARTING = (502, 503, 504)


def server() -> Client:
    """
    The client of the server that MODELYARD_URL or the home names; the latter started when needed.

    Raises ``Unavailable`` soon when nothing is at MODELYARD_URL.
    """
    settings = settings_.read()
    if settings.url is not None:
        _look(settings.url)
    # standard output holds the result alone, which may be JSON
    with redirect_stdout(sys.stderr):
        return connect(settings)


def running_server() -> Client:
    """
    As ``server``, for what looks at how things run: nothing is started for that.

    Raises ``NotFound`` where the home's server is down.
    """
    settings = settings_.read()
    if settings.url is not None:
        _look(settings.url)
    client = running(settings)
    if client is None:
        raise NotFound(f"Modelyard is not running in {settings.home}. Start it: modelyard up")
    return client


def workspace(client: Client, name: str | None) -> str:
    """The workspace asked for, or the only one. Raises ``BadInput`` when it must be named."""
    if name:
        return name
    names = [w.name for w in client.items("/workspaces", Workspace)]
    if len(names) == 1:
        return names[0]
    if not names:
        raise BadInput("There is no workspace yet. Make one: modelyard workspace create NAME")
    raise BadInput(
        "Name the workspace with --workspace or MODELYARD_WORKSPACE: "
        f"there are {', '.join(names)}."
    )


def pairs(texts: list[str] | None, form: str = "KEY=VALUE") -> dict[str, str]:
    """``["a=1"]`` as ``{"a": "1"}``. Raises ``BadInput``, naming the form, for one without '='."""
    for text in texts or ():
        if not text.partition("=")[1] or text.startswith("="):
            raise BadInput(f"{text!r} must be written {form}.")
    return dict(text.split("=", 1) for text in texts or ())


def name_and_version(text: str) -> tuple[str, int | None]:
    """``"a:3"`` as ("a", 3), ``"a"`` as ("a", None). Raises ``BadInput`` for another version."""
    name, colon, version = text.partition(":")
    if not name or (colon and not (version.isascii() and version.isdecimal())):
        raise BadInput(f"{text!r} must be NAME or NAME:VERSION, the version a whole number.")
    return name, int(version) if version else None


def _look(url: str) -> None:
    """Raise at once for an address where no Modelyard is: a client waits for one that restarts."""
    try:
        Client(url, attempts=1).request("GET", "/health", accept=_RESTARTING)
    except Unavailable:
        raise
    except ModelyardError as error:
        raise Unavailable(
            f"What answers at {url} is no Modelyard ({error.message}). See MODELYARD_URL."
        ) from error
