"""One worker: what it has been given, what it answered, and how it ended."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from modelyard.serving import decisions
from modelyard.serving.channel import Channel
from modelyard.serving.decoding import Body
from modelyard.serving.http_request import Incoming
from modelyard.serving.messages import (
    ResponseHead,
    fault_of,
    headers_of,
    hello,
    requests,
    response_head,
)
from modelyard.serving.page import RunPage
from modelyard.serving.processes import Process
from modelyard.serving.streams import Stream
from modelyard.serving.tickets import Answer, Ticket
from modelyard_worker import frames

RETIRE_SECONDS = 5.0
_FRAME = 100
_ONE_READ = 200_000
"""Bytes of requests, each with ``_FRAME`` around it, that a worker surely reads at once."""
_RESPONSE = frames.RESPONSE


class Listener(Protocol):
    """Who wants to know what happens to a worker's requests."""

    def worker_free(self, run_ms: float | None) -> None:
        """It answered one; it may take another."""

    def note(self, text: str) -> None:
        """An event for the log."""

    def given_back(self, ticket: Ticket) -> None:
        """It never began this one, which it was asked back for; somebody waits for it."""

    def failed(self, fault: Mapping[str, Any]) -> None:
        """The user's code raised an exception, in run() or before: what a FAULT says of it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """
    How to start a worker: ``start`` takes its end of the socketpair, its page and its output, as
    file descriptors that stay the caller's; ``greeting`` is the front's HELLO.
    """

    start: Callable[[int, int, int], Process]
    greeting: Mapping[str, Any]


class Worker:
    """
    A process and its socket. ``ready`` gives its second HELLO, or None if it died before;
    ``fault`` then says why, if it could. ``killed_for`` names our reason for killing it. One that
    is ``timed`` keeps count of the time in which it holds requests: a look at the clock for each.
    """

    def __init__(self, number: int, launch: Launch, output: int, listener: Listener) -> None:
        """Starts the process; raises OSError when that cannot be done."""
        self.number = number
        self.held: dict[int, Ticket] = {}
        self.answered = 0
        self.fault: dict[str, Any] | None = None
        self.killed_for = ""
        self.started = time.monotonic()
        self.retired = False
        self._let_go = False
        self.timed = False
        self._busy_since = 0.0
        self._busy = 0.0
        self._page_seen = (0, 0)
        self._alive_at = self.started
        self._slow = 0  # the request that has it for long, since others were asked back
        self._wordless = False  # it said nothing of requests that were cancelled
        self.ready: asyncio.Future[dict[str, Any] | None]
        self.ready = asyncio.get_running_loop().create_future()
        self._listener = listener
        self._page = RunPage()
        ours, theirs = socket.socketpair()
        try:
            self.process = launch.start(theirs.fileno(), self._page.fd, output)
        except BaseException:
            ours.close()
            self._page.close()
            raise
        finally:
            theirs.close()
        self._greeting = launch.greeting
        self._channel = Channel(ours, self._on_frame, self._on_broken)
        self.process.exited.add_done_callback(self._on_exit)

    def greet(self) -> None:
        """Let it begin; called when its limits are in force, so before any user code runs."""
        self._channel.send((hello(self._greeting),))

    def give(self, tickets: Sequence[Ticket], timeout: float) -> None:
        """Hand over requests in one write."""
        held, number, now = self.held, self.number, time.monotonic()
        if not held:
            self._busy_since = now
            if not self._wordless:
                self._alive_at = now  # it had nothing to show life with
        for ticket in tickets:
            held[ticket.id] = ticket
            ticket.attempts += 1
            ticket.given, ticket.worker = now, number
        self._channel.send(requests(tickets, timeout))

    def busy_seconds(self, now: float) -> float:
        """How long it has held requests since it is ``timed``."""
        return self._busy + (now - self._busy_since if self.held else 0.0)

    def cancel(self, ticket: Ticket) -> None:
        """Tell it that nobody waits for this answer any more."""
        self._channel.send((frames.encode(frames.Frame(frames.CANCEL, ticket.id)),))

    def ask_back(self, now: float, patience: float) -> None:
        """
        Where one request has had it for longer than ``patience`` seconds, ask back those behind.

        It reads of that when the one is done, and before it begins another.
        """
        running = self._page.read()
        if not running.id or running.id == self._slow or now - running.started <= patience:
            return
        if running.id not in self.held:
            return
        self._slow = running.id
        asked = [
            frames.encode(frames.Frame(frames.CANCEL, ticket.id, {"back": True}))
            for ticket in reversed(self.behind())  # each goes to the head of the queue
        ]
        if asked:
            self._channel.send((b"".join(asked),))

    @property
    def slow(self) -> bool:
        """Whether it is at a request that takes so long that none may wait behind it."""
        return self._slow in self.held

    def behind(self) -> list[Ticket]:
        """Requests that wait behind the slow one, in their order; batches are not among them."""
        return [
            ticket
            for ticket in self.held.values()
            if ticket.id != self._slow
            and not (ticket.begun or ticket.cancelled or ticket.settled)
            and isinstance(ticket.subject, Incoming)
        ]

    def surely_waits(self) -> bool:
        """Whether nothing of what was asked back can begin: it will read of that first."""
        size = sum(len(ticket.head) + len(ticket.body) + _FRAME for ticket in self.held.values())
        return size <= _ONE_READ and self._channel.sent and self._page.read().id == self._slow

    def overdue(self, now: float, timeout: float) -> Ticket | None:
        """The request that has run longer than it may; a stream may pause that long."""
        running = self._page.read()
        ticket = self.held.get(running.id)
        if ticket is None or not running.id:
            return None
        since = running.started
        if ticket.stream is not None:
            since = max(since, ticket.stream.touched)
        return ticket if now - since > timeout else None

    def running(self) -> str:
        """The id of the request that run() has; '' where it has none, or several."""
        ticket = self.held.get(self._page.read().id)
        return ticket.subject.id if ticket and isinstance(ticket.subject, Incoming) else ""

    def stalled(self, now: float, patience: float) -> bool:
        """
        Whether it holds requests and has for so long neither begun nor finished nor said anything:
        it was stopped, or a thread of the script never lets go of the interpreter.
        """
        reading = self._page.read()
        seen = (reading.id, reading.finished)
        waits_for_client = any(t.stream and t.stream.paused for t in self.held.values())
        said = self._channel.heard
        if reading.id or seen != self._page_seen or waits_for_client or said or not self.held:
            self._page_seen = seen
            self._wordless = self._channel.heard = False
            self._alive_at = now
        return now - self._alive_at > patience

    def forget_dropped(self) -> bool:
        """
        Let go of cancelled requests that it dropped without a word: nothing runs although it
        holds only such. True when that made it free.
        """
        if not self.held or self._page.read().id:
            return False
        if not all(ticket.cancelled for ticket in self.held.values()):
            return False
        self._channel.drain()
        gone = bool(self.held)
        self.answered = self._page.read().finished
        self._busy = self.busy_seconds(time.monotonic())
        self.held.clear()
        self._wordless = self._wordless or gone
        return gone

    def kill(self, reason: str) -> None:
        """SIGKILL to the group; the first reason stays."""
        self.killed_for = self.killed_for or reason
        self.process.kill()

    def retire(self) -> None:
        """No more requests; it ends when its socket closes, by force if it does not."""
        self.retired = True
        if not self._let_go:
            self._let_go = True
            self._channel.close()
            asyncio.get_running_loop().call_later(RETIRE_SECONDS, self.process.kill)

    def recall(self) -> bool:
        """Go on after all; False when it ends already."""
        if not self._let_go:
            self.retired = False
        return not self._let_go

    def losses(self) -> tuple[list[Ticket], list[Ticket]]:
        """After death: the requests that are lost and those that were never started."""
        reading = self._page.read()
        held = list(self.held)
        unheard = reading.finished - self.answered if reading.finished >= self.answered else 0
        lost, again = decisions.blame(held, reading.id, unheard)
        tickets = self.held
        self._busy = self.busy_seconds(time.monotonic())
        self.held = {}
        begun = [id for id in again if tickets[id].begun]  # its caller has a part of the answer
        again = [id for id in again if not tickets[id].begun]
        return [tickets[id] for id in (*lost, *begun)], [tickets[id] for id in again]

    def close(self) -> None:
        """Free what belongs to a dead worker."""
        self._channel.close()
        self._page.close()

    def _on_exit(self, _: "asyncio.Future[int]") -> None:
        self._channel.drain()
        for frame in self._page.kept():
            self._on_frame(*frame)  # those that came already are not held any more
        if not self.ready.done():
            self.ready.set_result(None)

    def _on_broken(self, what: str) -> None:
        self._listener.note(f"worker {self.number} does not keep to the protocol: {what}")
        self.kill("it did not keep to the protocol")

    def _on_frame(self, kind: int, id_: int, head: bytes, body: Body) -> None:
        if kind == _RESPONSE:
            self._on_response(id_, head, body)
        elif kind == frames.CHUNK:
            self._on_chunk(id_, head, body)
        elif kind == frames.END:
            self._on_end(id_, _object(head))
        elif kind == frames.HELLO:
            self._on_hello(_object(head))
        elif kind == frames.FAULT:
            self._on_fault(_object(head))

    def _on_hello(self, head: dict[str, Any]) -> None:
        if head.get("ready") and not self.ready.done():
            if not isinstance(head.get("batching"), dict):
                head["batching"] = None  # many ask for it by name
            self.ready.set_result(head)

    def _on_fault(self, head: dict[str, Any]) -> None:
        if head.get("phase") != "run":
            self.fault = fault_of(head)
        self._listener.failed(head)

    def _on_response(self, id_: int, head: bytes, body: Body) -> None:
        ticket = self.held.get(id_)
        if ticket is None:
            return
        if ticket.stream is not None:
            raise frames.ProtocolError("a whole answer to what is answered in pieces")
        ticket.begun = True  # whatever can be read of it, it was run
        found = response_head(head)
        answer = _answer(found, body)
        del self.held[id_]  # not before it could be read: else nobody would hear of it again
        if self.timed and not self.held:
            self._busy += time.monotonic() - self._busy_since
        self.answered += 1
        ticket.answer(answer)
        self._listener.worker_free(found.run_ms)

    def _on_chunk(self, id_: int, head: bytes, body: Body) -> None:
        ticket = self.held.get(id_)
        if ticket is None:
            return
        ticket.begun = True
        if ticket.cancelled:
            return
        if ticket.stream is None:
            stream = Stream(self._channel.pause, self._channel.resume)
            answer = _answer(response_head(head), stream)
            ticket.stream = stream
            ticket.answer(answer)
        ticket.stream.push(body)

    def _on_end(self, id_: int, head: dict[str, Any]) -> None:
        ticket = self.held.pop(id_, None)
        if ticket is None:
            return
        if self.timed and not self.held:
            self._busy += time.monotonic() - self._busy_since
        if head.get("cancelled") and not (ticket.begun or ticket.cancelled or ticket.settled):
            self._listener.given_back(ticket)
            return
        if ticket.begun or not head.get("cancelled"):
            self.answered += 1  # a request dropped before its start never counts as finished
        error = head.get("error")
        if ticket.stream is None:
            ticket.answer(Answer(200, [], None, b""))
        elif error:
            ticket.stream.fail(RuntimeError(str(error)))
        else:
            ticket.stream.end()
        self._listener.worker_free(head.get("run_ms"))


def _answer(head: ResponseHead, body: "Body | Stream") -> Answer:
    headers, lines = headers_of(bytes(head.headers))
    status = head.status
    if not 200 <= status <= 999:
        status = 500
    return Answer(status, headers, head.run_ms, body, head.tensors, head.batch, lines)


def _object(head: bytes) -> dict[str, Any]:
    """Raises ValueError or TypeError for what is no JSON object."""
    found = json.loads(head) if head else {}
    if not isinstance(found, dict):
        raise TypeError("a frame whose head is no JSON object")
    return found
