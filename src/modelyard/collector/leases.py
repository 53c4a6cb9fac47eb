"""Files that are read and must not go meanwhile."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


class Leases:
    """Who reads which file; a file that is to go goes when nobody reads it. For all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[Path] = Counter()
        self._leaving: set[Path] = set()

    def hold(self, paths: Iterable[Path]) -> Callable[[], None]:
        """Keep these files; what is returned lets go of them, the first time it is called."""
        held = list(paths)
        with self._lock:
            self._held.update(held)

        def let_go() -> None:
            with self._lock:
                self._held.subtract(held)
                done = [p for p in held if self._held[p] <= 0]
                held.clear()
                for path in done:
                    del self._held[path]
                going = self._leaving.intersection(done)
                self._leaving -= going
            _unlink(going)

        return let_go

    def remove(self, paths: Iterable[Path]) -> None:
        """Delete these files, those that are read as soon as they are not. Does not raise."""
        with self._lock:
            later = {path for path in paths if self._held[path] > 0}
            self._leaving |= later
        _unlink(path for path in paths if path not in later)


def _unlink(paths: Iterable[Path]) -> None:
    """And the folders that are empty then."""
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent):
            if "=" in folder.name:
                with suppress(OSError):
                    folder.rmdir()
