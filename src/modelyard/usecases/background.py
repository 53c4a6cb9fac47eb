"""A few threads that work in the background and never keep the process from ending."""

import logging
import threading
from collections import deque
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Background:
    """Runs named pieces of work, each name once at a time, ``size`` of them at once."""

    def __init__(self, size: int, done: Callable[[], None]) -> None:
        self._size = size
        self._done = done
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Callable[[], None]]] = deque()
        self._names: set[str] = set()
        self._threads = 0

    def submit(self, name: str, work: Callable[[], None]) -> bool:
        """Do it soon; False when work of that name is under way already."""
        with self._lock:
            if name in self._names:
                return False
            self._names.add(name)
            self._waiting.append((name, work))
            if self._threads < self._size:
                self._threads += 1
                # a daemon: a build of minutes must not hold up the end of the process
                threading.Thread(target=self._work, name="background", daemon=True).start()
        return True

    def names(self) -> frozenset[str]:
        """What is under way or waiting."""
        with self._lock:
            return frozenset(self._names)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                name, work = self._waiting.popleft()
            try:
                work()
            except Exception:  # noqa: BLE001 - the thread must go on; each work handles what it expects
                _log.exception("background work %s failed", name)
            finally:
                with self._lock:
                    self._names.discard(name)
                self._done()
