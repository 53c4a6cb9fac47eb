"""Keep-alive clients that POST without pause, and what they got."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from tests.waiting import wait_until


@dataclass
class Load:
    """What the clients have seen so far."""

    answers: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def total(self) -> int:
        return sum(self.statuses.values()) + len(self.errors)

    @property
    def failures(self) -> list[Any]:
        bad = [f"{n} x HTTP {status}" for status, n in self.statuses.items() if status != 200]
        return [*bad, *self.errors]

    def more(self, count: int, timeout: float = 60.0) -> None:
        """Wait until so many more requests have been answered well."""
        goal = self.statuses[200] + count
        wait_until(lambda: self.statuses[200] >= goal, timeout, f"{count} more answers")

    def note(self, status: int, body: bytes) -> None:
        with self.lock:
            self.statuses[status] += 1
            if status == 200:
                self.answers[str(json.loads(body).get("answer"))] += 1

    def failed(self, error: Exception) -> None:
        with self.lock:
            self.errors.append(f"{type(error).__name__}: {error}")


@contextmanager
def load(uri: str, key: str | None, *, clients: int = 8) -> Iterator[Load]:
    """Clients that call ``uri`` over kept connections until the block ends."""
    seen = Load()
    threads = [threading.Thread(target=_client, args=(uri, key, seen)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: seen.total >= clients, what="the first answers")
        yield seen
    finally:
        seen.stopping.set()
        for thread in threads:
            thread.join(60)


def _client(uri: str, key: str | None, seen: Load) -> None:
    address = urlsplit(uri)
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    connection = HTTPConnection(str(address.hostname), address.port, timeout=60)
    number = 0
    while not seen.stopping.is_set():
        number += 1
        try:
            connection.request("POST", address.path, json.dumps({"n": number}), headers)
            answer = connection.getresponse()
            seen.note(answer.status, answer.read())
        except (OSError, HTTPException, ValueError) as error:
            seen.failed(error)
            connection.close()
    connection.close()
