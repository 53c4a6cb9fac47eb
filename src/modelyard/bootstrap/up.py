"""``python -m modelyard.bootstrap.up [--detach]``: start Modelyard in its home."""

import argparse
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version

from modelyard import settings as settings_
from modelyard.bootstrap.health import answers, end_of, wait_until_ready
from modelyard.bootstrap.home import prepare
from modelyard.bootstrap.port import check_port
from modelyard.bootstrap.waiting import complain, say
from modelyard.domain.errors import ModelyardError
from modelyard.domain.processes import ProcessSpec
from modelyard.settings import Settings
from modelyard.supervisor import files, identity
from modelyard.supervisor.atomic import write_atomically

CONTROL = "control"
CONTROL_COMMAND = (sys.executable, "-P", "-m", "modelyard.bootstrap.control")
COLLECTOR = "collector"
COLLECTOR_COMMAND = (sys.executable, "-P", "-m", "modelyard.bootstrap.collector")
_OF_CLIENTS = {"MODELYARD_URL", "MODELYARD_TOKEN"}


def up(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    detach: bool,
    control: Sequence[str] = CONTROL_COMMAND,
) -> int:
    """
    Start it unless it runs; the exit code. In the foreground this process becomes the supervisor.

    Raises BadInput or Conflict when the home or the port cannot be used.
    """
    prepare(settings)
    with _one_at_a_time(settings):
        found = files.supervisor(settings.run)
        if found is not None:
            running = in_force(settings)
            if answers(running.base_url):
                say(_runs_already(running, found.identity.pid))
                return 0
            # its server is down: let the present settings be tried
        else:
            check_port(settings)
        wanted = control_spec(settings, environment, control)
        _write_what_shall_run(settings, wanted, collector_spec(settings, wanted))
        if found is not None:
            return _finish(settings, found.identity.pid)
        if detach:
            return _finish(settings, _spawn(settings, environment))
        return _become_supervisor(settings, environment)


def control_spec(
    settings: Settings, environment: Mapping[str, str], command: Sequence[str] = CONTROL_COMMAND
) -> ProcessSpec:
    """The control plane of this release, with the settings in force."""
    variables = {
        name: value
        for name, value in environment.items()
        if name.startswith("MODELYARD_") and name not in _OF_CLIENTS
    }
    variables["MODELYARD_HOME"] = str(settings.home)
    # the server's working folder is not the caller's: no path may be relative
    if settings.environments is not None:
        variables["MODELYARD_ENVIRONMENTS"] = str(settings.environments)
    # a new release in the same place has the same arguments: this makes it another process
    variables["MODELYARD_RELEASE"] = version("modelyard")
    return ProcessSpec(
        name=CONTROL,
        argv=tuple(command),
        log=str(settings.logs / "control.log"),
        env=variables,
        order=20,
        stop_timeout=15.0,
    )


def collector_spec(settings: Settings, control: ProcessSpec) -> ProcessSpec:
    """
    The collector beside this control plane. It stops after all but the gateway, so that it still
    takes what the others say last.
    """
    return replace(
        control,
        name=COLLECTOR,
        argv=COLLECTOR_COMMAND,
        log=str(settings.logs / "collector.log"),
        order=15,
        stop_timeout=20.0,
    )


def in_force(settings: Settings) -> Settings:
    """The settings that the control plane was started with, which may be others than ours."""
    control = files.read_desired(settings.run).processes.get(CONTROL)
    return settings if control is None else settings_.read(control.env)


def _write_what_shall_run(settings: Settings, *processes: ProcessSpec) -> None:
    wanted = {process.name: process for process in processes}
    files.rewrite(settings.run, lambda known: {**known, **wanted})
    address = {"url": settings.base_url, "version": version("modelyard")}
    write_atomically(settings.run / "server.json", json.dumps(address))


@contextmanager
def _one_at_a_time(settings: Settings) -> Iterator[None]:
    """Hold up.lock; in the foreground the process that announces holds it until all is ready."""
    descriptor = os.open(settings.run / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Modelyard is being started in {settings.home}; waiting for that.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _command(settings: Settings, *options: str) -> list[str]:
    home, release = str(settings.home), version("modelyard")
    module = ["-P", "-m", "modelyard.supervisor"]
    return [sys.executable, *module, home, "--release", release, *options]


def _spawn(settings: Settings, environment: Mapping[str, str]) -> int:
    """A supervisor of its own session, with no file of ours; its pid."""
    with (settings.logs / "supervisor.log").open("ab") as log:
        started = subprocess.Popen(  # noqa: S603 - our own module
            _command(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.home,
            env=dict(environment),
            start_new_session=True,
        )
    started.returncode = 0  # it outlives this process: nobody waits for it here
    return started.pid


def _become_supervisor(settings: Settings, environment: Mapping[str, str]) -> int:
    supervisor = os.getpid()
    sys.stdout.flush()
    if os.fork() == 0:
        code = 1
        try:
            code = _announce(settings, supervisor)
        except KeyboardInterrupt:
            pass
        finally:
            os._exit(code)
    log = os.open(settings.logs / "supervisor.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 2)
    command = _command(settings, "--foreground")
    os.execve(command[0], command, dict(environment))  # noqa: S606 - our own module


def _announce(settings: Settings, supervisor: int) -> int:
    outcome = wait_until_ready(settings, lambda: os.getppid() == supervisor)
    if outcome.ready:
        say(_ready(settings))
        say("Ctrl-C stops it.")
        return 0
    if os.getppid() == supervisor:
        complain(f"{outcome.why}\nThe end of {settings.logs / 'control.log'}:")
        complain(end_of(settings.logs / "control.log"))
        complain("It goes on trying; Ctrl-C stops it.")
    return 1


def _finish(settings: Settings, supervisor: int) -> int:
    """Wait for the server behind a supervisor in the background."""
    known = identity.of(supervisor)
    outcome = wait_until_ready(settings, lambda: known is not None and identity.alive(known))
    if outcome.ready:
        say(_ready(settings))
        return 0
    log = "control.log" if known and identity.alive(known) else "supervisor.log"
    complain(f"Modelyard is not ready. {outcome.why}")
    complain(f"The end of {settings.logs / log}:\n{end_of(settings.logs / log)}")
    if log == "control.log":
        complain("It goes on trying in the background; 'modelyard down' stops it.")
    return 1


def _ready(settings: Settings) -> str:
    return (
        f"Modelyard {version('modelyard')} is ready at {settings.base_url}\n"
        f"API token: {settings.home / 'token'}"
    )


def _runs_already(running: Settings, pid: int) -> str:
    return f"Modelyard is already running in {running.home} at {running.base_url} (pid {pid})."


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; errors are one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="modelyard up", description=__doc__)
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    asked = parser.parse_args(arguments)
    try:
        return up(settings_.read(), settings_.child_environment(), detach=asked.detach)
    except ModelyardError as error:
        complain(error.message)
    except OSError as error:  # the disk, or what may be executed
        complain(f"Modelyard cannot be started: {error}.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
