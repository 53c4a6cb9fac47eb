"""
The front's reading of HTTP, without a socket: `make fuzz` runs it.

Anything but a refusal is a finding, and so is a request that depends on where the bytes were cut.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["modelyard", "httptools"]):
    from modelyard.serving.http_reading import Reading
    from modelyard.serving.refusals import Refusal


POST = b"POST /score HTTP/1.1\r\nhost: x\r\n"
SEEDS = (
    b"GET / HTTP/1.1\r\n\r\n",
    POST + b"content-length: 5\r\n\r\nhello" + b"GET /a?b=%20 HTTP/1.0\r\n\r\n",
    POST + b"transfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n",
    POST + b"expect: 100-continue\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    POST + b"connection: close\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n",
    b"GET http://user@host:1/a%00b HTTP/1.1\r\nx:\r\n y\r\n\r\n",
)
"""Without them the fuzzer would have to find out what HTTP is: the parser is no Python."""


class Nobody:
    """A client that takes every answer."""

    def respond(self, request: object, reply: object) -> None:
        pass

    def send(self, *_: object) -> None:
        pass


class Seen(Reading):
    """Keeps what was read."""

    def __init__(self) -> None:
        super().__init__(Nobody())  # type: ignore[arg-type]
        self.found: list[tuple[str, str, bytes]] = []

    def _whole(self, request: object) -> None:
        self.found.append((request.method, request.path, bytes(request.body)))  # type: ignore[attr-defined]

    def read(self, *pieces: bytes) -> bool:
        """False when it was refused."""
        try:
            for piece in pieces:
                self._feed(piece)
        except Refusal:
            return False
        return True


def one_input(data: bytes) -> None:
    cut, stream = (data[0], data[1:]) if data else (0, b"")
    whole, parts = Seen(), Seen()
    taken = whole.read(stream)
    if taken and parts.read(stream[:cut], stream[cut:]):
        assert whole.found == parts.found, (whole.found, parts.found)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS):
            (Path(corpus) / str(number)).write_bytes(b"\x10" + seed)
        atheris.Setup([*sys.argv, corpus], one_input)
        atheris.Fuzz()
