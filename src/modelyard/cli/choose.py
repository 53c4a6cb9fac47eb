"""Which server and which workspace a command means."""

from typing import Annotated

import typer

from modelyard.domain.errors import BadInput
from modelyard.sdk.client import Client
from modelyard.sdk.launch import connect
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


def server() -> Client:
    """The client of the server that MODELYARD_URL or the home names; started when needed."""
    return connect()


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


def pairs(texts: list[str]) -> dict[str, str]:
    """``["a=1"]`` as ``{"a": "1"}``. Raises ``BadInput`` for one without '='."""
    for text in texts:
        if "=" not in text:
            raise BadInput(f"{text!r} must be written KEY=VALUE.")
    return dict(text.split("=", 1) for text in texts)


def name_and_version(text: str) -> tuple[str, int | None]:
    """``"a:3"`` as ("a", 3), ``"a"`` as ("a", None). Raises ``BadInput`` for another version."""
    name, colon, version = text.partition(":")
    if colon and not version.isdecimal():
        raise BadInput(f"{text!r} must be NAME or NAME:VERSION, the version a whole number.")
    return name, int(version) if version else None
