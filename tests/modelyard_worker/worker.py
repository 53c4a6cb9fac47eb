"""A real worker process at the other end of a socketpair, as a front has it."""

import json
import os
import select
import signal
import socket
import subprocess
import textwrap
import time
from pathlib import Path
from typing import Any

from modelyard_worker.frames import (
    CANCEL,
    CHUNK,
    END,
    HELLO,
    PAGE,
    PAGE_SIZE,
    REQUEST,
    RESPONSE,
    Decoder,
    Frame,
    encode,
    kept,
)

PATIENCE = 30.0


class WorkerProcess:
    """Starts ``python -m modelyard_worker`` in ``folder`` and speaks frames with it."""

    def __init__(self, python: str, runtime: Path, folder: Path, variables: dict[str, str]):
        self.folder = folder
        self._next = 0
        self._decoder = Decoder()
        self._waiting: list[Frame] = []
        self.log_file = folder.parent / f"{folder.name}.log"
        self.sock, theirs = socket.socketpair()
        self._page = os.memfd_create("page")
        os.ftruncate(self._page, PAGE_SIZE)
        fds = (theirs.fileno(), self._page)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "AZUREML", "COV"))
        }
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "-m", "modelyard_worker", "--fd", str(fds[0]), "--page-fd", str(fds[1])],
                cwd=folder,
                env={**environment, "PYTHONPATH": str(runtime), **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=fds,
                start_new_session=True,
            )
        theirs.close()

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def receive(self, timeout: float = PATIENCE) -> Frame:
        """The next frame; fails the test when the worker dies or says nothing."""
        end = time.monotonic() + timeout
        while not self._waiting:
            ready, _, _ = select.select([self.sock], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"the worker is silent\n{self.log}"
            data = self.sock.recv(1 << 20)
            assert data, f"the worker closed its end\n{self.log}"
            self._waiting += self._decoder.feed(data)
        return self._waiting.pop(0)

    def silent_for(self, seconds: float) -> bool:
        return not self._waiting and not select.select([self.sock], [], [], seconds)[0]

    def greet(self, **more: Any) -> Frame:
        """Both HELLOs; gives the worker's answer: its second HELLO, or a FAULT."""
        first = self.receive()
        assert first.type == HELLO
        self.hello = first.head
        front = {"protocol": 1, "entry_script": "score.py", "models": [], "workspace": "w"}
        self.sock.sendall(encode(Frame(HELLO, head={**front, **more})))
        return self.receive()

    def ask(self, *bodies: Any, **head: Any) -> list[int]:
        """Send the requests in one write; gives their ids."""
        ids, data = [], b""
        for body in bodies:
            self._next += 1
            ids.append(self._next)
            data += encode(request(self._next, body, **head))
        self.sock.sendall(data)
        return ids

    def cancel(self, id_: int) -> None:
        self.sock.sendall(encode(Frame(CANCEL, id_)))

    def score(self, body: Any = b"", **head: Any) -> "Answer":
        """One request and its answer."""
        (id_,) = self.ask(body, **head)
        frame = self.receive()
        assert (frame.type, frame.id) == (RESPONSE, id_), (frame.type, frame.head)
        return Answer(frame)

    def stream(self, body: Any = b"", **head: Any) -> tuple[list[Frame], Frame]:
        """The chunks and the end of a streamed answer."""
        self.ask(body, **head)
        chunks = []
        while (frame := self.receive()).type == CHUNK:
            chunks.append(frame)
        assert frame.type == END, frame.head
        return chunks, frame

    def page(self) -> tuple[int, float, int]:
        return PAGE.unpack(os.pread(self._page, PAGE.size, 0))

    def kept(self) -> list[Frame]:
        return kept(self._page)

    def everything(self) -> list[Frame]:
        """What it had sent before it died."""
        while data := self.sock.recv(1 << 20):
            self._waiting += self._decoder.feed(data)
        return self._waiting

    def hang_up(self) -> None:
        self.sock.close()

    def wait(self, timeout: float = PATIENCE) -> int:
        return self.process.wait(timeout)

    def close(self) -> None:
        """Nothing of it is left, whatever the test did."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.sock.close()
        os.close(self._page)


class Answer:
    """A RESPONSE, read."""

    def __init__(self, frame: Frame) -> None:
        self.status: int = frame.head["status"]
        self.headers = {name.lower(): value for name, value in frame.head["headers"]}
        self.run_ms: float = frame.head["run_ms"]
        self.body = bytes(frame.body)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(id_: int, body: Any = b"", **head: Any) -> Frame:
    """A REQUEST frame; a dict or list is sent as JSON."""
    headers = dict(head.pop("headers", {}))
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        headers.setdefault("content-type", "application/json")
    if isinstance(body, str):
        body = body.encode()
    pairs = [["x-request-id", f"request-{id_}"], *([n, v] for n, v in headers.items())]
    whole = {"method": "POST", "path": "/score", "query": "", "headers": pairs, **head}
    return Frame(REQUEST, id_, whole, body)


def write_script(folder: Path, text: str, name: str = "score.py") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
