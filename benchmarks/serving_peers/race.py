"""Runs a plan: weighs each server alone, then asks all in turns."""

import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving_peers import asking
from benchmarks.serving_peers.asking import Unfit
from benchmarks.serving_peers.base import PROGRAMS, Peer, Place, Rows
from benchmarks.serving_peers.installed import added_packages, python_for_making, python_of
from benchmarks.serving_peers.plan import LOOP, Plan
from benchmarks.serving_peers.processes import Cores, Server
from benchmarks.serving_peers.results import Case, Results, Sample

WARM_SECONDS = 0.5
WEIGHING_SECONDS = 1.0
WEIGHING_CONNECTIONS = 16


def say(text: str) -> None:
    """Progress, apart from the tables."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Sums:
    """The models and what they answer, made once."""

    folder: Path
    rows: Rows
    answers: dict[str, list[float]]


def make_models(folder: Path) -> Sums:
    """Train the models into this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([python_for_making(), PROGRAMS / "make_models.py", folder], check=True)
    data = json.loads((folder / "rows.json").read_text())
    return Sums(folder, data["rows"], data["answers"])


@dataclass(frozen=True)
class Running:
    """A server that was started, ready after so many seconds."""

    peer: Peer
    server: Server
    port: int
    ready: float


class Race:
    """One plan, carried out; what it finds is in ``results``."""

    def __init__(self, plan: Plan, sums: Sums, cores: Cores, folder: Path) -> None:
        self.results = Results()
        self._plan = plan
        self._sums = sums
        self._cores = cores
        self._folder = folder

    def run(self) -> None:
        """All models, one after the other."""
        for kind in self._plan.kinds:
            for peer in self._plan.for_kind(kind):
                self._weigh(peer, kind)
            fit = [p for p in self._plan.for_kind(kind) if not self._problem(p, kind)]
            self._ask_in_turns([p for p in fit if not p.restless], kind)
            for peer in fit:
                if peer.restless:
                    self._ask_in_turns([peer], kind)
            if self._plan.loop:
                self._loop(kind)

    @contextmanager
    def started(self, peer: Peer, kind: str) -> Iterator[Running]:
        """A server that is ready, ended in the end. Raises Unfit."""
        folder = Path(tempfile.mkdtemp(prefix="b", dir=self._folder))
        place = Place(python_of(peer.environment), folder, self._sums.folder, kind, free_port())
        command = peer.command(place)
        server = Server(command, self._cores, folder / "output.log")
        try:
            ready = asking.wait_ready(server, peer, place.port, self._sums.rows)
            yield Running(peer, server, place.port, ready)
        finally:
            server.stop()

    def _problem(self, peer: Peer, kind: str) -> str:
        return self.results.weight(peer.key, kind).problem

    def _weigh(self, peer: Peer, kind: str) -> None:
        """Alone: libraries in memory are shared by all environments, and PSS would part them."""
        weight = self.results.weight(peer.key, kind)
        try:
            weight.packages = added_packages(peer.environment)
            for _ in range(self._plan.starts):
                with self.started(peer, kind) as running:
                    weight.ready.append(running.ready)
                    self._check(running, kind)
                    weight.memory = max(weight.memory, self._peak(running))
        except (Unfit, OSError, subprocess.CalledProcessError) as error:
            weight.problem = str(error)
        said = weight.problem or f"{weight.ready[-1]:.2f} s, {weight.memory / 2**20:.0f} MB"
        say(f"{kind}: {peer.title}: {said}")

    def _check(self, running: Running, kind: str) -> None:
        for count in self._plan.rows:
            wanted = self._sums.answers[kind][:count]
            asking.check(running.peer, running.port, self._sums.rows[:count], wanted)

    def _peak(self, running: Running) -> int:
        """The most memory seen while it has much to do."""
        found = [running.server.pss()]
        for count in (min(self._plan.rows), max(self._plan.rows)):
            done = threading.Event()

            def watch(done: threading.Event = done) -> None:
                while not done.wait(0.2):
                    found.append(running.server.pss())

            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                self._load(running, count, WEIGHING_CONNECTIONS, WEIGHING_SECONDS)
            finally:
                done.set()
                watcher.join()
        return max(found)

    def _load(
        self, running: Running, rows: int, connections: int, seconds: float
    ) -> dict[str, Any]:
        request = running.peer.request(running.port, self._sums.rows[:rows])
        return asking.load(running.port, request, connections, seconds, self._cores)

    def _ask_in_turns(self, peers: Sequence[Peer], kind: str) -> None:
        """Every case: A, B, C, A, B, C …, so that a busy minute of the machine hits all alike."""
        with ExitStack() as stack:
            fit = []
            for peer in peers:
                try:
                    fit.append(stack.enter_context(self.started(peer, kind)))
                except Unfit as error:
                    self.results.weight(peer.key, kind).problem = str(error)
            for case in self._plan.cases(kind):
                for running in fit:
                    self._load(running, case.rows, case.connections, WARM_SECONDS)
                for number in range(self._plan.rounds):
                    for running in fit:
                        self._run(running, case, number)

    def _run(self, running: Running, case: Case, number: int) -> None:
        before = running.server.processor()
        found = self._load(running, case.rows, case.connections, self._plan.seconds)
        spent = running.server.processor() - before
        sample = Sample(
            running.peer.key, case, number, found["rate"], found["p50"], found["p99"],
            found["failed"], 1000 * spent / max(1, found["count"]),
        )  # fmt: skip
        self.results.samples.append(sample)
        where = f"{case.kind} {case.rows} rows, {case.connections} connections"
        failed = f" {sample.failed}" if sample.failed else ""
        say(f"{where}: {sample.server}: {sample.rate:.1f}/s, p50 {sample.p50:.2f} ms{failed}")

    def _loop(self, kind: str) -> None:
        for number in range(self._plan.rounds):
            for rows in self._plan.rows:
                found = self.loop(kind, rows)
                case = Case(kind, rows, 1)
                sample = Sample(LOOP, case, number, found["rate"], found["p50"], found["p99"])
                self.results.samples.append(sample)

    def loop(self, kind: str, rows: int) -> dict[str, float]:
        """The model called in a loop with these rows."""
        place = Place(python_of("modelyard"), self._folder, self._sums.folder, kind, 0)
        argv = [place.python, str(PROGRAMS / "bare.py"), "loop", str(self._plan.seconds)]
        with self._cores.starting_server():
            done = subprocess.run(
                argv, input=json.dumps(self._sums.rows[:rows]), env=place.variables,
                check=True, capture_output=True, text=True,
            )  # fmt: skip
        found: dict[str, float] = json.loads(done.stdout)
        return found


def free_port() -> int:
    """A port that is free, as are the two after it."""
    while True:
        with ExitStack() as stack:
            first = 0
            try:
                for number in range(3):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", first + number if number else 0))
                    first = first or probe.getsockname()[1]
            except (OSError, OverflowError):
                continue
            return first
