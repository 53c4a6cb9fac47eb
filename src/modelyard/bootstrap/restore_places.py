"""The home's folders during a restore: a draft in it, the old things aside, the new in place."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.domain.errors import Conflict

DRAFT = ".restoring-"
ASIDE = "before-restore-"
_SYSTEM = {"lost+found"}


class Places:
    """
    Everything stays inside the home, which may be a mount point or in a folder of another user.

    ``stamp`` names what is moved aside.
    """

    def __init__(self, home: Path, stamp: str) -> None:
        self._home = home
        self._aside = home / f"{ASIDE}{stamp}"
        self._moves: list[tuple[Path, Path]] = []

    @property
    def moved_aside(self) -> list[Path]:
        """Where the old things are, if there were any."""
        return [self._aside] if self._aside.exists() else []

    def check_empty(self) -> None:
        """Raises Conflict for a home that holds something."""
        found = sorted(path.name for path in self._present())
        if found:
            raise Conflict(
                f"{self._home} is not empty: it holds {', '.join(found[:5])}. Restore into an "
                "empty home (MODELYARD_HOME=…), or move what is there aside with --replace."
            )

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """An empty folder in the home; gone afterwards, like those that killed restores left."""
        self._clear()
        folder = self._home / f"{DRAFT}{os.getpid()}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            self._clear()

    def install(self, draft: Path) -> None:
        """Move what is there aside and what the draft holds in its place."""
        for path in self._present():
            target = self._aside / path.relative_to(self._home)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._move(path, target)
        for path in sorted(draft.iterdir()):
            self._move(path, self._home / path.name)

    def undo(self) -> None:
        """Everything as it was before ``install``."""
        while self._moves:
            source, target = self._moves.pop()
            target.replace(source)
        shutil.rmtree(self._aside, ignore_errors=True)

    def _move(self, source: Path, target: Path) -> None:
        source.rename(target)
        self._moves.append((source, target))

    def _present(self) -> list[Path]:
        """What counts: not our own drafts, nor locks, which are held while we work."""
        own = {"run", *_SYSTEM}
        found = [
            path
            for path in self._home.iterdir()
            if path.name not in own and not path.name.startswith((DRAFT, ASIDE))
        ]
        run = self._home / "run"
        return found + [path for path in run.iterdir() if path.suffix != ".lock"]

    def _clear(self) -> None:
        for path in self._home.glob(f"{DRAFT}*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
