"""Metrics on their way: collected, sent by a thread, waited for at the end."""

from __future__ import annotations

import atexit
import os
import threading
import time
from typing import Any, Callable, Dict, List, Optional

from azureml.exceptions import UserErrorException

EVERY = 0.5
"""Seconds within which a metric is on its way."""

PATIENCE = 180.0
"""Seconds that the end of the script waits for a server that is away."""

_MOST = 500


class MetricQueue:
    """
    Takes metrics without waiting for the server.

    What could not be sent because the server is away stays and is tried again; what the server
    refuses is raised by the next ``put`` or ``flush``. A forked child begins with none.
    """

    def __init__(self, send: Callable[[List[Dict[str, Any]]], None]) -> None:
        self._send = send
        self._begin()
        atexit.register(self._at_exit)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._waiting: List[Dict[str, Any]] = []
        self._refused: Optional[UserErrorException] = None
        self._thread: Optional[threading.Thread] = None

    def put(self, metric: Dict[str, Any]) -> None:
        """Take a metric. Raises what an earlier one was refused with."""
        if os.getpid() != self._pid:
            self._begin()
        with self._lock:
            self._raise()
            self._waiting.append(metric)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)
                self._thread.start()

    def flush(self, timeout: float = PATIENCE) -> None:
        """Send what waits now. Raises UserErrorException when the server stays away."""
        if os.getpid() != self._pid:
            self._begin()
        deadline = time.monotonic() + timeout
        while True:
            away = self._send_once()
            with self._lock:
                self._raise()
                if not self._waiting:
                    return
            if away is not None and time.monotonic() > deadline:
                raise away
            if away is not None:
                time.sleep(EVERY)

    def _work(self) -> None:
        while True:
            time.sleep(EVERY)  # gathers what a loop logs into one request
            self._send_once()
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return

    def _send_once(self) -> Optional[UserErrorException]:
        """One batch; the error when the server is away. One sender at a time keeps the order."""
        with self._sending:
            with self._lock:
                batch = self._waiting[:_MOST]
            if not batch:
                return None
            try:
                self._send(batch)
            except UserErrorException as error:
                if getattr(error, "away", False):
                    return error
                self._refused = error
            with self._lock:
                del self._waiting[: len(batch)]
        return None

    def _raise(self) -> None:
        error, self._refused = self._refused, None
        if error is not None:
            raise error

    def _at_exit(self) -> None:
        if os.getpid() != self._pid:
            return
        try:
            self.flush()
        except UserErrorException as error:
            print("Some metrics were not stored: %s" % error)
