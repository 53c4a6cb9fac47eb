"""The folder in which producers leave their rings."""

from collections.abc import Callable
from pathlib import Path

from modelyard.telemetry.ring import Damaged, RingReader


class RingFolder:
    """Looks for rings and opens them; what cannot be read is told, once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unreadable: set[Path] = set()

    def look(self) -> set[Path]:
        """Those that are there now; none where there is no folder."""
        try:
            found = {
                path for path in self._folder.iterdir()
                if path.suffix == ".ring" and not path.name.startswith(".")
            }  # fmt: skip
        except FileNotFoundError:
            found = set()
        self._unreadable &= found
        return found

    def open(self, path: Path, note: Callable[[str], None]) -> RingReader | None:
        """One of them; what is no ring is deleted, what cannot be read is tried again."""
        try:
            return RingReader.open(path)
        except Damaged as error:
            note(f"{error} It was deleted; what it still held is lost.")
            path.unlink(missing_ok=True)
        except OSError as error:
            if path not in self._unreadable:
                self._unreadable.add(path)
                note(f"{path} cannot be read: {error.strerror}.")
        return None
