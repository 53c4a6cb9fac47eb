"""``python -m modelyard.bootstrap.restore FILE [--replace]``: a home made from a backup."""

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from modelyard import settings as settings_
from modelyard.bootstrap.clock import SystemClock
from modelyard.bootstrap.restore_database import Target, make_target
from modelyard.bootstrap.restore_places import Places
from modelyard.bootstrap.restore_reading import Reading, counted
from modelyard.bootstrap.waiting import complain
from modelyard.domain.errors import BadInput, Conflict, ModelyardError, NotFound
from modelyard.sdk.progress import Progress
from modelyard.settings import Settings
from modelyard.supervisor import files


def restore(settings: Settings, stream: BinaryIO, *, replace: bool) -> Reading:
    """
    Make the home what the backup says; what was read.

    Everything is read and checked beside its place first: when anything is wrong, nothing has
    changed. Raises Conflict, BadArchive, DiskFull.
    """
    stamp = SystemClock().now().strftime("%Y%m%dT%H%M%S")
    with _alone(settings):
        places = Places(settings.home, stamp)
        target = make_target(settings.database_url, stamp)
        try:
            if not replace:
                places.check_empty()
                target.check_empty()
            reading = _fill(places, target, stream)
        finally:
            target.close()
    for old in (*places.moved_aside, *target.moved_aside):
        complain(f"What was there before is kept: {old}")
    return reading


def _fill(places: Places, target: Target, stream: BinaryIO) -> Reading:
    with places.draft() as draft:
        reading = Reading(draft)
        try:
            with target.filling() as connection:
                reading.read(stream, connection)
                os.sync()
                places.install(draft)
        except BaseException:
            places.undo()
            raise
    return reading


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """No server runs in the home, and none can start meanwhile. Raises Conflict."""
    try:
        settings.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(settings.run / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BadInput(
            f"The home {settings.home} cannot be written: {error.strerror}. "
            "Choose another one with MODELYARD_HOME."
        ) from error
    try:
        if not _locked(descriptor) or _lives(settings.run):
            raise Conflict(
                f"Modelyard runs in {settings.home}. Stop it first (modelyard down), or restore "
                "into another home: MODELYARD_HOME=…"
            )
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(run: Path) -> bool:
    return bool(files.supervisor(run) or files.running(run))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; errors are one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="modelyard restore", description=__doc__)
    parser.add_argument("file", metavar="FILE", help="a backup, or - for standard input")
    parser.add_argument("--replace", action="store_true", help="move what is there aside")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        settings = settings_.read()
        with _open(asked.file) as stream:
            reading = restore(settings, stream, replace=asked.replace)
    except ModelyardError as error:
        complain(error.message)
        return 3 if isinstance(error, NotFound) else 1
    except OSError as error:
        complain(f"The backup cannot be restored: {error.strerror}. Nothing was changed.")
        return 1
    except KeyboardInterrupt:
        complain("Interrupted; nothing was changed.")
        return 130
    complain(f"{settings.home} holds {reading.summary()}. Start it: modelyard up")
    return 0


@contextmanager
def _open(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    path = Path(name)
    try:
        stream = path.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path.absolute()}.") from error
    except OSError as error:
        raise BadInput(f"{path.absolute()} cannot be read: {error.strerror}.") from error
    with stream, Progress("Restoring", path.stat().st_size) as progress:
        yield counted(stream, progress.add)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
