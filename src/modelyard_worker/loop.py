"""
The worker's loop: read a lot, run one after another, answer.

A lot is every REQUEST of one read. An answer is written at once unless run() is quick: while it
takes under a millisecond (moving estimate) the answers of a lot share a write. Until then they lie
in shared memory, so that a crash takes only the request that run() had.
"""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any, Deque, Dict, Iterable, Iterator, List, Tuple

from modelyard_worker import answers, faults, frames, marks
from modelyard_worker.answers import Answer
from modelyard_worker.batching import BatchAnswer
from modelyard_worker.channel import Channel, Closed
from modelyard_worker.context import REQUEST_ID
from modelyard_worker.executor import Runner
from modelyard_worker.faults import traceback_of
from modelyard_worker.frames import Frame, encode, encode_response, response_start
from modelyard_worker.logs import LOG
from modelyard_worker.page import Page

QUICK_MS = 1.0
"""A finished answer never waits for a run() expected to take longer than this."""

HELD_SECONDS = 0.002

STARTS = 64
"""How many different heads of answers are kept encoded."""


class Stop(BaseException):
    """Raised out of a blocking read by SIGTERM."""


class Loop:
    """Serves requests until the front closes or ``stop`` is called."""

    def __init__(self, channel: Channel, page: Page, executor: Runner) -> None:
        self._channel = channel
        self._page = page
        self._executor = executor
        executor.restart = self._restart
        executor.tell = self._tell
        self._waiting: Deque[Frame] = deque()
        self._held: List[bytes] = []
        self._held_since = 0.0
        self._estimate_ms = QUICK_MS * 2  # unknown is not quick
        self._running = 0
        self._running_cancelled = False
        self._idle = False
        self._stopping = False
        self._starts: Dict[Tuple[Any, ...], bytes] = {}
        self._usual_start = response_start(200, answers.USUAL)

    def stop(self) -> None:
        """End after the running request (from a signal handler); at once where none runs."""
        self._stopping = True
        if self._idle:
            self._idle = False
            raise Stop

    def serve(self, already: Iterable[Frame] = ()) -> None:
        """Until the front is gone or ``stop``; ``already`` came with the handshake."""
        try:
            self._take(already)
            self._work()
            while not self._stopping:
                self._take(self._read())
                self._work()
        except (Closed, Stop):
            pass

    def _read(self) -> List[Frame]:
        self._idle = True
        if self._stopping:
            raise Stop
        found = self._channel.receive()
        self._idle = False
        return found

    def _take(self, found: Iterable[Frame]) -> None:
        for frame in found:
            if frame.type == frames.REQUEST:
                self._waiting.append(frame)
            elif frame.type == frames.CANCEL:
                self._cancel(frame.id, bool(frame.head.get("back")))

    def _cancel(self, id_: int, back: bool) -> None:
        if id_ == self._running and not back:
            self._running_cancelled = True
        for frame in self._waiting:
            if frame.id == id_:
                self._waiting.remove(frame)
                self._hold(Frame(frames.END, id_, {"cancelled": True}))
                return

    def _work(self) -> None:
        while self._waiting and not self._stopping:
            frame = self._waiting.popleft()
            self._run(frame)
            if self._waiting and not self._may_hold():
                self._take(self._channel.poll())  # may bring CANCELs for those that wait
                if self._waiting and not self._stopping:
                    self._hold(Frame(frames.STARTED, self._waiting[0].id))
                self._flush()
        self._flush()

    def _may_hold(self) -> bool:
        return (
            self._estimate_ms < QUICK_MS
            and bool(self._held)
            and time.monotonic() - self._held_since < HELD_SECONDS
            and self._page.keep(self._held[-1])
        )

    def _run(self, frame: Frame) -> None:
        self._running = frame.id
        self._running_cancelled = False
        self._page.begin(frame.id)
        outcome = self._executor.execute(frame)
        answer = outcome.answer
        if type(answer) is Answer and answer.pieces is None:
            start = self._start_of(answer)
            last = encode_response(frame.id, start, outcome.run_ms, answer.body)
        elif isinstance(answer, BatchAnswer):
            head = answer.head(outcome.run_ms, self._start_of)
            last = frames.response(frame.id, head, answer.body)
        elif answer.pieces is None:
            last = encode(
                Frame(frames.RESPONSE, frame.id, answer.head(outcome.run_ms), answer.body)
            )
        else:
            last = encode(self._stream(frame.id, answer, answer.pieces))
            self._take(self._channel.poll())  # run_ms is not its time: others may be asked back
        self._page.finish()
        self._running = 0
        REQUEST_ID.set("")
        self._hold_bytes(last)
        self._estimate_ms += 0.3 * (outcome.run_ms - self._estimate_ms)

    def _start_of(self, answer: Answer) -> bytes:
        """The answer's head but for its time; nearly all answers of a script have the same."""
        if answer.headers is answers.USUAL and answer.status == 200:
            return self._usual_start
        key = (answer.status, *answer.headers)
        start = self._starts.get(key)
        if start is None:
            start = response_start(answer.status, answer.headers)
            if len(self._starts) >= STARTS:
                self._starts.clear()
            self._starts[key] = start
        return start

    def _restart(self) -> None:
        """Another run() begins within the same frame: its time is counted anew."""
        self._page.begin(self._running)

    def _tell(self, error: BaseException, request_id: str, source: str) -> None:
        """An exception of the user's code, for the front's telemetry where it has any."""
        if marks.on():
            trace = REQUEST_ID.trace_of(request_id)
            told = faults.told(error, request_id, source, trace)
            self._hold(Frame(frames.FAULT, self._running, told))

    def _stream(self, id_: int, answer: Answer, pieces: Any) -> Frame:
        """Send the pieces as they come; gives the frame that ends the request."""
        begun = time.perf_counter()
        source = self._executor.pieces(pieces)
        sent = False
        try:
            for piece in source:
                head = {} if sent else _stream_head(answer, piece)
                self._send(Frame(frames.CHUNK, id_, head, answers.piece_bytes(piece)))
                sent = True
                self._take(self._channel.poll())
                if self._running_cancelled:
                    return Frame(frames.END, id_, {"cancelled": True})
        except Closed:
            raise
        except BaseException as error:
            return self._broken(id_, error, sent)
        finally:
            _close(source)
        if not sent:
            self._send(Frame(frames.CHUNK, id_, _stream_head(answer, b"")))
        run_ms = round((time.perf_counter() - begun) * 1000, 3)
        return Frame(frames.END, id_, {"run_ms": run_ms})

    def _broken(self, id_: int, error: BaseException, sent: bool) -> Frame:
        """The end of a stream that raised: before its first piece an ordinary answer."""
        answer = self._executor.failure(error, REQUEST_ID.get())
        if not sent:
            return Frame(frames.RESPONSE, id_, answer.head(0.0), answer.body)
        said = json.loads(answer.body)
        return Frame(frames.END, id_, {"error": said["message"], "code": said["code"]})

    def _send(self, frame: Frame) -> None:
        self._hold(frame)
        self._flush()

    def _hold(self, frame: Frame) -> None:
        self._hold_bytes(encode(frame))

    def _hold_bytes(self, data: bytes) -> None:
        if not self._held:
            self._held_since = time.monotonic()
        self._held.append(data)

    def _flush(self) -> None:
        held = self._held
        if held:
            data = held[0] if len(held) == 1 else b"".join(held)
            held.clear()
            self._channel.send(data)
            self._page.sent()


def _stream_head(answer: Answer, piece: Any) -> Any:
    headers = list(answer.headers)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", answers.stream_type(piece)))
    return {"status": answer.status, "headers": headers}


def _close(source: Iterator[Any]) -> None:
    """Let a generator's ``finally`` run; what it raises there changes nothing any more."""
    try:
        close = getattr(source, "close", None)
        if close is not None:
            close()
    except BaseException as error:
        LOG.error("closing run()'s generator failed\n%s", traceback_of(error))
