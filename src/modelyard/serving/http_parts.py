"""What a connection needs to know of the application and of the server it belongs to."""

import asyncio
from typing import Protocol

from modelyard.serving.exchange import Reply
from modelyard.serving.http_request import Incoming


class Closable(Protocol):
    """A connection, as the server sees it."""

    @property
    def waits_for_client(self) -> bool:
        """Whether nothing is owed to the client."""

    @property
    def position(self) -> tuple[int, int]:
        """Something that changes while bytes move."""

    def finish(self) -> None:
        """The answer under way is the last one; close where there is none."""

    def abort(self) -> None:
        """Cut it off."""


class Application(Protocol):
    """Who answers requests; its methods do not raise."""

    @property
    def draining(self) -> bool:
        """Whether every answer is the last of its connection."""

    def open(self, request: Incoming) -> None:
        """The head has come, more of the body will; it may answer already, to refuse."""

    def more(self, request: Incoming) -> None:
        """More of the body has come; it may answer already, to refuse."""

    def handle(self, request: Incoming) -> None:
        """The request is whole; it is answered now or later."""

    def unreadable(self, request: Incoming, error: Exception) -> Reply:
        """The reply to what could not be read on."""


class Connections:
    """Those that are open; ``none`` is set while there are none."""

    def __init__(self) -> None:
        self.open: set[Closable] = set()
        self.none = asyncio.Event()
        self.none.set()

    def add(self, connection: Closable) -> None:
        """A new one."""
        self.open.add(connection)
        self.none.clear()

    def discard(self, connection: Closable) -> None:
        """It has ended."""
        self.open.discard(connection)
        if not self.open:
            self.none.set()
