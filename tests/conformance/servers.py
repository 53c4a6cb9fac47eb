"""One script served by both; what each answers."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import modelyard_worker
from tests.conformance.asking import Answer, Connect, ask
from tests.conformance.cases import Script
from tests.conformance.oracle import Oracle, environment
from tests.serving.fronts import Front, UnixConnection
from tests.waiting import wait_until

START = "start"
"""The case of every script that compares whether it is served at all."""


def answers(script: Script) -> dict[str, tuple[Answer, Answer]]:
    """For each request the oracle's answer and ours; ``start`` is 200 where it serves."""
    with _folder() as folder, _oracle(script, folder) as theirs, _front(script, folder) as ours:
        found = {START: (_started(theirs is not None), _started(ours is not None))}
        if theirs is None and ours is None:
            return found
        for request in script.asks:
            found[request.name] = (
                ask(theirs, request) if theirs else _started(False),
                ask(ours, request) if ours else _started(False),
            )
        return found


def _started(serves: bool) -> Answer:
    """A server that gave up answers nothing; 0 says so."""
    return Answer(200 if serves else 0, {}, b"")


@contextmanager
def _folder() -> Iterator[Path]:
    """With a name short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="my-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(script: Script, app: Path) -> None:
    app.mkdir(parents=True)
    for name, content in {"score.py": script.text, **script.files}.items():
        file = app / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)


@contextmanager
def _oracle(script: Script, folder: Path) -> Iterator[Connect | None]:
    app = folder / "oracle" / "app"
    _write(script, app)
    named = {"SERVICE_NAME": "prices", "SERVICE_VERSION": "blue"}
    oracle = Oracle(app, {**named, **script.variables})
    try:
        yield oracle.connect if oracle.started else None
    finally:
        oracle.close()


@contextmanager
def _front(script: Script, folder: Path) -> Iterator[Connect | None]:
    """Ours, the worker in the oracle's own environment, so that Flask and pandas are the same."""
    runtime = folder / "runtime"
    shutil.copytree(
        Path(str(modelyard_worker.__file__)).parent,
        runtime / "modelyard_worker",
        ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache"),
    )
    place = folder / "ours"
    _write(script, place / "app")
    origins = script.variables.get("AML_CORS_ORIGINS", "")
    timeout = script.variables.get("SCORING_TIMEOUT_MS")
    front = Front(
        place,
        runtime,
        script.text,
        python=str(environment() / "bin" / "python"),
        # what a deployment makes of these variables, see usecases/limits.py
        cors_origins=[each.strip() for each in origins.split(",") if each.strip()],
        variables=dict(script.variables),
        **({"scoring_timeout": int(timeout) / 1000} if timeout else {}),
    )
    try:
        yield (lambda: UnixConnection(front.socket)) if _serves(front) else None
    finally:
        front.close()


def _serves(front: Front) -> bool:
    def settled() -> str | None:
        state = (front.status() or {}).get("state")
        return state if state in ("ready", "failed") else None

    return wait_until(settled, 60, "our front starts or gives up") == "ready"
