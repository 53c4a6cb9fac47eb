"""
The hourly files: ``TABLE/date=2026-11-22/hour=08/part-ID-ROWS-LAYOUT.parquet``.

The folder is the list of them: what somebody adds or takes away counts from the next start on.
"""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelyard.collector.leases import Leases
from modelyard.telemetry.tables import TABLES

HOUR = 3600
MARK = ".sealing"
"""Beside a file whose rows may still be in the engine as well."""

_NAME = re.compile(r"part-[0-9a-f]+-(\d+)-([0-9a-f]{8})\.parquet")
_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file. ``hour`` is its first second since the epoch; ``digest`` names its columns."""

    path: Path
    table: str
    hour: int
    rows: int
    digest: str
    size: int


class SealedFiles:
    """Those that are there. For all threads."""

    def __init__(self, folder: Path, leases: Leases) -> None:
        self._folder = folder
        self._leases = leases
        self._lock = threading.Lock()
        self._files: dict[str, dict[Path, SealedFile]] = {name: {} for name in TABLES}

    def load(self) -> list[str]:
        """Look at the folder; damaged files are renamed. What to tell people about these."""
        notes = []
        found: dict[str, dict[Path, SealedFile]] = {name: {} for name in TABLES}
        for table, files in found.items():
            for path in (self._folder / table).glob("date=*/hour=*/*.parquet"):
                file = describe(path, table)
                if file is None:
                    continue
                if whole(path):
                    files[path] = file
                else:
                    notes.append(put_aside(path))
        with self._lock:
            self._files = found
        return notes

    def add(self, file: SealedFile) -> None:
        """One more."""
        with self._lock:
            self._files[file.table][file.path] = file

    def of(self, table: str, since: float | None = None) -> list[SealedFile]:
        """Those with rows from ``since`` on, oldest first."""
        with self._lock:
            files = list(self._files[table].values())
        if since is not None:
            files = [file for file in files if file.hour + HOUR > since]
        return sorted(files, key=lambda file: (file.hour, file.path.name))

    def all(self) -> list[SealedFile]:
        """Of all tables."""
        return [file for table in TABLES for file in self.of(table)]

    def hold(self, files: Iterable[SealedFile]) -> Callable[[], None]:
        """Keep them on the disk until the returned function is called."""
        return self._leases.hold(file.path for file in files)

    def retire(self, files: Iterable[SealedFile]) -> None:
        """Nobody new sees them; they are deleted when those who do have finished."""
        gone = list(files)
        with self._lock:
            for file in gone:
                self._files[file.table].pop(file.path, None)
        self._leases.remove([file.path for file in gone])

    def check(self) -> list[str]:
        """Put aside what has become damaged or was taken away; what to tell people."""
        notes = []
        for file in self.all():
            if file.path.exists() and whole(file.path):
                continue
            with self._lock:
                self._files[file.table].pop(file.path, None)
            if file.path.exists():
                notes.append(put_aside(file.path))
            else:
                notes.append(f"{file.path} is gone; its rows are missing.")
        return notes


def folder_of(base: Path, table: str, hour: int) -> Path:
    """Where the files of an hour lie."""
    time = datetime.fromtimestamp(hour, UTC)
    return base / table / f"date={time:%Y-%m-%d}" / f"hour={time:%H}"


def describe(path: Path, table: str) -> SealedFile | None:
    """What its name says; None for a file that is none of ours."""
    match = _NAME.fullmatch(path.name)
    day, hour = path.parent.parent.name, path.parent.name
    if match is None or not (day.startswith("date=") and hour.startswith("hour=")):
        return None
    try:
        date = datetime.strptime(f"{day[5:]} {hour[5:]}", "%Y-%m-%d %H").replace(tzinfo=UTC)
        size = path.stat().st_size
    except (ValueError, OSError):
        return None
    return SealedFile(path, table, int(date.timestamp()), int(match[1]), match[2], size)


def whole(path: Path) -> bool:
    """Whether the file begins and ends as such a file does: a cut one does not."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size < 12:
                return False
            file.seek(size - 8)
            tail = file.read(8)
            file.seek(0)
            return file.read(4) == _MAGIC == tail[4:] and int.from_bytes(tail[:4], "little") < size
    except OSError:
        return False


def put_aside(path: Path) -> str:
    """Rename a damaged file; what to tell people."""
    kept = path.with_name(path.name + ".damaged")
    try:
        path.rename(kept)
    except OSError as error:
        return f"{path} is damaged, and cannot be renamed: {error.strerror}."
    return f"{path} is damaged; its rows are missing. It was kept as {kept.name}."
