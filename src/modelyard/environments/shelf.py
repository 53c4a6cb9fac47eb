"""
The folder of built environments.

``DIGEST/`` is an environment: ``env/`` (the virtual environment), ``lock.txt``,
``definition.json`` (its recipe) and ``complete.json``, which is there only when all the rest is.
``.DIGEST.PID.tmp`` is one being made or thrown away; ``DIGEST.lock`` is held by whoever does it.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path

from modelyard.domain.environments import BuiltEnvironment, Recipe
from modelyard.environments import locks
from modelyard.environments.inspection import bytes_freed

_FORMAT = 1


def is_digest(name: str) -> bool:
    """Whether a name from outside can be used as a path."""
    return re.fullmatch("[0-9a-f]{64}", name) is not None


def _nothing() -> None:
    return None


class Shelf:
    """Environments by digest; whatever is seen under a digest is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def find(self, digest: str) -> BuiltEnvironment | None:
        """The environment, if it is whole and its Python still exists."""
        if not is_digest(digest):
            return None
        place = self.folder / digest
        try:
            document = json.loads((place / "complete.json").read_text())
            python = Path(document["python"])
            if (place / "env").is_dir():  # also when the whole folder was moved
                python = place / "env/bin/python"
            if document["format"] != _FORMAT or not python.exists():
                return None
            return BuiltEnvironment(
                digest=digest,
                python=str(python),
                python_version=document["python_version"],
                packages=document["packages"],
                lock=(place / "lock.txt").read_text(),
                size=document["size"],
            )
        except (OSError, ValueError, KeyError):
            return None

    def digests(self) -> Sequence[str]:
        """Those that are whole, by name."""
        return sorted(path.name for path in self.folder.iterdir() if self.find(path.name))

    def locked(
        self,
        digest: str,
        waiting: Callable[[], None] = _nothing,
        going_on: Callable[[], None] = _nothing,
    ) -> AbstractContextManager[None]:
        """Be the only one who makes or removes that environment, here and in other processes."""
        return locks.locked(self._lock(digest), waiting, going_on)

    @contextmanager
    def workshop(self, digest: str) -> Iterator[Path]:
        """An empty folder to make the environment in; gone afterwards unless published."""
        self._clear(digest)
        place = self._temporary(digest)
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def publish(self, place: Path, recipe: Recipe, built: BuiltEnvironment) -> None:
        """Put a finished workshop in its place, in one step. The lock must be held."""
        final = self.folder / built.digest
        (place / "lock.txt").write_text(built.lock)
        _write_private(place / "definition.json", {"format": _FORMAT, **asdict(recipe)})
        document = asdict(built)
        del document["lock"]
        _write_private(place / "complete.json", {"format": _FORMAT, **document})
        if final.exists():  # not whole, or find() would have given it
            self._throw_away(built.digest)
        place.rename(final)

    def remove(self, digest: str) -> int:
        """Bytes freed: files shared with uv's cache free nothing."""
        if not is_digest(digest):
            return 0
        with self.locked(digest):
            return self._throw_away(digest)

    def sweep(self) -> None:
        """Remove what builds left behind that were killed; those that run are left alone."""
        for digest in {path.name.split(".")[1] for path in self.folder.glob(".*.tmp")}:
            with locks.locked_at_once(self._lock(digest)) as held:
                if held:
                    self._clear(digest)

    def _throw_away(self, digest: str) -> int:
        trash = self._temporary(f"{digest}.old")
        try:
            (self.folder / digest).rename(trash)
        except FileNotFoundError:
            return 0
        freed = bytes_freed(trash)
        shutil.rmtree(trash, ignore_errors=True)
        return freed

    def _clear(self, digest: str) -> None:
        for stale in self.folder.glob(f".{digest}.*.tmp"):
            shutil.rmtree(stale, ignore_errors=True)

    def _temporary(self, name: str) -> Path:
        return self.folder / f".{name}.{os.getpid()}.tmp"

    def _lock(self, digest: str) -> Path:
        return self.folder / f"{digest}.lock"


def _write_private(path: Path, document: object) -> None:
    """Only for the owner: an index's address may hold a password."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
