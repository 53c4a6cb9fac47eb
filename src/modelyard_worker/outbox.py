"""Sends what scripts measure to the server, beside the script and never in its way."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections import deque
from typing import Any, Deque, List, Optional
from urllib.parse import urlsplit

from modelyard_worker.logs import LOG

LIMIT = 5000
"""Items that wait at most; then the oldest go, and are counted."""

BATCH = 500
GATHER = 0.2
"""Seconds in which items come together before they are sent."""

PATIENCE = 5.0
_LONGEST_PAUSE = 30.0


class Outbox:
    """
    Items as JSON, posted as arrays by a thread that lives while there are any.

    In a process that is to be forked (``inline``) there is no thread, and ``put`` sends itself.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.dropped = 0
        self.inline = False
        self._waiting: Deque[str] = deque()
        self._told = False
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _begin(self) -> None:
        self._change = threading.Condition()
        self._thread: Optional[threading.Thread] = None
        self._sending = 0
        self._urgent = False

    def _forked(self) -> None:
        """In a forked child: what waits is the parent's to send."""
        self._waiting.clear()
        self.inline = False
        self._begin()

    def put(self, item: Any) -> None:
        """Take an item. Raises nothing: one that is no JSON, like NaN, is told and dropped."""
        try:
            text = json.dumps(item, allow_nan=False)
        except (TypeError, ValueError) as error:
            self._drop(1, "it is no JSON: %s" % error)
            return
        with self._change:
            self._waiting.append(text)
            if len(self._waiting) > LIMIT:
                self._waiting.popleft()
                self.dropped += 1
            if self._thread is None and not self.inline:
                self._thread = threading.Thread(
                    target=self._run, name="modelyard-telemetry", daemon=True
                )
                self._thread.start()
        if self.inline:
            self._send_once()

    def flush(self, timeout: float = PATIENCE) -> bool:
        """Wait until all is sent; False when that takes longer than ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        with self._change:
            self._urgent = True
            self._change.notify_all()
            while self._waiting or self._sending:
                left = deadline - time.monotonic()
                if left <= 0 or self._thread is None:
                    return False
                self._change.wait(left)
            return True

    def _run(self) -> None:
        pause = 0.0
        while True:
            with self._change:
                if not self._waiting:
                    # decided while nobody can add, so that the next item starts a new thread
                    self._thread = None
                    self._change.notify_all()
                    return
                if not self._urgent:
                    self._change.wait(max(GATHER, pause))
                elif pause:
                    self._change.wait(min(pause, GATHER))
                self._urgent = False
                batch = self._take()
            sent = self._post(batch)
            with self._change:
                self._sending = 0
                if not sent:
                    self._waiting.extendleft(reversed(batch))
                self._change.notify_all()
            pause = 0.0 if sent else min(max(pause * 2, 0.5), _LONGEST_PAUSE)

    def _take(self) -> List[str]:
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        self._sending = len(batch)
        return batch

    def _send_once(self) -> None:
        with self._change:
            batch = self._take()
            self._sending = 0
        if not self._post(batch):
            self._drop(len(batch), "the server does not answer")

    def _post(self, batch: List[str]) -> bool:
        """False where trying again may help."""
        url = urlsplit(self.address)
        # no proxy of the environment: the server is on this machine
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=PATIENCE)
        try:
            body = ("[%s]" % ",".join(batch)).encode("utf-8")
            connection.request("POST", url.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read(2000)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if answer.status in (408, 429, 439) or answer.status >= 500:
            return False
        if answer.status >= 300 or answer.status == 206:
            self._drop(len(batch), said.decode("utf-8", "replace"))
        return True

    def _drop(self, count: int, why: str) -> None:
        self.dropped += count
        if not self._told:
            self._told = True  # once: a script may measure a thousand times a second
            LOG.warning("Telemetry that was reported could not be taken: %s", why)
