"""Waiting for a service, with Azure's words, and saying why it failed."""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from modelyard.domain.errors import DeploymentFailed
from modelyard.sdk.errors import WebserviceException, as_azure
from modelyard.wire.services import Service

_POLL_FIRST, _POLL_LAST = 0.1, 1.0
_DOT = 1.0
_ON_ITS_WAY = frozenset({"Transitioning"})


def wait(
    read: Callable[[], Service],
    label: str,
    *,
    show_output: bool,
    timeout: float | None,
    version: str = "",
) -> Service:
    """
    The service when it is healthy; ``version``: the one whose state ``read`` tells, if not all.

    Raises ``WebserviceException`` when it failed, with everything that is known of the cause, or
    when ``timeout`` seconds passed.
    """
    screen = Screen(show=show_output)
    deadline = None if timeout is None else time.monotonic() + timeout
    pause = _POLL_FIRST
    service = read()
    screen.begin(service)
    while service.state in _ON_ITS_WAY:
        if deadline is not None and time.monotonic() > deadline:
            screen.end("TimedOut")
            raise WebserviceException(
                f"Service {service.name!r} is not up after {timeout:.0f} s: "
                f"{service.step or service.state}. It goes on; wait again, or read get_logs()."
            )
        threading.Event().wait(pause)
        pause = min(pause * 1.3, _POLL_LAST)
        service = read()
        screen.tick(service)
    if service.state == "Healthy":
        screen.end("Succeeded")
        screen.say(f'{label} service creation operation finished, operation "Succeeded"')
        return service
    screen.end("Failed")
    raise failure(service, version)


class Screen:
    """``Running.....`` with a dot each second, a line for each step and each note once."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self._step = ""
        self._noted: set[str] = set()
        self._dot = time.monotonic()

    def begin(self, service: Service) -> None:
        """The first line."""
        self._write("Running")
        self.tick(service)

    def tick(self, service: Service) -> None:
        """A dot when a second has passed; what is new."""
        new = [note for note in service.notes if note not in self._noted]
        self._noted.update(new)
        stepped = service.step and service.step != self._step
        self._step = service.step or self._step
        if new or stepped:
            lines = [*new, *([f"{service.step} …"] if stepped else [])]
            self._write("\n" + "\n".join(f"  {line}" for line in lines) + "\nRunning")
        if time.monotonic() - self._dot >= _DOT:
            self._dot = time.monotonic()
            self._write(".")

    def end(self, word: str) -> None:
        """The last word."""
        self._write(f"\n{word}\n")

    def say(self, line: str) -> None:
        """A line."""
        self._write(f"{line}\n")

    def _write(self, text: str) -> None:
        if self._show:
            sys.stdout.write(text)
            sys.stdout.flush()


def failure(service: Service, version: str = "") -> WebserviceException:
    """The error of a service, or a version, that is not healthy, with Azure's first sentence."""
    error = dict(service.error or {})
    logs = f"get_logs(version={version!r})" if version else "get_logs()"
    only = f" --version {version}" if version else ""
    text = (
        "Service deployment polling reached non-successful terminal state, current service "
        f"state: {service.state}\n{explain(error)}"
        f"More: print(service.{logs}) or 'modelyard service logs {service.name}{only}'."
    )
    failed = DeploymentFailed(text, details={"state": service.state, "error": error})
    raised = as_azure(failed, WebserviceException)
    assert isinstance(raised, WebserviceException)  # noqa: S101 - for the type checker
    return raised


def explain(error: Mapping[str, Any]) -> str:
    """Type, message, place, traceback, last lines of the log and the hint, as lines."""
    lines = []
    if error.get("message"):
        kind = error.get("type")
        lines.append(f"Error: {f'{kind}: ' if kind else ''}{error['message']}")
    if error.get("file"):
        lines.append(f"At: {error['file']}:{error.get('line', '?')}")
    if error.get("traceback"):
        lines += ["Traceback:", str(error["traceback"]).rstrip()]
    log = error.get("log")
    if log:
        tail = log if isinstance(log, list) else str(log).splitlines()
        lines += ["Last lines of the log:", *(f"  {line}" for line in tail[-20:])]
    if error.get("hint"):
        lines.append(f"Hint: {error['hint']}")
    return "".join(f"{line}\n" for line in lines)
