"""One shadow of a front: its copies, and who replays them and compares."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from modelyard.domain.shadows import MISSED, ShadowOrder
from modelyard.serving import shadow_copy
from modelyard.serving.shadow_client import AnswerTooLarge, Lost, NotReady, ShadowClient
from modelyard.serving.shadow_copy import Copy
from modelyard.serving.shadow_store import CopyStore
from modelyard.serving.shadow_telling import ANSWER_LIMIT, compared, differ
from modelyard.telemetry.records import Event

PATIENCE = 0.05
"""Seconds that a replay gives way to callers: some evidence comes in at any load."""

RETRY = 0.5
"""Seconds until a shadow that was not ready is asked again."""

TRIES = 3
"""Times that a request is sent whose connection breaks off."""

EXPIRED, NO_ROOM, DAMAGED = "expired", "no_room", "damaged"
STREAM, TOO_LARGE, LOST, STOPPED = "stream", "too_large", "lost", "stopped"
"""Why a copy came to nothing."""

Tell = Callable[[Event], object]


class Lane:
    """
    Replays one copy after the other, the oldest first.

    ``busy`` says that callers are served now; ``tell`` takes events, ``note`` lines for the log.
    """

    def __init__(
        self,
        served: str,
        order: ShadowOrder,
        store: CopyStore,
        busy: Callable[[], bool],
        tell: Tell,
        note: Callable[[str], None],
    ) -> None:
        """``served`` is the version that answers the callers."""
        self._served = served
        self.order = order
        self.share = order.share
        self._store = store
        self._busy = busy
        self._tell = tell
        self._note = note
        self._client = ShadowClient(ANSWER_LIMIT)
        self._missed: Counter[str] = Counter()
        self._more = asyncio.Event()
        self._turn = 0
        self._task = asyncio.ensure_future(self._run())

    def change(self, order: ShadowOrder) -> None:
        """Another share, or other sockets: what waits goes there."""
        self.order = order
        self.share = order.share

    def put(self, copy: bytes, expires: float) -> None:
        """Keep a copy until ``expires`` (monotonic) at most."""
        self.miss(NO_ROOM, self._store.put(copy, expires))
        self._more.set()

    def miss(self, why: str, count: int = 1) -> None:
        """Copies came to nothing."""
        if count:
            self._missed[why] += count

    def look(self) -> None:
        """Let go of what is too old, and say what was missed. To be called every second."""
        self.miss(EXPIRED, self._store.expire(time.monotonic()))
        self.miss(DAMAGED, self._store.damaged)
        self._store.damaged = 0
        missed, self._missed = self._missed, Counter()
        for why, count in missed.items():
            names = {"served": self._served, "shadow": self.order.version, "reason": why}
            self._tell(Event(time.time(), MISSED, names, {"count": count}))

    async def close(self) -> None:
        """End, and forget what waits."""
        self._task.cancel()
        await asyncio.wait([self._task])
        self._client.close()
        self.miss(STOPPED, self._store.close())
        self.look()

    async def _run(self) -> None:
        while True:
            self.miss(EXPIRED, self._store.expire(time.monotonic()))
            taken = self._store.take()
            if taken is None:
                self._more.clear()
                await self._more.wait()
                continue
            try:
                await self._give_way()
                why = await self._replay(shadow_copy.decode(taken[0]), taken[1])
            except asyncio.CancelledError:
                self.miss(STOPPED)
                raise
            except Exception as error:  # noqa: BLE001 - the next one may fare better
                self._note(f"shadow {self.order.version}: {error!r}")
                why = LOST
            if why:
                self.miss(why)

    async def _give_way(self) -> None:
        until = time.monotonic() + PATIENCE
        while self._busy() and time.monotonic() < until:  # noqa: ASYNC110 - nobody says when
            await asyncio.sleep(PATIENCE / 10)

    async def _replay(self, copy: Copy, expires: float) -> str:
        """Why it came to nothing; '' where both answers were compared."""
        tries = 0
        while (left := expires - time.monotonic()) > 0:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(left):
                    shadow = await self._client.ask(self._socket(), copy)
            except NotReady:
                await asyncio.sleep(min(RETRY, left))
            except Lost:
                tries += 1
                if tries == TRIES:
                    return LOST
            except AnswerTooLarge:
                return TOO_LARGE
            except TimeoutError:
                break
            else:
                took = (time.monotonic() - begun) * 1000
                served = copy.answered()
                difference = await differ(copy.path, served, shadow)
                names = (self._served, self.order.version)
                self._tell(compared(names, copy, served, shadow, took, difference))
                return ""
        return EXPIRED

    def _socket(self) -> str:
        """One after the other, where the shadow has several fronts. Raises NotReady."""
        sockets = self.order.sockets
        if not sockets:
            raise NotReady
        self._turn += 1
        return sockets[self._turn % len(sockets)]
