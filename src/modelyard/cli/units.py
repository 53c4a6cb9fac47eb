"""service-unit: let systemd keep Modelyard running, also after a reboot."""

import getpass
import os
import pwd
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from modelyard import settings as settings_
from modelyard.cli.output import remark, say
from modelyard.cli.systemd import Systemd
from modelyard.cli.unit_files import NAME, Unit, render
from modelyard.domain.errors import BadInput, NotFound, Unavailable
from modelyard.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Modelyard as a unit of systemd.")
_NOT_OF_THE_SERVER = {
    "MODELYARD_URL",
    "MODELYARD_TOKEN",
    "MODELYARD_WORKSPACE",
    "MODELYARD_RELEASE",
}

System = Annotated[
    bool, typer.Option("--system", help="A unit of the machine, not of this user; needs root.")
]


@app.command()
def install(
    system: System = False,
    run_as: Annotated[
        str | None,
        typer.Option("--run-as", help="User that a system unit runs as (default: the home's)."),
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the unit and change nothing.")
    ] = False,
) -> None:
    """Write the unit with the present MODELYARD_ settings, and start it."""
    settings = settings_.read()
    text = render(_unit(settings, system=system, run_as=run_as))
    if print_only:
        sys.stdout.write(text)
        return
    path = _path(system=system)
    _write(path, text)
    say(f"Written: {path}")
    _warn_of_password(settings, system=system)
    _start(settings, Systemd(system))
    if not system:
        say(
            "It runs while you are logged in. To start it with the machine:\n"
            f"  loginctl enable-linger {shlex.quote(getpass.getuser())}"
        )


@app.command()
def remove(system: System = False) -> None:
    """Stop Modelyard and remove its unit; the home stays."""
    path = _path(system=system)
    if not path.exists():
        raise NotFound(f"There is no unit {path}.")
    systemd = Systemd(system)
    works = systemd.works()
    if works:
        done = systemd.run("disable", "--now", NAME)
        if done.returncode:
            raise Unavailable(f"systemd could not stop it: {done.stderr.strip()}")
    try:
        path.unlink()
    except OSError as error:
        raise BadInput(f"{path} cannot be removed: {error.strerror}.") from error
    if works:
        systemd.run("daemon-reload")
    say(f"Removed: {path}")


def _unit(settings: Settings, *, system: bool, run_as: str | None) -> Unit:
    if run_as and not system:
        raise BadInput("--run-as is for --system: a user's unit runs as that user.")
    return Unit(
        python=sys.executable,
        home=str(settings.home),
        variables=_variables(settings),
        system=system,
        user=(run_as or _owner(settings.home)) if system else None,
    )


def _variables(settings: Settings) -> dict[str, str]:
    """The server's settings, and the PATH on which HAProxy and interpreters are found."""
    everything = settings_.child_environment()
    found = {
        name: value
        for name, value in everything.items()
        if name.startswith("MODELYARD_") and name not in _NOT_OF_THE_SERVER
    }
    found["MODELYARD_HOME"] = str(settings.home)
    if settings.environments is not None:
        found["MODELYARD_ENVIRONMENTS"] = str(settings.environments)
    return found | {name: everything[name] for name in ("PATH",) if name in everything}


def _owner(home: Path) -> str:
    """Whose the home is, or of the first folder above it that exists."""
    there = next(path for path in (home, *home.parents) if path.exists())
    try:
        return there.owner()
    except KeyError:
        return pwd.getpwuid(os.geteuid()).pw_name


def _path(*, system: bool) -> Path:
    if system:
        return Path("/etc/systemd/system") / NAME
    config = settings_.child_environment().get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "systemd" / "user" / NAME


def _write(path: Path, text: str) -> None:
    """For the owner alone: an address of a database may hold a password."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        way_out = (
            " A unit of the machine needs root: sudo modelyard service-unit install --system"
            if isinstance(error, PermissionError)
            else ""
        )
        raise BadInput(f"{path} cannot be written: {error.strerror}.{way_out}") from error


def _warn_of_password(settings: Settings, *, system: bool) -> None:
    who, at, _ = settings.database_url.partition("://")[2].rpartition("@")
    if system and at and ":" in who:
        remark(
            "Every user of this machine can ask systemd for the unit's variables, and so for the "
            "database's password. Keep it in a ~/.pgpass of the user that the unit runs as."
        )


def _start(settings: Settings, systemd: Systemd) -> None:
    enable = systemd.command("enable", "--now", NAME)
    if not systemd.works():
        say("No systemd answers here. Where one does, run:")
        say(f"  {shlex.join(systemd.command('daemon-reload'))}\n  {shlex.join(enable)}")
        return
    active = systemd.does("is-active", "--quiet", NAME)
    by_hand = not active and (settings.run / "server.json").exists()
    for words in (["daemon-reload"], ["enable", *([] if by_hand else ["--now"]), NAME]):
        done = systemd.run(*words)
        if done.returncode:
            raise Unavailable(f"{shlex.join(systemd.command(*words))}: {done.stderr.strip()}")
    if active:
        restart = shlex.join(systemd.command("restart", NAME))
        say(f"It runs already; new settings count after: {restart}")
    elif by_hand:
        start = shlex.join(systemd.command("start", NAME))
        say("Modelyard runs already, started by hand. To hand it over without a pause:")
        say(f"  modelyard down --keep-serving\n  {start}")
    else:
        say(f"Started: {settings.base_url}")
