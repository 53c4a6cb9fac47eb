"""The shims of jobs against a server that comes and goes, in every Python that is here."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.modelyard_worker import interpreters

INTERPRETERS = [*interpreters.found().values()]
SOURCE = Path(__file__).parents[2] / "src"
SHIMS = SOURCE / "modelyard_worker" / "shims"
FACTS = {"id": "run-1", "experiment": "train", "tags": {}, "properties": {}, "status": "Running"}


class Server(ThreadingHTTPServer):
    """Answers what a run asks; away for as many calls as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.away = 0
        self.refuses = False
        self.metrics: list[Any] = []
        self.guard = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._say(200, FACTS)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.guard:
            if self.server.away:
                self.server.away -= 1
                self._say(503, {"code": "unavailable", "message": "Nothing answers."})
            elif self.server.refuses:
                self._say(400, {"code": "bad_input", "message": "The metric is refused."})
            else:
                self.server.metrics += body["metrics"]
                self._say(200, {})

    def _say(self, status: int, document: Any) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def script(python: str, server: Server, text: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        "AZUREML_RUN_ID": "run-1",
        "AZUREML_ARM_WORKSPACE_NAME": "lab",
        "MODELYARD_URL": f"http://127.0.0.1:{server.server_port}",
        "MODELYARD_TOKEN": "secret",
        "PYTHONPATH": f"{SOURCE}:{SHIMS}",
    }
    code = "from azureml.core import Run\nrun = Run.get_context()\n" + text
    return subprocess.run(
        [python, "-W", "error", "-c", code],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("python", INTERPRETERS)
def test_what_is_logged_while_the_server_is_away_arrives_in_order(
    python: str, server: Server
) -> None:
    server.away = 3

    done = script(python, server, "for n in range(5): run.log('n', n)\nprint('at once')")

    assert (done.returncode, done.stdout, done.stderr) == (0, "at once\n", "")
    assert [metric["value"] for metric in server.metrics] == [0, 1, 2, 3, 4]


def test_a_refused_metric_is_raised_by_what_comes_next(server: Server) -> None:
    server.refuses = True

    done = script(INTERPRETERS[-1], server, "run.log('n', 1)\nrun.flush()\nprint('not here')")

    assert done.returncode == 1
    assert "The metric is refused." in done.stderr
    assert "not here" not in done.stdout


def test_a_forked_child_sends_only_what_it_logs_itself(server: Server) -> None:
    text = (
        "import os\nrun.log('parent', 1)\nif os.fork() == 0:\n    run.log('child', 2)\n"
        "    run.flush()\n    os._exit(0)\nos.wait()\n"
    )

    done = script(INTERPRETERS[0], server, text)

    assert done.returncode == 0
    assert sorted(metric["name"] for metric in server.metrics) == ["child", "parent"]
