"""A body that comes in pieces, handed from a worker to a client that may be slower."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

HIGH = 1024 * 1024
"""Bytes waiting for the client at which the worker is no longer read."""


class Stream:
    """
    Pieces in order, then the end.

    ``pause`` and ``resume`` stop and start reading from the worker, so that a slow client does not
    fill the front's memory. ``touched`` is when a piece last came or went, ``taken`` how many
    bytes have been handed over.
    """

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._pieces: deque[bytes | memoryview] = deque()
        self._size = 0
        self._ended = False
        self._error: Exception | None = None
        self._paused = False
        self._pause = pause
        self._resume = resume
        self._wakeup: asyncio.Future[None] | None = None
        self.touched = time.monotonic()
        self.complete = False
        self.taken = 0

    @property
    def error(self) -> Exception | None:
        """Why it broke off; None for one that did not."""
        return self._error

    @property
    def paused(self) -> bool:
        """Whether the client holds the worker up."""
        return self._paused

    def push(self, piece: bytes | memoryview) -> None:
        """A piece from the worker."""
        self.touched = time.monotonic()
        if self._ended or not piece:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > HIGH and not self._paused:
            self._paused = True
            self._pause()
        self._wake()

    def end(self) -> None:
        """No more pieces."""
        self._ended = True
        self._wake()

    def fail(self, error: Exception) -> None:
        """It broke off: what has come is still handed over, then ``error`` is raised."""
        if not self._ended:
            self._error = error
        self._ended = True
        self._wake()

    def drop(self, error: Exception) -> None:
        """Nobody reads on: what waits is thrown away, and ``error`` raised if somebody does."""
        self._error = self._error or error
        self._ended = True
        self._pieces.clear()
        self._size = 0
        self._unpause()
        self._wake()

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> bytes | memoryview:
        while not self._pieces:
            if self._ended:
                self.complete = True
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._wakeup = asyncio.get_running_loop().create_future()
            await self._wakeup
        piece = self._pieces.popleft()
        self._size -= len(piece)
        self.taken += len(piece)
        self.touched = time.monotonic()
        if self._size <= HIGH // 2:
            self._unpause()
        return piece

    def _unpause(self) -> None:
        if self._paused:
            self._paused = False
            self._resume()

    def _wake(self) -> None:
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)
