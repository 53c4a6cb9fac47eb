"""One POST of OTLP over HTTP."""

import gzip
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT = 10.0
_AGAIN = {408, 429, 502, 503, 504}
"""Statuses after which OTLP tells clients to try again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether it was taken; else whether trying again may help, and after how many seconds."""

    taken: bool
    again: bool = False
    after: float = 0.0
    why: str = ""


class Endpoint:
    """An OTLP receiver, and the connection to it that is kept."""

    def __init__(self, address: str, headers: Mapping[str, str]) -> None:
        """``address`` is without ``/v1/…``."""
        url = urlsplit(address)
        self._secure = url.scheme == "https"
        self._host = url.hostname or ""
        self._port = url.port
        self._path = url.path.rstrip("/")
        self._headers = {
            "content-type": "application/x-protobuf",
            "content-encoding": "gzip",
            "user-agent": "modelyard",
            **headers,
        }
        self._connection: http.client.HTTPConnection | None = None

    def post(self, signal: str, message: bytes) -> Outcome:
        """Send a message to ``/v1/SIGNAL``. Raises nothing."""
        fresh = self._connection is None
        try:
            return self._post(signal, message)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            failed = Outcome(taken=False, again=True, why=str(error) or type(error).__name__)
        if fresh:
            return failed
        # a kept connection may have been closed by the other side: that is no failure
        return self.post(signal, message)

    def _post(self, signal: str, message: bytes) -> Outcome:
        connection = self._connection = self._connection or self._connect()
        path = f"{self._path}/v1/{signal}"
        connection.request("POST", path, gzip.compress(message, 1), self._headers)
        answer = connection.getresponse()
        said = answer.read(64 * 1024)
        if answer.will_close or answer.length:
            self.close()
        if 200 <= answer.status < 300:
            return Outcome(taken=True)
        after = answer.headers.get("retry-after", "")
        return Outcome(
            taken=False,
            again=answer.status in _AGAIN,
            after=min(float(after), 300.0) if after.isdecimal() else 0.0,
            why=f"{answer.status} {said[:200].decode(errors='replace')}".strip(),
        )

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
