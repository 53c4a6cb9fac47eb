"""The worker's end of the socketpair."""

from __future__ import annotations

import socket
from typing import List

from modelyard_worker.frames import Bytes, Decoder, Frame

_READ = 1 << 18


class Closed(Exception):
    """The front has closed its end or is gone."""


class Channel:
    """Frames in, bytes out; blocking."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._decoder = Decoder()
        self._space = bytearray(_READ)
        self._view = memoryview(self._space)

    def leave(self) -> None:
        """In a forked child: the requests that come here are not for it."""
        self._sock.close()

    def receive(self) -> List[Frame]:
        """The frames of one read; none while a large one is on its way. Raises Closed."""
        try:
            size = self._sock.recv_into(self._view)
        except OSError as error:
            size = self._nothing(error)
        if not size:
            raise Closed
        return self._decoder.feed(self._view[:size])

    def poll(self) -> List[Frame]:
        """What has come meanwhile, without waiting. Raises Closed."""
        try:
            size = self._sock.recv_into(self._view, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError as error:
            size = self._nothing(error)
        if not size:
            raise Closed
        return self._decoder.feed(self._view[:size])

    def send(self, data: Bytes) -> None:
        """All of the bytes. Raises Closed."""
        try:
            self._sock.sendall(data)
        except OSError as error:
            self._nothing(error)
            raise Closed from None

    def _nothing(self, error: OSError) -> int:
        """The front is gone, or we have left; any other error is raised again."""
        if isinstance(error, ConnectionError) or self._sock.fileno() < 0:
            return 0
        raise error
