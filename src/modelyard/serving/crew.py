"""Keeps the wanted number of workers alive: preflight, restarts with back-off, retirement."""

import asyncio
import functools
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

from modelyard.serving import decisions, faults
from modelyard.serving.limits.base import Limits
from modelyard.serving.logs import LogBook, Output
from modelyard.serving.nursery import TEMPLATE, Nursery
from modelyard.serving.pool import MEMORY, Pool
from modelyard.serving.workers import Launch, Worker

INIT_TIMEOUT = "init timeout"


class Crew:
    """
    One task for each place of a worker.

    The first worker's init() is the preflight: the others start when it is ready, and if it fails
    ``error`` says why and nothing is tried again. After that a failed start is repeated for ever.

    With a ``nursery`` place 0 is the template's: it comes first, and the others are forked from
    it. If it must not be forked, it ends, and workers start as they do without it.

    None may be wanted for a while. Then the template ends too, and afterwards the first worker
    comes alone again: ``came`` is called when it is ready, ``failed`` when it could not start.
    """

    def __init__(
        self,
        pool: Pool,
        logs: LogBook,
        limits: Limits,
        launch: Callable[[int], Launch],
        *,
        wanted: int,
        init_timeout: float,
        nursery: Nursery | None = None,
    ) -> None:
        self._pool = pool
        self._logs = logs
        self._limits = limits
        self._launch = launch
        self._nursery = nursery
        self._init_timeout = init_timeout
        self._places: dict[int, asyncio.Task[None]] = {}
        self._alive: dict[int, Worker] = {}
        self._stopping = False
        self._oom_kills = limits.oom_kills()
        self.wanted = wanted
        pool.queue.serve(wanted)
        self.came: Callable[[], None] | None = None
        self.failed: Callable[[Mapping[str, Any]], None] | None = None
        self.start_seconds = 0.0
        """How long the last worker that became ready took for it."""
        self._proven = False
        self.restarts = 0
        self.error: Mapping[str, Any] | None = None
        self.script: Mapping[str, Any] | None = None
        self.notes: tuple[str, ...] = ()
        """What is done otherwise than asked."""
        self.settled = asyncio.Event()
        """Set when the preflight has come to an end, good or bad."""

    def start(self) -> None:
        """Start the first worker; the others follow it."""
        self._fill()
        if self._nursery is not None:
            self._nursery.watch_orphans(lambda: self.pids().values())

    def want(self, count: int) -> None:
        """Change how many there are; those too many finish what they hold."""
        self.wanted = count
        self._pool.queue.serve(count)
        if not count:
            self._proven = False
            if self._nursery is not None:
                self._nursery.close()
        for number, worker in list(self._alive.items()):
            if not self._kept(number):
                self._pool.retire(worker)
            elif worker.retired:
                self._pool.recall(worker)
        self._fill()

    def pids(self) -> dict[int, int]:
        """The process of each living worker, by number."""
        found = {number: worker.process.pid for number, worker in self._alive.items()}
        return {number: pid for number, pid in found.items() if pid}

    def kill(self, number: int, reason: str) -> None:
        """Kill a worker for a reason its request's error will name; a new one takes its place."""
        worker = self._alive.get(number)
        if worker is not None:
            self._logs.note(f"{faults.name(number)} killed: {reason}")
            worker.kill(MEMORY)

    async def stop(self, patience: float) -> None:
        """End all workers: gently at first, by force after so many seconds."""
        self._stopping = True
        if self._nursery is not None:
            self._nursery.end()
        for worker in self._alive.values():
            worker.retire()
        waiting = [worker.process.exited for worker in self._alive.values()]
        if waiting:
            await asyncio.wait(waiting, timeout=patience)
        for worker in self._alive.values():
            worker.kill("the front stops")
        tasks = list(self._places.values())
        if tasks:
            await asyncio.wait(tasks, timeout=1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fill(self) -> None:
        if self.error is not None or self._stopping:
            return
        for number in self._due():
            if number not in self._places:
                task = asyncio.ensure_future(self._keep(number))
                task.add_done_callback(functools.partial(self._left, number))
                self._places[number] = task

    def _due(self) -> list[int]:
        """The places that shall be kept now."""
        count = self.wanted if self._proven else min(1, self.wanted)
        workers = list(range(1, count + 1))
        if self._nursery is None or not workers:
            return workers
        return [TEMPLATE, *workers] if self._nursery.opened.is_set() else [TEMPLATE]

    def _kept(self, number: int) -> bool:
        if number == TEMPLATE and (self._nursery is None or not self.wanted):
            return False
        return number <= self.wanted and not self._stopping

    def _left(self, number: int, task: "asyncio.Task[None]") -> None:
        self._places.pop(number, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._logs.note(f"worker {number} cannot be kept: {error!r}")
            asyncio.get_running_loop().call_later(decisions.SLOWEST_RESTART, self._fill)
        else:
            self._fill()

    async def _keep(self, number: int) -> None:
        """The life of one place: start, serve, die, wait, again."""
        failures = 0
        while self._kept(number):
            await asyncio.sleep(decisions.backoff(failures))
            if not self._kept(number):
                return
            ready_for = await self._serve(number)
            if self.error is not None:
                return
            if ready_for is None:
                failures = 0  # it was let go; if it is wanted again, that is no restart
            elif self._kept(number):
                failures = decisions.failures_after(failures, ready_for)
                self.restarts += 1

    async def _serve(self, number: int) -> float | None:
        """One worker from start to death: how long it was ready, None when it was let go."""
        if self._nursery is not None and number != TEMPLATE:
            await self._nursery.opened.wait()
        output = self._logs.open(faults.name(number))
        try:
            worker = await self._start(number, output)
        except OSError as error:
            await self._logs.close_output(output)
            self._not_started(number, error)
            return 0.0
        self._logs.note(f"{faults.name(number)} started: process {worker.process.pid}")
        ready_at = await self._until_ready(worker)
        code = await asyncio.shield(worker.process.exited)
        del self._alive[number]
        how = self._how(worker, code)
        await self._bury(worker, output, how, was_ready=ready_at is not None)
        if worker.retired:
            return None
        return time.monotonic() - ready_at if ready_at is not None else 0.0

    async def _start(self, number: int, output: Output) -> Worker:
        """A worker with its process, which has not run any user code. Raises OSError."""
        worker = Worker(number, self._launch_of(number), output.writer, self._pool)
        output.running = worker.running
        self._logs.started(output)
        self._alive[number] = worker
        problem = await worker.process.born
        if problem is not None:
            del self._alive[number]
            worker.close()
            raise problem
        return worker

    def _launch_of(self, number: int) -> Launch:
        launch = self._launch(number)
        if self._nursery is None:
            return launch
        if number == TEMPLATE:
            return self._nursery.template()
        return self._nursery.worker(launch.greeting)

    async def _until_ready(self, worker: Worker) -> float | None:
        """When init() was done; None when it failed or took too long."""
        try:
            self._limits.admit(worker.process.pid)
        except OSError as error:
            self._logs.note(f"{faults.name(worker.number)}: its limits could not be set: {error}")
        worker.greet()
        await asyncio.wait([worker.ready], timeout=self._init_timeout)
        if not worker.ready.done():
            worker.kill(INIT_TIMEOUT)
            return None
        hello = worker.ready.result()
        if hello is None:
            return None
        now = time.monotonic()
        self.start_seconds = now - worker.started
        self._logs.note(f"{faults.name(worker.number)} ready after {self.start_seconds:.2f} s")
        if worker.number == TEMPLATE:
            self._open_nursery(worker, hello)
            return now
        self.script = hello
        self.settled.set()
        if worker.number > self.wanted:
            worker.retire()
        self._pool.add(worker)
        if not worker.retired:
            self._prove()
        self._fill()
        return now

    def _prove(self) -> None:
        """One is ready: what runs once runs more often."""
        if not self._proven:
            self._proven = True
            if self.came is not None:
                self.came()

    def _open_nursery(self, template: Worker, hello: Mapping[str, Any]) -> None:
        why = str(hello.get("obstacle") or "")
        if self._nursery is not None and why:
            note = f"The workers do not share the model's memory: {why}."
            self.notes = (*self.notes, note)
            self._logs.note(note)
            self._nursery.give_up()
            self._nursery = None
            template.retire()  # when it has ended, ``_left`` starts the first worker
        elif self._nursery is not None:
            self._nursery.open()
            self._fill()

    async def _bury(self, worker: Worker, output: Output, how: str, *, was_ready: bool) -> None:
        expected = self._stopping or (worker.retired and not worker.held)
        if worker.number == TEMPLATE and self._nursery is not None:
            self._nursery.close()
        tail = await self._logs.close_output(output)
        if not expected:
            self._logs.note(f"{faults.name(worker.number)} {how}")
        self._pool.remove(worker, how, tail[-1] if tail else "")
        worker.close()
        if not was_ready and not self._proven and not self._stopping and not worker.retired:
            too_slow = worker.killed_for == INIT_TIMEOUT
            self._fail(worker.fault or faults.silent(how, too_slow=too_slow), tail)

    def _how(self, worker: Worker, code: int) -> str:
        if worker.killed_for == MEMORY or (code == -signal.SIGKILL and self._oom()):
            return "was killed because the workers together went over the memory limit"
        if worker.killed_for == INIT_TIMEOUT:
            return f"was killed because init() took longer than {self._init_timeout:g} s"
        return decisions.describe_exit(code)

    def _oom(self) -> bool:
        """Whether the kernel has killed for the memory limit since this was last asked."""
        before, self._oom_kills = self._oom_kills, self._limits.oom_kills()
        return self._oom_kills > before

    def _not_started(self, number: int, error: OSError) -> None:
        self._logs.note(f"{faults.name(number)} could not be started: {error}")
        if not self._proven and self.wanted:
            forked = self._nursery is not None and number != TEMPLATE
            self._fail(faults.not_started(error, forked=forked), [])

    def _fail(self, fault: Mapping[str, Any], tail: list[str]) -> None:
        """The first worker did not start: final at the preflight, else until the next try."""
        error = {**fault, "log": tail}
        if self.script is None:
            self.error = error
            self.settled.set()
        if self.failed is not None:
            self.failed(error)
