"""What workers print and the front's own events, in one file; a slow disk holds no worker."""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

from modelyard.serving.lines import Lines, cut
from modelyard.serving.log_lines import MARK_ROOM, LogLines, Running
from modelyard.serving.rotation import RotatingFile, last_lines

TAIL = 50
_PENDING_LIMIT = 16 * 1024 * 1024
_READ = 64 * 1024


class Output:
    """
    One worker's stdout and stderr: the end of a pipe, its lines, its last ones.

    ``running`` tells the id of the request that the worker runs.
    """

    def __init__(self, name: str, room: int = 0) -> None:
        self.name = name
        self.running: Running = str
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.lines = Lines(room)
        self.tail: deque[str] = deque(maxlen=TAIL)


class LogBook:
    """
    Reads pipes in the event loop, formats and writes in a thread of its own.

    When the disk is so slow that 16 MB wait, further lines are dropped and counted.
    """

    def __init__(
        self,
        path: Path,
        limit: int,
        keep: int,
        clock: Callable[[], float],
        telemetry: LogLines | None = None,
    ) -> None:
        """``clock`` gives seconds since the epoch; ``telemetry`` takes all lines besides."""
        self._telemetry = telemetry
        self._path = path
        self._keep = keep
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._file = RotatingFile(path, limit, keep)
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._pending = 0
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def note(self, text: str) -> None:
        """An event of the front itself."""
        line = text.replace("\n", " ").encode()
        when = self._clock()
        self._jobs.put(lambda: self._write_note(when, line))

    def open(self, name: str) -> Output:
        """A pipe for a worker; its lines carry ``name``."""
        output = Output(name, MARK_ROOM if self._telemetry else 0)
        self._loop.add_reader(output.reader, self._read, output)
        return output

    def started(self, output: Output) -> None:
        """The worker has its end: close ours, so that the pipe can end."""
        if output.writer >= 0:
            os.close(output.writer)
            output.writer = -1

    async def close_output(self, output: Output) -> list[str]:
        """A worker is dead: take what is left in its pipe; gives its last lines."""
        self.started(output)
        while self._read(output):
            pass
        if output.reader >= 0:
            self._loop.remove_reader(output.reader)
            os.close(output.reader)
            output.reader = -1
        running = output.running()
        await self._done(lambda: self._take_rest(output, running))
        return list(output.tail)

    async def last_lines(self, count: int) -> list[str]:
        """The end of the log, as written."""
        await self._done(lambda: None)
        return await asyncio.to_thread(last_lines, self._path, count, self._keep)

    def close(self) -> None:
        """Write what waits and end the thread; at most two seconds."""
        self._jobs.put(None)
        self._thread.join(2)

    async def _done(self, job: Callable[[], None]) -> None:
        """Wait until the thread has come to ``job``; not longer than a second."""
        reached = asyncio.Event()

        def run() -> None:
            job()
            self._loop.call_soon_threadsafe(reached.set)

        self._jobs.put(run)
        try:
            async with asyncio.timeout(1):
                await reached.wait()
        except TimeoutError:
            return

    def _read(self, output: Output) -> bool:
        """One piece from the pipe; False when there is none."""
        if output.reader < 0:
            return False
        try:
            data = os.read(output.reader, _READ)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(output.reader)
            return False
        if self._pending + len(data) > _PENDING_LIMIT:
            self._dropped += len(data)
            return True
        self._pending += len(data)
        when = self._clock()
        running = output.running() if self._telemetry else ""
        self._jobs.put(lambda: self._take(output, data, when, running))
        return True

    def _take(self, output: Output, data: bytes, when: float, running: str) -> None:
        self._pending -= len(data)
        self._write_output(output, output.lines.feed(data), when, running)

    def _take_rest(self, output: Output, running: str) -> None:
        self._write_output(output, output.lines.end(), self._clock(), running)

    def _write_note(self, when: float, line: bytes) -> None:
        if self._telemetry is not None:
            self._telemetry.note(when, line)
        self._write(when, b"front", [line])

    def _write_output(self, output: Output, lines: list[bytes], when: float, running: str) -> None:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            text = f"{dropped} bytes of output were dropped: the disk is too slow"
            self._write_note(when, text.encode())
        if self._telemetry is not None:
            take = self._telemetry.worker
            lines = [cut(take(when, output.name, line, running)) for line in lines]
        output.tail.extend(line[:4096].decode(errors="replace") for line in lines[-TAIL:])
        self._write(when, output.name.encode(), lines)

    def _write(self, when: float, name: bytes, lines: list[bytes]) -> None:
        if lines:
            stamp = datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")
            prefix = b"%s [%s] " % (stamp.encode(), name)
            self._file.write(b"".join(b"%s%s\n" % (prefix, line) for line in lines))

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        self._file.close()
