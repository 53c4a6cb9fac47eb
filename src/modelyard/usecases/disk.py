"""How much of the disk each part and each workspace uses."""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelyard.ports import BlobStore, Clock, EnvironmentBuilder, UsageStore

FRESH = 10.0
"""Seconds for which an answer counts: counting looks at every file."""


class DiskUse:
    """
    Counts bytes.

    ``parts`` gives the folders and files of each part by the name under which it is shown.
    """

    def __init__(
        self,
        parts: Mapping[str, Sequence[Path]],
        usage: UsageStore,
        blobs: BlobStore,
        builder: EnvironmentBuilder,
        clock: Clock,
    ) -> None:
        self._parts = parts
        self._usage = usage
        self._blobs = blobs
        self._builder = builder
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: tuple[float, dict[str, int]] | None = None

    def show(self) -> dict[str, int]:
        """
        Bytes by part of the home, then by workspace.

        Equal files are kept once: a workspace is counted as if it were alone, so that the
        workspaces together may be more than the files.
        """
        with self._lock:  # who asks meanwhile gets the same answer
            now = self._clock.monotonic()
            if self._counted is None or now - self._counted[0] > FRESH:
                self._counted = (now, self._count())
            return dict(self._counted[1])

    def _count(self) -> dict[str, int]:
        built = [self._builder.find(digest) for digest in self._builder.digests()]
        workspaces = sorted(self._usage.by_workspace().items())
        return {
            "files": self._blobs.usage(),
            "environments": sum(b.size for b in built if b),
            **{name: sum(map(size_of, paths)) for name, paths in self._parts.items()},
            **{f"workspace {name}": size for name, size in workspaces},
        }


def size_of(path: Path) -> int:
    """Bytes of a file or of all files below a folder; 0 when it is not there."""
    if not path.is_dir():
        return _size(path)
    return sum(_size(Path(folder, name)) for folder, _, names in os.walk(path) for name in names)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0  # it has gone since
