"""``python -m modelyard.bootstrap.backup FILE``: everything that counts, in one tar."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import FrameType

from modelyard import settings as settings_
from modelyard.bootstrap import backup_telemetry
from modelyard.bootstrap.archive import Writer
from modelyard.bootstrap.backup_output import Output, Stdout, file_output
from modelyard.bootstrap.backup_parts import Parts
from modelyard.bootstrap.clock import SystemClock
from modelyard.bootstrap.gc_lock import files_stay
from modelyard.bootstrap.waiting import complain
from modelyard.domain.errors import ModelyardError, NotFound
from modelyard.settings import Settings
from modelyard.stores.blobs import FileBlobStore
from modelyard.stores.sql import dumps
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.engine import connect

FORMAT = 2
"""Raised when an older release could not read what is written now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may be left out: it may be many times the rest."""

    telemetry: bool = True
    data: bool = True


def backup(settings: Settings, output: Output, wanted: Wanted = Wanted()) -> list[str]:
    """
    Write everything; the digests of files that should be there and are not.

    The server may run meanwhile: the database is read in one transaction, and the files that it
    names never change and are kept from being collected. Raises NotFound, Conflict, DiskFull.
    """
    database = open_database(settings)
    if (wanted.telemetry or wanted.data) and (lacking := backup_telemetry.write_all(settings)):
        complain(lacking)
    try:
        with files_stay(settings.run):
            parts = Parts(Writer(output))
            parts.head(
                {
                    "format": FORMAT,
                    "release": version("modelyard"),
                    "created": SystemClock().now().isoformat(),
                }
            )
            with dumps.snapshot(database) as connection:
                parts.database(connection)
            parts.files(FileBlobStore(settings.home))
            parts.file("secret.key", settings.home / "secret.key")
            for key in backup_telemetry.keys(settings):
                parts.file(key.name, key)
            if wanted.telemetry:
                parts.kept(backup_telemetry.telemetry_files(settings))
            if wanted.data:
                parts.kept(backup_telemetry.collected_files(settings))
            return parts.end()
    finally:
        database.close()


def open_database(settings: Settings) -> Database:
    """The home's database, which must be there already. Raises NotFound."""
    engine = connect(settings.database_url)
    file = engine.url.database or ""
    sqlite = engine.dialect.name == "sqlite"
    if not (settings.home / "secret.key").exists() or (sqlite and not Path(file).exists()):
        raise NotFound(
            f"There is no Modelyard in {settings.home}. Say which home with MODELYARD_HOME."
        )
    return Database(engine)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; errors are one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="modelyard backup", description=__doc__)
    parser.add_argument("file", metavar="FILE", help="a .tar, or - for standard output")
    parser.add_argument("--no-telemetry", action="store_true", help="leave telemetry out")
    parser.add_argument("--no-data", action="store_true", help="leave collected data out")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)  # so that nothing half-written stays
    try:
        wanted = Wanted(telemetry=not asked.no_telemetry, data=not asked.no_data)
        return _run(settings_.read(), asked.file, wanted)
    except ModelyardError as error:
        complain(error.message)
        return 3 if isinstance(error, NotFound) else 1
    except BrokenPipeError:
        complain("The reader of the backup went away; nothing was kept.")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        complain(f"The backup cannot be written: {error.strerror}.")
        return 1
    except KeyboardInterrupt:
        complain("Interrupted; nothing was kept.")
        return 130


def _run(settings: Settings, name: str, wanted: Wanted) -> int:
    if name == "-":
        missing = backup(settings, Stdout(), wanted)
    else:
        file = Path(name).absolute()
        with file_output(file) as output:
            missing = backup(settings, output, wanted)
        complain(f"The backup is in {file}. It holds all keys: keep it where only you can read.")
    if missing:
        complain(
            f"{len(missing)} files are missing in {settings.home / 'blobs'} and could not be "
            f"saved, the first is {missing[0]}. All else was saved."
        )
    return 1 if missing else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
