"""``python -m modelyard.bootstrap.front SPEC.json``: the process that serves one revision."""

import asyncio
import gc
import hashlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from modelyard.domain.errors import BadInput, ModelyardError
from modelyard.domain.fronts import SPEC_VERSION, FrontSpec, FrontState
from modelyard.domain.shadows import orders_path
from modelyard.serving import launch, orphans, sharing
from modelyard.serving.app import App
from modelyard.serving.batches import Batches
from modelyard.serving.control import ControlServer
from modelyard.serving.crew import Crew
from modelyard.serving.decisions import thread_variables
from modelyard.serving.heap import Heap
from modelyard.serving.http import HttpServer
from modelyard.serving.ledger import LOOKS, Ledger, open_ledger
from modelyard.serving.limits.base import Limits
from modelyard.serving.limits.choice import choose
from modelyard.serving.logs import LogBook
from modelyard.serving.nursery import Nursery
from modelyard.serving.openapi import kept
from modelyard.serving.openapi.service import Described
from modelyard.serving.operations import Operations
from modelyard.serving.pool import Pool
from modelyard.serving.protocols.service import ServiceProtocols
from modelyard.serving.queue import WaitingQueue
from modelyard.serving.refusals import Refusal, unavailable
from modelyard.serving.roles import Role
from modelyard.serving.scaler import Scaler
from modelyard.serving.shadow_telling import discreet
from modelyard.serving.shadows import Shadows
from modelyard.serving.sleeping import Sleeper
from modelyard.serving.status import Standing
from modelyard.serving.telemetry import Rings
from modelyard.serving.workers import Launch

DRAIN_EXTRA = 5.0
"""Seconds beyond the scoring timeout that a stopping front waits for what is under way."""

VERSION = version("modelyard")


def read_spec(path: Path) -> FrontSpec:
    """The specification. Raises BadInput, naming the file and what is wrong with it."""
    try:
        data = path.read_bytes()
        found = msgspec.json.decode(data, type=dict[str, Any]).get("spec_version", SPEC_VERSION)
        if found != SPEC_VERSION:
            raise BadInput(
                f"{path} has spec_version {found}, this front reads {SPEC_VERSION};"
                " start it with the Modelyard release that wrote the file."
            )
        return msgspec.json.decode(data, type=FrontSpec)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise BadInput(f"{path} is no specification of a front: {error}.") from error


class Front:
    """All parts of a running front; made, started and stopped inside the event loop."""

    def __init__(
        self,
        spec: FrontSpec,
        limits: Limits,
        environment: Mapping[str, str],
        file: Path | None = None,
    ) -> None:
        """
        ``environment`` is this process's own; workers see a few variables of it. ``file`` is where
        the specification lies.
        """
        self._file = file
        self._limits = limits
        self._environment = environment
        self._stop = asyncio.Event()
        self._at_once = asyncio.Event()
        problems: list[str] = []
        self.rings = Rings(spec, problems.append)
        if problems:
            spec = replace(spec, rings="")  # workers need not mark lines that nobody takes
        self._spec = spec
        self.logs = LogBook(
            Path(spec.log_file), spec.log_bytes, spec.log_files, time.time, self.rings.lines
        )
        for problem in problems:
            self.logs.note(problem)
        self.ledger = self._ledger()
        self.queue = WaitingQueue(spec.queue_limit, spec.queue_wait, spec.concurrency)
        self.pool = Pool(self.queue, spec.scoring_timeout, self.logs.note)
        self.pool.failures = self.rings.failed
        self.crew = self._crew()
        self.pool.batches = self._batches()
        self.scaler = Scaler(self.pool, self.crew, launch.bounds(spec))
        self.sleeper = self._sleeper()
        self.standing = Standing(spec, self.pool, self.crew, limits, self.sleeper)
        self.protocols = self._protocols()
        app = self._app()
        self.shadows = self._shadows(app)
        self.http = HttpServer(app, Path(spec.socket), ledger=self.ledger)
        operations = Operations(
            spec,
            self.queue,
            self.scaler,
            self.standing,
            self.shadows,
            self.logs,
            self._stop.set,
        )
        self.control = ControlServer(Path(spec.control_socket), operations.by_name())

    async def run(self) -> None:
        """Serve until asked to stop; then drain, and end everything that was started."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask_to_stop)
        loop.set_exception_handler(self._unexpected)
        try:
            await self.shadows.start(self._file and orders_path(self._file))
            self._limits.start(self.crew.pids, self.crew.kill)
            self.crew.start()
            self.scaler.start()
            self.sleeper.start()
            await self.http.start()
            await self.control.start()
            describing = asyncio.ensure_future(self._keep_description())
            noting = asyncio.ensure_future(self._keep_ledger())
            self.logs.note(f"front started: process {os.getpid()}, limits {self._limits.kind}")
            gc.collect()
            gc.freeze()  # what lives as long as the process need not be looked through again
            await self._stop.wait()
            describing.cancel()
            await self._finish()
            noting.cancel()
        finally:
            await self._close()

    def ask_to_stop(self) -> None:
        """Drain and end; asked twice, end at once."""
        if self._stop.is_set():
            self._at_once.set()
        self._stop.set()

    async def _finish(self) -> None:
        self.logs.note("front drains")
        self.sleeper.stop()
        self.standing.drain()
        patience = self._spec.scoring_timeout + DRAIN_EXTRA
        drained = asyncio.ensure_future(self.standing.drained(patience))
        at_once = asyncio.ensure_future(self._at_once.wait())
        await asyncio.wait([drained, at_once], return_when=asyncio.FIRST_COMPLETED)
        drained.cancel()
        at_once.cancel()

    async def _close(self) -> None:
        patience = 0.0 if self._at_once.is_set() else 5.0
        self.sleeper.stop()
        self.scaler.stop()
        await self.crew.stop(min(patience, 2.0))
        self.pool.close(unavailable("draining", "This version of the service is being stopped."))
        await self.http.stop(patience)
        await self.control.stop()
        await self.shadows.close()
        await self._limits.close()
        self.logs.note("front stopped")
        self.logs.close()
        self.rings.close()

    async def _keep_description(self) -> None:
        """What it takes and gives, for comparing it with others when it does not run any more."""
        await self.crew.settled.wait()
        try:
            document = self.protocols.description()
            if document is not None:
                kept.keep(Path(self._spec.log_file), document)
        except (OSError, Refusal) as error:
            self.logs.note(f"the description cannot be kept: {error}")

    def _unexpected(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.logs.note(f"unexpected: {context.get('message')} {error!r}")

    # the parts

    def _crew(self) -> Crew:
        return Crew(
            self.pool,
            self.logs,
            self._limits,
            self._launch,
            wanted=self._spec.workers,
            init_timeout=self._spec.init_timeout,
            nursery=self._nursery(),
        )

    def _launch(self, number: int) -> Launch:
        return launch.launch(self._spec, self._environment, self._threads(), number)

    def _nursery(self) -> Nursery | None:
        if self._spec.preload and not orphans.adopt():
            self.logs.note("the workers do not share the model's memory: only Linux lets them")
            return None
        return launch.nursery(self._spec, self._environment, self._threads())

    def _threads(self) -> Mapping[str, str]:
        return {} if self._spec.cpu is None else thread_variables(self._spec.cpu)

    def _batches(self) -> Batches | None:
        batching = launch.batching(self._spec)
        if batching is None:
            return None
        return Batches(
            batching,
            lambda: self.crew.script,
            self.pool,
            tell_parts=self._spec.collect_model_data,
        )

    def _sleeper(self) -> Sleeper:
        return Sleeper(
            self.pool,
            self.crew,
            self.scaler,
            lambda: self.standing.in_flight,
            idle_timeout=self._spec.idle_timeout,
            cold_start_timeout=self._spec.cold_start_timeout,
        )

    def _protocols(self) -> ServiceProtocols:
        return ServiceProtocols(
            self._spec,
            lambda: self.crew.script,
            lambda: self.standing.state is FrontState.READY,
            version=VERSION,
            describe=Described(self._spec, VERSION).document,
            heap=Heap(asyncio.get_running_loop().call_later, sharing.forget),
        )

    def _app(self) -> App:
        return App(
            self._spec,
            self.pool,
            self.crew,
            self.standing,
            version=VERSION,
            note=self.logs.note,
            protocols=self.protocols,
            recorder=self.rings.recorder,
            ledger=self.ledger,
        )

    def _ledger(self) -> Ledger | None:
        if not self._spec.ledger:
            return None
        try:
            return open_ledger(Path(self._spec.ledger), asyncio.get_running_loop().call_soon)
        except OSError as error:
            self._note_no_ledger(error)
            return None

    async def _keep_ledger(self) -> None:
        """Somebody may remove its file while it is written."""
        try:
            while self.ledger is not None:
                self.ledger.keep()
                await asyncio.sleep(LOOKS)
        except OSError as error:
            self._note_no_ledger(error)

    def _note_no_ledger(self, error: OSError) -> None:
        self.logs.note(f"the gateway is told of each request, which takes longer: {error}")

    def _shadows(self, app: App) -> Shadows:
        return Shadows(
            app,
            self._spec.service_version,
            lambda: self.standing.in_flight > 0,
            discreet(self.rings.tell, launch.columns(self._spec)),
            self.logs.note,
            Path(self._spec.control_socket).parent,
        )


async def serve(spec: FrontSpec, environment: Mapping[str, str], file: Path | None = None) -> None:
    """Be the front of this specification until stopped. Raises Conflict when there is one."""
    role = Role(Path(spec.socket))
    try:
        place = hashlib.sha256(spec.socket.encode()).hexdigest()[:8]
        limits = await choose(f"modelyard-{spec.id}-{place}", spec.cpu, spec.memory)
        await Front(spec, limits, environment, file).run()
    finally:
        role.close()


def main() -> int:
    """Entry point; the exit code is 0 after a stop and 1 when it could not start."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m modelyard.bootstrap.front SPEC.json\n")
        return 2
    try:
        file = Path(sys.argv[1])
        spec = read_spec(file)
        uvloop.run(serve(spec, os.environ, file))  # noqa: TID251 - handed on to workers, not read
    except ModelyardError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
