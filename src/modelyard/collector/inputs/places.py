"""
Where collected rows lie:
``data/WORKSPACE/SERVICE/MODEL/VERSION/DESIGNATION/year=2026/month=11/day=22/hour=08/part-ID.parquet``.

The folder is the list of files: what somebody adds or takes away counts at once.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote

from modelyard.collector.inputs.batches import HOUR
from modelyard.collector.inputs.records import Part

OPEN = ".open"
"""The folder of what is not sealed yet, beside the workspaces."""

_LONGEST = 200
_LEVELS = 9  # five of the part, four of the hour


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of rows. ``hour`` is its first second since the epoch; ``size`` in bytes."""

    path: Path
    part: Part
    hour: int
    size: int


def folder_of(root: Path, part: Part, hour: int) -> Path:
    """Where the rows of an hour lie. Names are written so that none leads elsewhere."""
    names = (part.workspace, part.service, part.model, part.version, part.designation)
    begun = datetime.fromtimestamp(hour, UTC)
    return root.joinpath(
        *map(_safe, names),
        f"year={begun:%Y}", f"month={begun:%m}", f"day={begun:%d}", f"hour={begun:%H}",
    )  # fmt: skip


def stored(root: Path, workspace: str = "", service: str = "") -> list[Stored]:
    """The files, oldest hour first; of one workspace or service where these are said."""
    below = root
    for name in (workspace, service):
        below = below / _safe(name) if name else below
    found = [file for path in _files(below) if (file := _described(root, path)) is not None]
    return sorted(found, key=lambda file: (file.hour, file.path.name))


def _files(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith(".parquet") and not name.startswith("."):
                yield Path(at, name)


def _described(root: Path, path: Path) -> Stored | None:
    """None for what is not ours, or has gone."""
    levels = path.relative_to(root).parts[:-1]
    if len(levels) != _LEVELS:
        return None
    try:
        year, month, day, hour = (int(level.partition("=")[2]) for level in levels[5:])
        begun = int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())
        size = path.stat().st_size
    except (ValueError, FileNotFoundError):
        return None
    return Stored(path, Part(*map(unquote, levels[:5])), begun // HOUR * HOUR, size)


def _safe(name: str) -> str:
    """One folder's name: nothing that is a path, and nothing hidden."""
    made = quote(name.encode("utf-8", "replace"), safe=" ()@+,")
    if len(made) > _LONGEST:  # what no file system takes; rows have the whole name
        made = (
            made[: _LONGEST - 17] + "-" + sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
        )
    return "%2E" + made[1:] if made.startswith(".") else made or "default"
