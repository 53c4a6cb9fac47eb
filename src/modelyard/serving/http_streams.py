"""Sends a body that comes in pieces, as fast as the client takes it."""

import asyncio
from typing import Protocol

from modelyard.serving.refusals import ClientGone
from modelyard.serving.streams import Stream


class Ended(Protocol):
    """What is called at the end of a stream."""

    def __call__(self, *, whole: bool) -> None:
        """``whole`` is False when it broke off."""


class StreamSender:
    """
    One stream on its way to a client; the head is out already.

    A stream that breaks off is left without the chunk that would end it, so that the client sees
    that something is missing; what had come before is sent first.
    """

    def __init__(self, transport: asyncio.Transport, body: Stream, *, chunked: bool) -> None:
        self._transport = transport
        self._body = body
        self._chunked = chunked
        self._task: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def start(self, ended: Ended) -> None:
        """Begin; ``ended`` is called once."""
        self._task = asyncio.ensure_future(self._run(ended))

    def hold(self) -> None:
        """The client does not read."""
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()

    def go_on(self) -> None:
        """It reads again."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def lose(self) -> None:
        """The client is gone."""
        self._body.drop(ClientGone())
        self.go_on()

    async def _run(self, ended: Ended) -> None:
        whole = False
        try:
            async for piece in self._body:
                self._write(piece)
                if self._room is not None:
                    await self._room
            whole = True
            if self._chunked:
                self._transport.write(b"0\r\n\r\n")
        except ClientGone:
            self._transport.abort()
        except Exception as error:  # noqa: BLE001 - the head is out: all that is left is to stop
            self._body.drop(error)
            if not self._chunked:
                self._transport.abort()  # a proper close would say that it is whole
        finally:
            ended(whole=whole)

    def _write(self, piece: bytes | memoryview) -> None:
        if not self._chunked:
            self._transport.write(piece)
        elif len(piece) <= 65536:
            self._transport.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        else:
            self._transport.writelines((b"%x\r\n" % len(piece), piece, b"\r\n"))
