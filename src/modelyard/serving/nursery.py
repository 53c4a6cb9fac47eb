"""Workers forked from a template that has loaded the model, whose memory they share."""

import asyncio
import itertools
import json
import socket
from collections.abc import Callable, Collection, Mapping
from typing import Any

from modelyard.serving import orphans
from modelyard.serving.processes import Child, Process
from modelyard.serving.workers import Launch

FORK_SECONDS = 30.0
"""A template that has not forked after so long is given up."""

REAP_EVERY = 5.0

TEMPLATE = 0
"""The number of the template's place; workers count from 1."""


class Forked(Child):
    """A worker that the template was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._unwanted = False

    def begin(self, pid: int) -> None:
        """It is there, as a child of this process."""
        try:
            self._watch(pid)
        except OSError as error:  # no file descriptor is left to watch it by
            super().kill()
            self.refuse(error)
        else:
            if self._unwanted:
                super().kill()

    def refuse(self, error: OSError) -> None:
        """It never will be."""
        if not self.exited.done():
            self.exited.set_result(1)  # first, so that who waits to be born finds it settled
            self.born.set_result(error)

    def kill(self) -> None:
        self._unwanted = True
        super().kill()


class Nursery:
    """
    Starts the template, and asks it for workers while it lives.

    ``start`` makes the template's process from four file descriptors: its end of a socketpair, its
    page, its output, and where it is asked for workers.
    """

    def __init__(
        self, start: Callable[[int, int, int, int], Process], greeting: Mapping[str, Any]
    ) -> None:
        self._start = start
        self._greeting = greeting
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._template: Process | None = None
        self._pending: dict[int, Forked] = {}
        self._numbers = itertools.count(1)
        self._watching: asyncio.TimerHandle | None = None
        self.opened = asyncio.Event()
        """Set while there is a template that can be asked."""

    def template(self) -> Launch:
        """How the next template starts."""
        return Launch(self._start_template, self._greeting)

    def worker(self, greeting: Mapping[str, Any]) -> Launch:
        """How a worker is forked, once ``opened``."""
        return Launch(self._fork, greeting)

    def open(self) -> None:
        """The template is ready to be asked."""
        if self._socket is not None:
            self._loop.add_reader(self._socket.fileno(), self._read)
            self.opened.set()

    def close(self) -> None:
        """The template is dead, or shall end: it does when it is asked no more. Repeatable."""
        self.opened.clear()
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
        for number in list(self._pending):
            self._refuse(number, "the process that workers are forked from has ended")

    def give_up(self) -> None:
        """There will be no template: who waits for it shall go on without."""
        self.close()
        self.opened.set()

    def watch_orphans(self, known: Callable[[], Collection[int]]) -> None:
        """Begin to clear away what workers leave behind, which becomes ours; not ``known``."""
        if not self._pending:  # a child may come that nobody knows yet
            orphans.reap(known())
        self._watching = self._loop.call_later(REAP_EVERY, self.watch_orphans, known)

    def end(self) -> None:
        """The front stops."""
        self.close()
        if self._watching is not None:
            self._watching.cancel()

    def _start_template(self, fd: int, page_fd: int, output: int) -> Process:
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._socket = ours
        with theirs:
            self._template = self._start(fd, page_fd, output, theirs.fileno())
        return self._template

    def _fork(self, fd: int, page_fd: int, output: int) -> Process:
        """Raises OSError when there is no template."""
        if self._socket is None or not self.opened.is_set():
            raise OSError("there is no process to fork from")
        number, forked = next(self._numbers), Forked()
        message = json.dumps({"id": number}).encode()
        socket.send_fds(self._socket, [message], [fd, page_fd, output])
        self._pending[number] = forked
        self._loop.call_later(FORK_SECONDS, self._give_up, number)
        return forked

    def _read(self) -> None:
        try:
            message = self._socket.recv(4096) if self._socket is not None else b""
            said = json.loads(message) if message else {}
            number, pid = said.get("id"), said.get("pid")
        except BlockingIOError:
            return
        except (OSError, ValueError, AttributeError):
            message, number, pid = b"", None, None
        if not message:
            self.close()
        elif isinstance(pid, int) and number in self._pending:
            self._pending.pop(number).begin(pid)
        elif number in self._pending:
            self._refuse(number, str(said.get("error")))

    def _give_up(self, number: int) -> None:
        if number in self._pending and self._template is not None:
            self._refuse(number, f"no worker was forked within {FORK_SECONDS:g} s")
            self._template.kill()

    def _refuse(self, number: int, why: str) -> None:
        self._pending.pop(number).refuse(OSError(why))
