"""
What a front is told of its shadows, kept over its restarts by whoever tells it.

Light on purpose: what copies and compares is loaded when there is a shadow, so that all other
fronts pay neither time nor memory for it.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from modelyard.domain.shadows import ShadowOrders
from modelyard.serving.control import Refused
from modelyard.serving.http_request import Incoming
from modelyard.telemetry.records import Event

if TYPE_CHECKING:
    from modelyard.serving.shadow_mirror import Mirror


class Looks(Protocol):
    """Who looks at scoring requests before they are run."""

    def look(self, request: Incoming) -> None:
        """Does not raise; the request's client may be another afterwards."""


class Mirrored(Protocol):
    """An application that can have its requests looked at."""

    mirror: Looks | None


class Shadows:
    """
    The control socket's operation ``shadows``, and the orders of the last time at the start.

    ``served`` is the version of this front, ``busy`` whether callers are served now, ``tell``
    takes events (None: nobody does, so nothing is copied).
    """

    def __init__(
        self,
        app: Mirrored,
        served: str,
        busy: Callable[[], bool],
        tell: Callable[[Event], object] | None,
        note: Callable[[str], None],
        folder: Path,
    ) -> None:
        self._app = app
        self._served = served
        self._busy = busy
        self._tell = tell
        self._note = note
        self._folder = folder
        self._mirror: Mirror | None = None
        self._turn = asyncio.Lock()

    async def start(self, file: Path | None) -> None:
        """Go on with what was ordered before this process began; never raises."""
        if file is None:
            return
        async with self._turn:  # what is said meanwhile is newer than the file
            await self._obey_file(file)

    async def _obey_file(self, file: Path) -> None:
        try:
            written = await asyncio.to_thread(file.read_bytes)
            orders = msgspec.json.decode(written, type=ShadowOrders)
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            self._note(f"the shadows that were ordered cannot be read: {error}")
            return
        await self._obey(orders)

    async def ordered(self, message: Mapping[str, Any]) -> None:
        """The operation. Raises Refused for orders that cannot be read."""
        try:
            orders = msgspec.convert(message, ShadowOrders)
        except msgspec.ValidationError as error:
            raise Refused(f"These are no orders for shadows: {error}.") from error
        await self.obey(orders)

    async def obey(self, orders: ShadowOrders) -> None:
        """Copy for these shadows from now on, and for no other."""
        async with self._turn:
            await self._obey(orders)

    async def _obey(self, orders: ShadowOrders) -> None:
        some = any(order.share > 0 for order in orders.shadows)
        if self._mirror is None and some and self._tell is not None:
            # in a thread: to load it takes a moment, in which callers are served
            make = await asyncio.to_thread(_load)
            self._mirror = make(self._served, self._busy, self._tell, self._note, self._folder)
        if self._mirror is not None:
            await self._mirror.obey(orders)
            self._app.mirror = self._mirror if some else None
        elif some:
            self._note("no shadow gets copies: telemetry is not handed over")

    async def close(self) -> None:
        """Forget what was copied. May be called twice."""
        self._app.mirror = None
        if self._mirror is not None:
            await self._mirror.close()


def _load() -> "type[Mirror]":
    from modelyard.serving.shadow_mirror import Mirror  # noqa: PLC0415 - see the module

    return Mirror
