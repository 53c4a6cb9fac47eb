"""Collecting what a run writes to ``outputs/`` and ``logs/`` in its folder."""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from modelyard.domain.errors import ModelyardError
from modelyard.sdk.folders import walk

Send = Callable[[Mapping[str, Path]], None]
_EVERY = 5.0


class OutputWatch:
    """
    Sends the files that are new or changed since the run began.

    A thread looks every few seconds, so that a script which dies leaves what it had written;
    ``collect`` looks at once and raises what goes wrong.
    """

    def __init__(self, root: Path, folders: Iterable[str], send: Send) -> None:
        self._root = root
        self._folders = [f.strip("/").removeprefix("./") for f in folders]
        self._send = send
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._seen = self._look()
        self._thread = threading.Thread(target=self._watch, name="modelyard-outputs", daemon=True)
        self._thread.start()

    def collect(self) -> None:
        """Send what has changed. Raises when it could not be sent."""
        with self._lock:
            found = self._look()
            changed = {p for p, mark in found.items() if self._seen.get(p) != mark}
            if changed:
                self._send({path: self._root / path for path in sorted(changed)})
                self._seen.update({path: found[path] for path in changed})

    def close(self) -> None:
        """Look no more. Repeatable."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(_EVERY):
            try:
                self.collect()
            except (ModelyardError, OSError):
                continue  # half-written or the server away: the next look sends it

    def _look(self) -> dict[str, tuple[int, int, int]]:
        found = {}
        for folder in self._folders:
            if (self._root / folder).is_dir():
                for path, source in walk(self._root / folder):
                    status = source.stat()
                    mark = (status.st_mtime_ns, status.st_size, status.st_ino)
                    found[f"{folder}/{path}"] = mark
        return found
