"""Callers that send POSTs without pause on connections that they keep."""

import threading
from collections import Counter
from types import TracebackType

from tests.gateway.yard import Yard, exchange
from tests.waiting import wait_until


class Load:
    """Within its block ``clients`` threads send; what went wrong is in ``failures``."""

    def __init__(self, yard: Yard, clients: int, path: str = "/serve/ws/svc/score") -> None:
        self._yard = yard
        self._path = path
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(clients)]
        self._lock = threading.Lock()
        self.failures: list[str] = []
        self.answered: Counter[str] = Counter()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self.more(50)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def more(self, requests: int) -> None:
        """Wait until so many further requests were answered."""
        enough = self.answered.total() + requests
        wait_until(
            lambda: self.failures or self.answered.total() >= enough, what=f"{requests} requests"
        )

    def _send(self) -> None:
        connection = self._yard.connect()
        while not self._stop.is_set():
            try:
                reply = exchange(connection, self._path, body=b"x" * 1000)
            except OSError as error:
                self._count(repr(error), None)
                connection.close()
            else:
                wrong = None if reply.status == 200 else f"{reply.status} {reply.body!r}"
                self._count(wrong, str(reply.json.get("front")))
        connection.close()

    def _count(self, wrong: str | None, front: str | None) -> None:
        with self._lock:
            if wrong is not None:
                self.failures.append(wrong)
            self.answered[front or "none"] += 1
