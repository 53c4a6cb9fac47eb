"""Copies a share of the requests that a front answers, after the answer is out."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from modelyard.domain.shadows import SHADOW_HEADER, ShadowOrder, ShadowOrders
from modelyard.serving import http_head
from modelyard.serving.exchange import Reply
from modelyard.serving.http_request import Client, Incoming
from modelyard.serving.shadow_copy import Copy, encode
from modelyard.serving.shadow_lane import STREAM, TOO_LARGE, Lane, Tell
from modelyard.serving.shadow_store import CopyStore
from modelyard.serving.shadow_telling import ANSWER_LIMIT
from modelyard.serving.sharing import SharedBody
from modelyard.serving.streams import Stream

BODY_LIMIT = 256 * 1024
"""
Bytes of a request that are copied at most: to encrypt and write so many takes about half a
millisecond, in which nobody else is served.
"""

_LOOK = 1.0
_MARK = SHADOW_HEADER.encode()
_NAMES_A_VERSION = "/versions/"


class Mirror:
    """
    ``look`` is called with each scoring request before it is run; ``folder`` is the front's own.
    """

    def __init__(
        self,
        served: str,
        busy: Callable[[], bool],
        tell: Tell,
        note: Callable[[str], None],
        folder: Path,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """``draw`` gives a number from 0 to 1 by chance."""
        self._served = served
        self._busy = busy
        self._tell = tell
        self._note = note
        self._folder = folder
        self._draw = draw
        self._seconds = 0.0
        self._lanes: dict[str, Lane] = {}
        self._largest = 0
        self._loop = asyncio.get_running_loop()
        self.later = self._loop.call_soon
        self._looking: asyncio.TimerHandle | None = None

    async def obey(self, orders: ShadowOrders) -> None:
        """Copy for these shadows from now on; what waits for one that stays is kept."""
        self._seconds = orders.seconds
        wanted = {order.version: order for order in orders.shadows if order.share > 0}
        ended = [self._lanes.pop(version) for version in self._lanes.keys() - wanted.keys()]
        for version, order in wanted.items():
            if version in self._lanes:
                self._lanes[version].change(order)
            else:
                self._lanes[version] = self._lane(order)
                self._note(f"shadow {version}: gets a copy of {order.share / 10:g} %")
        self._largest = max((order.share for order in wanted.values()), default=0)
        if self._lanes and self._looking is None:
            self._looking = self._loop.call_later(_LOOK, self._look)
        for lane in ended:
            await lane.close()
            self._note(f"shadow {lane.order.version}: ended")

    def look(self, request: Incoming) -> None:
        """Have it copied when it has been answered, if it falls to a shadow."""
        drawn = self._draw() * 1000
        if drawn >= self._largest or _MARK in request.known or _NAMES_A_VERSION in request.path:
            return
        lanes = [lane for lane in self._lanes.values() if drawn < lane.share]
        if len(request.body) > BODY_LIMIT:
            for lane in lanes:
                lane.miss(TOO_LARGE)
            return
        request.client = _Witness(request.client, self, lanes, request.whole)

    def keep(
        self,
        lanes: Sequence[Lane],
        request: Incoming,
        body: bytes | bytearray | SharedBody,
        answer: tuple[int, bytes, bytes],
        answered: float,
    ) -> None:
        """The answer is out."""
        status, lines, content = answer
        plain = encode(
            Copy(
                id=request.tag,
                time=time.time(),
                method=request.method,
                path=request.path,
                query=request.query,
                fields=request.fields,
                body=bytes(body),
                status=status,
                lines=lines,
                answer=content,
                took=(answered - (request.began or answered)) * 1000,
            )
        )
        for lane in lanes:
            lane.put(plain, answered + self._seconds)

    async def close(self) -> None:
        """Forget all copies. May be called twice."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        lanes, self._lanes, self._largest = self._lanes, {}, 0
        for lane in lanes.values():
            await lane.close()

    def _lane(self, order: ShadowOrder) -> Lane:
        store = CopyStore(self._folder)
        return Lane(self._served, order, store, self._busy, self._tell, self._note)

    def _look(self) -> None:
        for lane in self._lanes.values():
            lane.look()
        self._looking = self._loop.call_later(_LOOK, self._look) if self._lanes else None


class _Witness:
    """Stands before a request's client: hands on the answer, and then has it copied."""

    __slots__ = ("_body", "_client", "_lanes", "_mirror")

    def __init__(
        self,
        client: Client,
        mirror: Mirror,
        lanes: Sequence[Lane],
        body: bytes | bytearray | SharedBody,
    ) -> None:
        self._client = client
        self._mirror = mirror
        self._lanes = lanes
        self._body = body

    def respond(self, request: Incoming, reply: Reply) -> None:
        self._client.respond(request, reply)
        if isinstance(reply.body, Stream):
            self._miss(STREAM)
        else:
            self._saw(request, reply.status, http_head.lines(reply.headers), reply.body)

    def send(
        self,
        request: Incoming,
        status: int,
        lines: bytes,
        body: bytes | bytearray | memoryview,
    ) -> None:
        self._client.send(request, status, lines, body)
        self._saw(request, status, lines, body)

    def _saw(
        self,
        request: Incoming,
        status: int,
        lines: bytes,
        body: bytes | bytearray | memoryview,
    ) -> None:
        if status == 503:
            self._lanes = ()  # says nothing of the model
            return
        if len(body) > ANSWER_LIMIT:
            self._miss(TOO_LARGE)
            return
        lanes, self._lanes = self._lanes, ()
        if lanes:
            # the bytes leave at the end of this turn of the loop: encrypt in the next one
            answer, now = (status, lines, bytes(body)), time.monotonic()
            mirror = self._mirror
            mirror.later(mirror.keep, lanes, request, self._body, answer, now)

    def _miss(self, why: str) -> None:
        for lane in self._lanes:
            lane.miss(why)
        self._lanes = ()
