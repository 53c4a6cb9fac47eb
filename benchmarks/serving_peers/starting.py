"""What a plan needs to begin: models, made once, and servers that run while they are asked."""

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving_peers import asking
from benchmarks.serving_peers.base import PROGRAMS, Peer, Place, Rows
from benchmarks.serving_peers.installed import added_packages, python_for_making, python_of
from benchmarks.serving_peers.processes import Cores, Server


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


class Ground:
    """Where servers are started and asked."""

    def __init__(self, sums: Sums, cores: Cores, folder: Path) -> None:
        self.sums = sums
        self.cores = cores
        self._folder = folder

    @contextmanager
    def started(self, peer: Peer, kind: str) -> Iterator[Running]:
        """A server that is ready, ended in the end. Raises Unfit."""
        folder = Path(tempfile.mkdtemp(prefix="b", dir=self._folder))
        place = Place(python_of(peer.environment), folder, self.sums.folder, kind, free_port())
        server = Server(peer.command(place), self.cores, folder / "output.log")
        try:
            ready = asking.wait_ready(server, peer, place.port, self.sums.rows)
            yield Running(peer, server, place.port, ready)
        finally:
            server.stop()

    def packages(self, peer: Peer) -> int:
        """How many packages the server put beside the model's libraries."""
        return added_packages(peer.environment)

    def check(self, running: Running, kind: str, sizes: tuple[int, ...]) -> None:
        """Raises Unfit unless it answers bodies of these sizes with what the model says."""
        for count in sizes:
            wanted = self.sums.answers[kind][:count]
            asking.check(running.peer, running.port, self.sums.rows[:count], wanted)

    def load(
        self, running: Running, rows: int, connections: int, seconds: float
    ) -> dict[str, Any]:
        """What the client reports. Raises Unfit when nobody answers any more."""
        request = running.peer.request(running.port, self.sums.rows[:rows])
        try:
            return asking.load(running.port, request, connections, seconds, self.cores)
        except subprocess.CalledProcessError as error:
            words = running.server.words() or error.stderr[-300:]
            raise asking.Unfit(f"it ended under load: {words}") from error

    def loop(self, kind: str, rows: int, seconds: float) -> dict[str, float]:
        """The model called in a loop with these rows."""
        place = Place(python_of("modelyard"), self._folder, self.sums.folder, kind, 0)
        argv = [place.python, str(PROGRAMS / "bare.py"), "loop", str(seconds)]
        with self.cores.starting_server():
            done = subprocess.run(
                argv, input=json.dumps(self.sums.rows[:rows]), env=place.variables,
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
