"""environment: what models and jobs run in."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.choose import WorkspaceOption, name_and_version, pairs, server, workspace
from modelyard.cli.output import Json, remark, show, show_all
from modelyard.domain.errors import BadInput, EnvironmentBuildFailed
from modelyard.sdk.builds import follow
from modelyard.sdk.client import Client, path
from modelyard.wire.environments import Build, BuildRequest, Environment, EnvironmentDefinition

app = typer.Typer(no_args_is_help=True, help="Environments that models run in.")

Conda = Annotated[
    Path | None, typer.Option("--conda", exists=True, dir_okay=False, help="A conda file.")
]
Requirements = Annotated[
    Path | None,
    typer.Option(
        "--requirements", "-r", exists=True, dir_okay=False, help="A requirements.txt of pip."
    ),
]
Pip = Annotated[
    list[str] | None,
    typer.Option("--pip", help="A package, like numpy==2.3.1; may be repeated."),
]
Python = Annotated[
    str | None,
    typer.Option("--python", help="Python's version, like 3.8."),
]
Named = Annotated[str, typer.Argument(metavar="NAME[:VERSION]", help="The latest by default.")]


SAID_ABOVE = "The environment could not be built; the log above says why."
NONE = "No environments. Register one: modelyard environment register --help"
_PARTS = ("python_version", "conda_packages", "pip_packages", "conda_channels", "pip_options",
          "conda_file", "variables")  # fmt: skip


def definition(
    name: str,
    conda: Path | None,
    requirements: Path | None,
    pip: list[str] | None,
    python: str | None,
    variables: list[str] | None = None,
) -> EnvironmentDefinition:
    """The definition that the options say. Raises ``BadInput`` when they contradict each other."""
    if conda and (requirements or pip or python):
        raise BadInput("--conda stands alone: write the packages and python=… into that file.")
    lines = [*(_read(requirements).splitlines() if requirements else []), *(pip or [])]
    return EnvironmentDefinition(
        name=name,
        python_version=python,
        pip_packages=[line.strip() for line in lines if line.strip() and line.strip()[0] != "#"],
        conda_file=_read(conda) if conda else None,
        variables=pairs(variables),
    )


@app.command()
def register(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The environment's name.")],
    conda: Conda = None,
    requirements: Requirements = None,
    pip: Pip = None,
    python: Python = None,
    variable: Annotated[list[str] | None, typer.Option(help="KEY=VALUE; may be repeated.")] = None,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Keep a definition as the next version of an environment."""
    wanted = definition(name, conda, requirements, pip, python, variable)
    client = server()
    target = path("workspaces", workspace(client, ws), "environments")
    _show(client.send("POST", target, wanted, Environment), as_json)


@app.command("list")
def list_(ws: WorkspaceOption = None, as_json: Json = False) -> None:
    """List the environments, the latest version of each."""
    client = server()
    target = path("workspaces", workspace(client, ws), "environments")
    found = client.items(target, Environment)
    show_all(found, as_json, ["name", "version", "created"], NONE)


@app.command("show")
def show_(
    environment: Named,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Show an environment."""
    client = server()
    _show(find(client, workspace(client, ws), environment), as_json)


@app.command()
def build(
    environment: Named,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Build an environment now, showing the log; a service that needs it will find it ready."""
    client = server()
    name = workspace(client, ws)
    found = find(client, name, environment)
    target = path("workspaces", name, "builds")
    asked = client.send("POST", target, BuildRequest(definition=found.definition), Build)
    done = follow(client, name, asked.digest, remark)
    if done.state != "Succeeded":
        raise EnvironmentBuildFailed(SAID_ABOVE)
    show(done, as_json, ["digest", "state", "python", "packages", "notes"])


def find(client: Client, ws: str, text: str) -> Environment:
    """The environment ``NAME`` (latest) or ``NAME:VERSION``."""
    name, version = name_and_version(text)
    base = ["workspaces", ws, "environments", name]
    if version is not None:
        return client.get(path(*base, "versions", version), Environment)
    return client.get(path(*base), Environment)


def _show(found: Environment, as_json: bool) -> None:
    parts = [(part, lambda e, part=part: getattr(e.definition, part)) for part in _PARTS]
    show(found, as_json, ["name", "version", "created", *parts])


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{str(file)!r} cannot be read as text: {error}.") from error
