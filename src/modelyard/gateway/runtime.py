"""
Talking to a running HAProxy: to its master, and to its newest worker.

The master hands each command on and waits, which takes long on a busy machine. So what is asked
with every change goes to the worker itself, several commands in one line. After a reload an older
one may for a moment still answer there: what it says tells which it is.
"""

import csv
import socket
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from modelyard.domain.errors import GatewayFailed
from modelyard.gateway.maps import parse_map

_LINE = 8000  # HAProxy takes a line of at most one buffer of 16 KB


class Unreachable(GatewayFailed):
    """Nobody answers at the master's socket."""


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes of a master: the newest and those that still finish requests."""

    current: int | None
    old: tuple[int, ...]


Tables = dict[str, dict[str, str]]
"""Entries by the name of the map."""


class Runtime:
    """The commands that we use; each is one short connection."""

    def __init__(self, master_socket: Path, worker_socket: Path) -> None:
        self._master = master_socket
        self._worker = worker_socket

    def ask(self, command: str, timeout: float = 10.0) -> str:
        """The master's answer; raises Unreachable."""
        return self._said(self._master, command, timeout)

    def _said(self, path: Path, command: str, timeout: float = 10.0) -> str:
        chunks: list[bytes] = []
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(timeout)
                connection.connect(str(path))
                connection.sendall(command.encode() + b"\n")
                connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65536):
                    chunks.append(chunk)
        except OSError as error:
            raise Unreachable(
                f"The gateway does not answer at {path} ({error}). It is started again by "
                "itself; 'modelyard logs gateway' says what happened."
            ) from error
        return b"".join(chunks).decode(errors="replace")

    def info(self, process: str = "@1", timeout: float = 10.0) -> dict[str, str]:
        """What a process says of itself: description, Stopping, …; empty when it is not there."""
        return _parse_info(self.ask(f"{process} show info", timeout))

    def stamp(self) -> str | None:
        """Which configuration is in force, or None while no worker runs."""
        try:
            return self.info().get("description")
        except Unreachable:
            return None

    def workers(self) -> Workers:
        """Who runs now."""
        current: list[int] = []
        old: list[int] = []
        into: list[int] | None = None
        for line in self.ask("show proc").splitlines():
            if line.startswith("#"):
                into = {"# workers": current, "# old workers": old}.get(line.strip())
            elif into is not None and line.strip():
                into.append(int(line.split()[0]))
        return Workers(current[0] if current else None, tuple(old))

    def reload(self) -> str | None:
        """Read the files anew: None when that worked, else what HAProxy says against it."""
        said = self.ask("reload", timeout=60.0)
        if said.lstrip().startswith("Success=1"):
            return None
        return said.partition("--")[2].strip() or said.strip() or "no answer"

    def map(self, name: str) -> dict[str, str]:
        """A table in the memory of the current process."""
        return parse_map(self.ask(f"@1 show map {name}"))

    def tables(self, names: Collection[str]) -> tuple[str, Tables]:
        """
        The stamp of a worker, and tables in its memory.

        Raises Unreachable, GatewayFailed when it does not say them all.
        """
        asked = ["show info", *(f"show map {name}" for name in names)]
        info, *maps = _blocks(self._said(self._worker, ";".join(asked)), len(asked))
        found = {name: parse_map(text) for name, text in zip(names, maps, strict=True)}
        return _parse_info(info).get("description", ""), found

    def run(self, commands: Iterable[str]) -> None:
        """
        Commands to the worker; what they did is read back by the caller.

        Raises GatewayFailed when one is refused: HAProxy says nothing of those that it follows.
        What is not there need not be deleted.
        """
        for line in _lines(commands):
            refused = self._said(self._worker, line).replace("Key not found.", "").strip()
            if refused:
                raise GatewayFailed(f"The gateway refused a change of its tables: {refused[:500]}")

    def stats(self, process: str, kinds: int, timeout: float = 10.0) -> list[dict[str, str]]:
        """Rows of ``show stat``: 1 frontends, 2 backends; none of a process that is not there."""
        text = self.ask(f"{process} show stat -1 {kinds} -1", timeout).strip()
        rows = csv.DictReader(StringIO(text.removeprefix("# ")))
        return [row for row in rows if row.get("scur")]


def _parse_info(text: str) -> dict[str, str]:
    rows = (line.partition(": ") for line in text.splitlines())
    return {name: value for name, _, value in rows if value}


def _blocks(text: str, count: int) -> list[str]:
    """The answers of several commands: behind each is an empty line."""
    found: list[str] = []
    rest = text
    while rest:
        if rest.startswith("\n"):
            block, rest = "", rest[1:]
        else:
            block, _, rest = rest.partition("\n\n")
        found.append(block)
    if len(found) != count:
        raise GatewayFailed(
            f"The gateway answered {len(found)} of {count} questions: {text[-200:]!r}"
        )
    return found


def _lines(commands: Iterable[str]) -> Iterator[str]:
    """As many together as fit; one with several lines is on its own."""
    line = ""
    for command in commands:
        whole = "\n" in line or "\n" in command
        if line and (whole or len(line) + len(command) > _LINE):
            yield line
            line = ""
        line = f"{line};{command}" if line else command
    if line:
        yield line
