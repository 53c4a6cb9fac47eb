"""What of telemetry and collected data goes into a backup, and having it in files before."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from modelyard.bootstrap.collector_parts import collector_socket
from modelyard.bootstrap.unix_http import UnixConnection
from modelyard.collector.inputs.collect import Inputs
from modelyard.collector.inputs.places import OPEN, stored
from modelyard.collector.sealed_files import MARK
from modelyard.collector.sealing import PATH
from modelyard.collector.store import Store
from modelyard.domain.errors import ModelyardError
from modelyard.settings import Settings
from modelyard.telemetry import rings
from modelyard.wire.errors import Problem

SECONDS = 300.0
"""Patience with the collector: two million rows of a table take it a few seconds."""


def write_all(settings: Settings) -> str:
    """
    Have the rows that only the collector's engine holds written to its files.

    '' or a sentence that says why the newest may be missing.
    """
    try:
        why = _asked(collector_socket(settings))
    except (FileNotFoundError, ConnectionRefusedError):
        why = _here(settings)
    except (OSError, HTTPException) as error:
        why = f"the collector did not answer ({error})"
    if not why:
        return ""
    return f"The newest telemetry, of the last hour or so, is not in the backup: {why}."


def telemetry_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Hourly files, saved queries and outcomes, each with its path in the home."""
    for path in sorted(settings.telemetry.glob("*/date=*/hour=*/*.parquet")):
        if not path.with_suffix(MARK).exists():  # the engine has its rows as well
            yield _named(settings, path)
    for path in sorted((settings.telemetry / "queries").glob("*.json")):
        yield _named(settings, path)
    for path in settings.telemetry.glob("*.sqlite"):
        with TemporaryDirectory(dir=settings.run) as folder:
            copy = Path(folder, path.name)
            _copy(path, copy)
            yield _named(settings, path)[0], copy


def collected_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Collected inputs and outputs, each with its path in the home."""
    for file in stored(settings.collected):
        yield _named(settings, file.path)


def keys(settings: Settings) -> Iterator[Path]:
    """The keys of telemetry that are there."""
    return (path for path in (settings.ingest_key, settings.collect_key) if path.exists())


def _named(settings: Settings, path: Path) -> tuple[str, Path]:
    return path.relative_to(settings.home).as_posix(), path


def _copy(source: Path, target: Path) -> None:
    """A database as it is at one moment, while it is written to."""
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as running,
        closing(sqlite3.connect(target)) as copy,
    ):
        running.backup(copy)


def _asked(socket: Path) -> str:
    with closing(UnixConnection(socket, SECONDS)) as connection:
        connection.request("POST", PATH, headers={"x-modelyard-role": "control"})
        answer = connection.getresponse()
        said = answer.read()
    if answer.status == 204:
        return ""
    try:
        return msgspec.json.decode(said, type=Problem).message.rstrip(".")
    except msgspec.MsgspecError:
        return f"the collector answered {answer.status}"


def _here(settings: Settings) -> str:
    """No collector runs: this process opens what it left."""
    if not settings.telemetry.exists():
        return ""
    if settings.telemetry.stat().st_uid != os.geteuid():
        return "the server is down, and its files are another user's"
    store = Store(settings.telemetry)
    before = os.umask(stat.S_IRWXG | stat.S_IRWXO)
    try:
        store.seal_all()
        if (settings.collected / OPEN).exists():
            data = rings.data_folder(settings.rings)
            Inputs(settings.collected, data, settings.collect_key).seal_everything()
    except ModelyardError as error:
        return error.message.rstrip(".")
    except Exception as error:  # noqa: BLE001 - the store's library has errors of its own
        return str(error).splitlines()[0]
    finally:
        store.handle.close()
        os.umask(before)
    return ""
