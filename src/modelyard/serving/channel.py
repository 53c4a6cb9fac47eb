"""The socket to a worker: frames in, bytes out, without transports or tasks in between."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from modelyard.serving.decoding import Body, Decoder
from modelyard_worker.frames import ProtocolError

_READ = 64 * 1024
_FOREIGN = (ProtocolError, msgspec.MsgspecError, MemoryError, ValueError, TypeError, KeyError)


class Channel:
    """
    Our end of the socketpair, non-blocking.

    ``on_frame`` is called for each frame (its type, id, head and body), ``on_broken`` once with
    what is wrong when foreign bytes come. ``heard`` says that something came; whoever asks sets it
    back. The end of the file means nothing here: death is told by the process, because children of
    a worker may hold the other end.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_frame: Callable[[int, int, bytes, Body], None],
        on_broken: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._on_frame = on_frame
        self._on_broken = on_broken
        self.heard = False
        self._decoder = Decoder()
        self._unsent: deque[memoryview] = deque()
        self._reading = False
        sock.setblocking(False)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, 1024 * 1024)
        self.resume()

    def send(self, pieces: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write now as much as the worker takes, the rest as it reads on."""
        for data in pieces:
            if self._unsent:
                self._unsent.append(memoryview(data))
                continue
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                return  # dead; its pidfd says so in a moment
            if sent < len(data):
                self._unsent.append(memoryview(data)[sent:])
                self._loop.add_writer(self._socket.fileno(), self._write)

    @property
    def sent(self) -> bool:
        """Whether all has been written that was to be sent."""
        return not self._unsent

    def _write(self) -> None:
        try:
            while self._unsent:
                head = self._unsent[0]
                sent = self._socket.send(head)
                if sent < len(head):
                    self._unsent[0] = head[sent:]
                    return
                self._unsent.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()
        self._loop.remove_writer(self._socket.fileno())

    def _read(self) -> None:
        if not self._receive():
            self.pause()

    def _receive(self) -> bool:
        """Read once and hand on; False when nothing more will come."""
        decoder = self._decoder
        data = b""
        try:
            if decoder.wanted is None:
                data = self._socket.recv(_READ)
                size = len(data)
            else:
                size = self._socket.recv_into(decoder.wanted)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not size:
            return False
        self.heard = True
        try:
            for frame in decoder.feed(data) if data else decoder.filled(size):
                self._on_frame(*frame)
        except _FOREIGN as error:
            self.pause()
            self._on_broken(str(error))
        return True

    def drain(self) -> None:
        """Read what a dead worker has left behind."""
        while self._socket.fileno() >= 0:
            try:
                if not self._socket.recv(1, socket.MSG_PEEK):
                    return
            except OSError:
                return
            if not self._receive():
                return

    def pause(self) -> None:
        """Stop reading; the worker blocks when its buffer is full."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket.fileno())

    def resume(self) -> None:
        """Read again."""
        if not self._reading and self._socket.fileno() >= 0:
            self._reading = True
            self._loop.add_reader(self._socket.fileno(), self._read)

    def close(self) -> None:
        """Close our end; a worker at rest takes that as the end of its work."""
        if self._socket.fileno() < 0:
            return
        self.pause()
        if self._unsent:
            self._unsent.clear()
            self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
