"""Talking to a front's control socket: a line of JSON out, a line of JSON in."""

import socket
from typing import Any

import msgspec

from modelyard.domain.fronts import FrontStatus

TIMEOUT = 3.0
_LONGEST_LINE = 4 * 1024 * 1024


class NoFront(Exception):
    """Nobody listens on the socket."""


class NoAnswer(Exception):
    """Somebody listens and does not answer in time, or not so that we understand it."""


def ask(path: str, operation: str, timeout: float = TIMEOUT, **message: Any) -> FrontStatus:
    """What the front says of itself after the operation. Raises NoFront, NoAnswer."""
    line = _talk(path, msgspec.json.encode({"op": operation, **message}) + b"\n", timeout)
    try:
        return msgspec.json.decode(line, type=FrontStatus)
    except msgspec.DecodeError as error:
        said = line[:200].decode(errors="replace").strip()
        raise NoAnswer(f"The front answered {said!r} to {operation!r} ({error}).") from error


def _talk(path: str, message: bytes, timeout: float) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(path)
        except TimeoutError as error:
            raise NoAnswer(f"The front does not answer within {timeout:g} s.") from error
        except OSError as error:
            raise NoFront(path) from error
        try:
            connection.sendall(message)
            return _line(connection)
        except TimeoutError as error:
            raise NoAnswer(f"The front does not answer within {timeout:g} s.") from error
        except OSError as error:
            raise NoFront(path) from error


def _line(connection: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        piece = connection.recv(65536)
        if not piece or len(received) > _LONGEST_LINE:
            raise NoAnswer("The front closed the connection without an answer.")
        received += piece
    return bytes(received)
