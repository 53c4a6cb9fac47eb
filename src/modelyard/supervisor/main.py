"""
``python -m modelyard.supervisor HOME [--release VERSION] [--foreground] [--stop]``.

One thread, one loop: look at run/desired.json, notice deaths, decide, act, write
run/processes.json, wait. SIGHUP rereads, SIGTERM and SIGINT stop everything (twice: at once),
SIGUSR1 leaves at once and lets the children go on. ``--stop`` ends what a killed one left behind.
"""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from modelyard.domain.processes import Desired, ProcessSpec
from modelyard.supervisor import desired, identity, logfiles, records
from modelyard.supervisor.atomic import try_lock, write_atomically
from modelyard.supervisor.decisions import Action, Observed, Wait, plan, plan_shutdown
from modelyard.supervisor.events import Events, become_subreaper
from modelyard.supervisor.table import ProcessTable

TICK = 1.0
"""Seconds between two looks at desired.json and the sizes of the logs."""


class Supervisor:
    """The loop and what it remembers."""

    def __init__(
        self, home: Path, inherited: Mapping[str, str], release: str, *, foreground: bool = False
    ) -> None:
        self._run = home / "run"
        self._own_log = home / "logs" / "supervisor.log"
        self._release = release
        self._foreground = foreground
        self._events = Events()
        self._table = ProcessTable(self._events, inherited, str(home), log)
        self._desired: Desired | None = None
        self._seen: tuple[int, int, int] | None = None
        self._complaints: dict[Path, str] = {}
        self._stopping = False
        self._hurry = False
        self._on_terminal = foreground and _has_terminal()

    def run(self, *, stop: bool = False) -> int:
        """Until stopped; the exit code."""
        self._write_own_record()
        self._table.adopt(self._left_behind(), time.monotonic())
        self._stopping = stop
        while True:
            now = time.monotonic()
            self._table.notice_deaths(now)
            if not self._stopping:
                self._reread()
            due = self._act(now)
            self._write_records()
            if self._stopping and all(process.gone for process in self._table.processes.values()):
                return self._leave()
            self._rotate_logs()
            for number in self._events.wait(min(TICK, due - time.monotonic())):
                if number == signal.SIGUSR1:
                    log("leaving the processes to the next supervisor")
                    return 0
                self._heed(number)

    def _act(self, now: float) -> float:
        """Carry out what is due; when to look again at the latest."""
        actions: list[Action] = []
        if self._stopping:
            actions = plan_shutdown(self._table.processes, now, hurry=self._hurry)
        elif self._desired is not None:
            actions = plan(self._desired.processes, self._table.processes, now)
        for action in actions:
            self._table.carry_out(action, now)
        waits = [action.until for action in actions if isinstance(action, Wait)]
        # something was done: what comes after it may be due at once
        return now if len(waits) < len(actions) else min(waits, default=now + TICK)

    def _heed(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP and self._on_terminal and not _has_terminal():
            number = signal.SIGTERM  # the terminal that we were started in was closed
        if number in {signal.SIGTERM, signal.SIGINT}:
            self._hurry = self._stopping
            self._stopping = True
            count = sum(not process.gone for process in self._table.processes.values())
            again = "" if self._hurry else "; Ctrl-C again kills at once"
            self._say(f"Stopping {count} process{'' if count == 1 else 'es'}{again}.")
        elif number == signal.SIGHUP:
            self._seen = None

    def _leave(self) -> int:
        log("stopped")
        with suppress(OSError):
            for name in ("supervisor.json", "server.json"):
                (self._run / name).unlink(missing_ok=True)
        self._say("Stopped.")
        return 0

    def _reread(self) -> None:
        """Take over a changed desired.json; keep what is known when it cannot be read."""
        path = self._run / "desired.json"
        try:
            found = path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen == self._seen:
                return
            self._desired = desired.loads(path.read_text(encoding="utf-8"))
            self._seen = seen
            self._complaints.pop(path, None)
        except (OSError, ValueError) as error:
            self._complain(path, f"{path} is left aside: {error}")

    def _left_behind(self) -> list[Observed]:
        path = self._run / "processes.json"
        try:
            return records.running(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            self._complain(path, f"{path} is left aside: {error}")
            return []

    def _write_records(self) -> None:
        if not self._table.changed:
            return
        wanted: Mapping[str, ProcessSpec] = {}
        if self._desired is not None and not self._stopping:
            wanted = self._desired.processes
        text = records.dumps(self._table.processes.values(), wanted)
        if self._write("processes.json", text):
            self._table.changed = False

    def _write_own_record(self) -> None:
        record = records.SupervisorRecord(identity.current(), self._release)
        self._write("supervisor.json", records.dump_supervisor(record))

    def _write(self, name: str, text: str) -> bool:
        path = self._run / name
        try:
            write_atomically(path, text)
        except OSError as error:  # a full disk: what runs goes on, and we try again
            self._complain(path, f"cannot write {path}: {error}")
            return False
        self._complaints.pop(path, None)
        return True

    def _rotate_logs(self) -> None:
        logs = {process.log for process in self._table.processes.values() if process.log}
        for path in (*map(Path, logs), self._own_log):
            try:
                logfiles.rotate(path)
            except OSError as error:
                self._complain(path, f"cannot rotate {path}: {error}")

    def _complain(self, about: Path, message: str) -> None:
        """Once, not every second."""
        if self._complaints.get(about) != message:
            self._complaints[about] = message
            log(message)

    def _say(self, sentence: str) -> None:
        """To the person who waits in the foreground; the terminal may be gone."""
        if self._foreground:
            with suppress(OSError):
                os.write(1, f"{sentence}\n".encode())


def log(message: str) -> None:
    """A line to stderr; a full disk or a closed terminal is no reason to stop."""
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} supervisor: {message}\n"
    with suppress(OSError):
        os.write(2, line.encode(errors="replace"))


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> int:
    """The exit code: 0 also when another supervisor is at work in this home already."""
    if not arguments or arguments[0].startswith("-"):
        log("usage: python -m modelyard.supervisor HOME [--release V] [--foreground] [--stop]")
        return 2
    home = Path(arguments[0]).absolute()
    options = arguments[1:]
    release = options[options.index("--release") + 1] if "--release" in options else "unknown"
    lock = try_lock(home / "run" / "supervisor.lock")
    if lock is None:
        log(f"another supervisor is at work in {home}")
        return 0
    os.chdir(home)
    become_subreaper()
    inherited = dict(os.environ)  # noqa: TID251 - handed on to the children, not read
    supervisor = Supervisor(home, inherited, release, foreground="--foreground" in options)
    return supervisor.run(stop="--stop" in options)
