"""``python -m modelyard.bootstrap.down [--keep-serving]``: stop Modelyard in its home."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from modelyard import settings as settings_
from modelyard.bootstrap.waiting import complain, say, wait_for
from modelyard.domain.errors import ModelyardError
from modelyard.domain.leases import ProcessIdentity
from modelyard.settings import Settings
from modelyard.supervisor import files, identity
from modelyard.supervisor.atomic import try_lock
from modelyard.telemetry.rings import data_folder

GRACE = 15.0
"""Seconds above what the processes themselves were given to stop."""


def down(settings: Settings) -> int:
    """Stop the supervisor and all that it runs, also what a killed one left; the exit code."""
    found = files.supervisor(settings.run)
    if found is None and not files.running(settings.run):
        return _not_running(settings)
    limit = _time_limit(settings)
    if found is not None:
        supervisor = found.identity
        identity.send(supervisor, signal.SIGTERM)
        stopped = _wait(settings, lambda: not identity.alive(supervisor), limit)
    else:
        with _spawn_cleaner(settings) as cleaner:
            stopped = _wait(settings, lambda: cleaner.poll() is not None, limit)
            if not stopped:
                cleaner.kill()
    if not stopped:
        _kill_everything(settings, found.identity if found else None)
    (settings.run / "server.json").unlink(missing_ok=True)
    _remove_folders(settings)
    say(f"Modelyard in {settings.home} has stopped.")
    return 0


def keep_serving(settings: Settings) -> int:
    """End the supervisor alone: everything else goes on until the next 'up' adopts it."""
    found = files.supervisor(settings.run)
    left = files.running(settings.run)
    if found is None and not left:
        return _not_running(settings)
    if found is not None:
        supervisor = found.identity
        identity.send(supervisor, signal.SIGUSR1)
        if not wait_for(lambda: not identity.alive(supervisor), GRACE, lambda: "Leaving"):
            identity.send(supervisor, signal.SIGKILL)
    say(
        f"The supervisor of {settings.home} has left {len(left)} "
        f"process{'' if len(left) == 1 else 'es'} serving; "
        "'modelyard up' takes over, 'modelyard down' stops all."
    )
    return 0


def _not_running(settings: Settings) -> int:
    with suppress(OSError):
        (settings.run / "server.json").unlink(missing_ok=True)
    say(f"Modelyard is not running in {settings.home}.")
    return 0


def _remove_folders(settings: Settings) -> None:
    """
    Leave nothing outside the home, unless an 'up' has just begun to use it again.

    Rings that nobody has read yet stay for the next collector.
    """
    lock = try_lock(settings.run / "up.lock")
    if lock is not None:
        shutil.rmtree(settings.sockets, ignore_errors=True)
        for folder in (data_folder(settings.rings), settings.rings):
            with suppress(OSError):
                folder.rmdir()
        os.close(lock)


def _time_limit(settings: Settings) -> float:
    """Processes of one order stop together, the orders one after the other."""
    longest: dict[int, float] = {}
    for process in files.running(settings.run):
        known = longest.get(process.order, 0.0)
        longest[process.order] = max(known, process.stop_timeout)
    return sum(longest.values()) + GRACE


def _wait(settings: Settings, ended: Callable[[], bool], limit: float) -> bool:
    def doing() -> str:
        names = sorted(process.name for process in files.running(settings.run))
        return f"Stopping {', '.join(names)}"

    return bool(wait_for(lambda: ended() and not files.running(settings.run), limit, doing))


def _spawn_cleaner(settings: Settings) -> subprocess.Popen[bytes]:
    module = [sys.executable, "-P", "-m", "modelyard.supervisor"]
    with (settings.logs / "supervisor.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [*module, str(settings.home), "--stop"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.home,
            start_new_session=True,
        )


def _kill_everything(settings: Settings, supervisor: ProcessIdentity | None) -> None:
    complain("Not everything stopped in time; the rest is killed.")
    if supervisor is not None:
        identity.send(supervisor, signal.SIGKILL)  # first, or it would start them again
    for process in files.running(settings.run):
        if process.identity is not None:
            identity.kill_group(process.identity)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; errors are one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="modelyard down", description=__doc__)
    parser.add_argument(
        "--keep-serving", action="store_true", help="end the supervisor, let all else go on"
    )
    asked = parser.parse_args(arguments)
    try:
        settings = settings_.read()
        return keep_serving(settings) if asked.keep_serving else down(settings)
    except ModelyardError as error:
        complain(error.message)
        return 1


if __name__ == "__main__":
    sys.exit(main())
