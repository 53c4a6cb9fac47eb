"""Whether the server answers, and what to show when it does not."""

import http.client
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from modelyard.bootstrap.waiting import wait_for
from modelyard.domain.processes import ProcessStatus
from modelyard.settings import Settings
from modelyard.supervisor import files
from modelyard.supervisor.files import FileSupervision

READY_WITHIN = 30.0
"""Seconds that the server has to answer."""

_DEATHS_TO_GIVE_UP = 5
_TAIL_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a start went; ``why`` says what a person needs to know when it is not ready."""

    ready: bool
    why: str = ""


def answers(url: str) -> bool:
    """Whether the server at this address says that it is well."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2.0)
    try:
        connection.request("GET", "/api/v1/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until_ready(settings: Settings, supervised: Callable[[], bool]) -> Outcome:
    """Wait for the server, not longer than makes sense."""
    supervision = FileSupervision(settings.run, epoch=0)
    before = _control(supervision).restarts

    def outcome() -> Outcome | None:
        # a server that outlived its supervisor answers before the new one has taken it over
        if files.supervisor(settings.run) is not None and answers(settings.base_url):
            return Outcome(ready=True)
        if not supervised():
            return Outcome(ready=False, why="The supervisor has ended.")
        control = _control(supervision)
        if control.restarts - before >= _DEATHS_TO_GIVE_UP and control.state == "waiting":
            return Outcome(
                ready=False,
                why=f"The server ends again and again (exit code {control.exit_code}).",
            )
        return None

    found = wait_for(outcome, READY_WITHIN, lambda: "Starting Modelyard")
    late = Outcome(ready=False, why=f"The server does not answer after {READY_WITHIN:.0f} s.")
    return found or late


def end_of(log: Path) -> str:
    """The last lines of a log, indented."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()[-25:]
    except OSError:
        lines = []
    return "\n".join(f"  {line}" for line in lines or ["(nothing was written)"])


def _control(supervision: FileSupervision) -> ProcessStatus:
    return supervision.statuses().get("control") or ProcessStatus("control", "stopped")
