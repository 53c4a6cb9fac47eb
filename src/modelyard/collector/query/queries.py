"""All queries: a few at a time, the others wait; each can be looked up and cancelled."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from uuid import uuid4

from modelyard.collector.query.messages import Ask
from modelyard.collector.query.process import Answer, QueryProcess
from modelyard.collector.snapshot import Snapshots, snapshot
from modelyard.domain.errors import AlreadyExists, Conflict, NotFound, Timeout, Unavailable

AT_ONCE = 2
WAITING = 16
IDLE = 60.0
"""Seconds after its last query that a process ends."""


@dataclass(slots=True)
class Running:
    """A query that waits or runs; ``workspace`` None: asked by one who may see all."""

    id: str
    text: str
    workspace: str | None
    begun: float
    process: QueryProcess | None = None
    cancelled: bool = False
    task: "asyncio.Task[Answer] | None" = field(default=None, repr=False)


class Queries:
    """Those of one collector; ``command`` starts a query process."""

    def __init__(
        self,
        snapshots: Snapshots,
        command: Sequence[str],
        *,
        at_once: int = AT_ONCE,
        idle: float = IDLE,
    ) -> None:
        self._snapshots = snapshots
        self._command = tuple(command)
        self._turns = asyncio.Semaphore(at_once)
        self._idle_seconds = idle
        self._idle: list[QueryProcess] = []
        self._running: dict[str, Running] = {}
        self._retiring: dict[int, asyncio.TimerHandle] = {}
        self._ends: set[asyncio.Task[None]] = set()

    async def run(self, ask: Ask, id: str | None = None) -> Answer:
        """
        The answer, or the error that the query met; ``id`` to cancel it by.

        Raises AlreadyExists when a query of that id runs, Unavailable when too many wait, Timeout
        when it had no turn in its time.
        """
        id = id or uuid4().hex
        if id in self._running:
            raise AlreadyExists(f"A query with the id {id!r} runs already. Use another id.")
        if len(self._running) >= AT_ONCE + WAITING:
            raise Unavailable(f"{len(self._running)} queries run or wait. Try again in a moment.")
        running = Running(id, ask.text, ask.workspace, time.monotonic())
        running.task = asyncio.current_task()
        self._running[id] = running
        try:
            async with asyncio.timeout(ask.seconds) as waiting:
                await self._turns.acquire()
                waiting.reschedule(None)
            try:
                return await self._run(ask, running)
            finally:
                self._turns.release()
        except TimeoutError:
            raise Timeout(
                f"Other queries were before it for {ask.seconds:g} seconds. Try again later."
            ) from None
        except asyncio.CancelledError:
            if not running.cancelled:
                raise
            if task := asyncio.current_task():
                task.uncancel()
            raise Conflict("The query was cancelled.") from None
        finally:
            del self._running[id]

    def running(self, workspace: str | None = None) -> list[Running]:
        """Those that a caller of this workspace (None: of all) may see, the oldest first."""
        return [r for r in self._running.values() if workspace in {None, r.workspace}]

    def cancel(self, id: str, workspace: str | None = None) -> None:
        """Have it given up. Raises NotFound."""
        found = next((r for r in self.running(workspace) if r.id == id), None)
        if found is None:
            raise NotFound(f"No query with the id {id!r} runs.")
        if found.cancelled:
            return
        found.cancelled = True
        if found.process is not None:
            found.process.stop()
        elif found.task is not None:
            found.task.cancel()

    async def close(self) -> None:
        """End all processes."""
        for timer in self._retiring.values():
            timer.cancel()
        for running in list(self._running.values()):
            if running.process is not None:
                running.process.kill()
        idle, self._idle = self._idle, []
        for process in idle:
            await process.close()
        if self._ends:
            await asyncio.gather(*self._ends, return_exceptions=True)

    async def _run(self, ask: Ask, running: Running) -> Answer:
        process = await self._take()
        running.process = process
        try:
            with ExitStack() as held:

                async def fetch(tables: Sequence[str]) -> Mapping[str, str]:
                    taken = held.enter_context(await snapshot(self._snapshots, tables))
                    return {table: taken.selects[table] for table in tables}

                return await process.ask(ask, fetch)
        except asyncio.CancelledError:
            process.kill()
            raise
        finally:
            self._give_back(process)

    async def _take(self) -> QueryProcess:
        while self._idle:
            process = self._idle.pop()
            self._retiring.pop(process.pid).cancel()
            if process.alive:
                return process
            self._end(process)
        return await QueryProcess.start(self._command)

    def _give_back(self, process: QueryProcess) -> None:
        if not process.alive:
            self._end(process)
            return
        self._idle.append(process)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._idle_seconds, self._retire, process)
        self._retiring[process.pid] = timer

    def _retire(self, process: QueryProcess) -> None:
        self._retiring.pop(process.pid, None)
        if process in self._idle:
            self._idle.remove(process)
            self._end(process)

    def _end(self, process: QueryProcess) -> None:
        task = asyncio.get_running_loop().create_task(process.close())
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)
