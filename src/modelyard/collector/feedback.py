"""
Feedback: what became of requests, kept before it is answered, joined to its request.

What is told of a request whose row is still on its way waits for it, and is joined when it comes.
"""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import duckdb

from modelyard.collector.asker import Asker
from modelyard.collector.feedback_book import DAY, Book, Kept
from modelyard.collector.feedback_outgoing import Outgoing
from modelyard.collector.feedback_requests import find
from modelyard.collector.feedback_told import Requests, Told
from modelyard.collector.sink import Row
from modelyard.domain.errors import DiskFull, ModelyardError
from modelyard.telemetry.tables import TABLES
from modelyard.wire.rollouts import FeedbackResult

PATIENCE = 1.0
"""Seconds that an answer waits for requests that are on their way: mostly half a second."""

KEPT = 86_400.0
"""Seconds that what is told of an unknown request is kept."""

LISTED = 100
"""Unknown ids that an answer names."""

_TIDY = 600.0
_RETRY = 5.0
_ID = TABLES["requests"].names.index("id")

T = TypeVar("T")
_log = logging.getLogger("modelyard.collector")


class Feedback:
    """``start`` and ``stop`` it inside the event loop; ``hear`` is for the writing thread."""

    def __init__(
        self, store: Asker, book: Book, outgoing: Outgoing, *, days: float, free: int,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """``free``: bytes on the disk below which nothing is taken."""
        self._store, self._book, self._outgoing = store, book, outgoing
        self._days, self._free, self.clock = days, free, clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feedback")
        self._looking = asyncio.Semaphore(1)  # others ask the store as well
        self._waiting: set[str] = set()
        self._due: set[str] = set()
        self._wake = asyncio.Event()
        self._joined = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self._written = False
        outgoing.on_written = self._trim_soon
        self.dropped = 0
        """Outcomes of unknown requests that were given up, as far as the book goes back."""

    async def start(self) -> None:
        """Go on with what an earlier process left waiting."""
        self._loop = asyncio.get_running_loop()
        if self._book.path.exists():
            try:
                self._waiting |= await self._in_thread(self._book.waiting)
                self.dropped = await self._in_thread(lambda: self._book.dropped)
            except ModelyardError as error:
                _log.error("%s", error.message)
            self._look_for(self._waiting)
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no further. May be called twice; what waits is in the book."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        self._thread.shutdown(wait=False)

    async def take(self, told: Sequence[Told]) -> FeedbackResult:
        """On the disk when this returns. Raises Unavailable, DiskFull."""
        await self._in_thread(self._check_room)
        fresh = await self._in_thread(partial(self._book.unheard, told))
        requests = await self._find({one.id for one in fresh})
        kept = await self._in_thread(
            partial(self._book.keep, told, requests or {}, self.clock())
        )  # fmt: skip
        self._outgoing.wake()
        ids = {id for _, _, id in kept.waits}
        self.dropped += list(kept.what).count("dropped")
        if ids:
            self._waiting |= ids
            self._look_for(ids)
            await self._joining(ids)
        return _result(told, kept, self._waiting)

    @property
    def waiting(self) -> int:
        """Requests that something was told of and that are not known yet."""
        return len(self._waiting)

    def hear(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """These rows are written: is any a request that something waits for?"""
        waiting, loop = self._waiting, self._loop
        if not waiting or loop is None or "requests" not in rows:
            return
        found = waiting.intersection([row[_ID] for row in rows["requests"]])
        if found:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._look_for, found)

    async def tidy(self, *, forget: bool) -> None:
        """Give up what has waited too long; ``forget`` also what is as old as all telemetry."""
        now = self.clock()
        gone = await self._in_thread(partial(self._book.give_up, now - KEPT))
        if gone:
            self.dropped += len(gone)
            _log.warning("%d outcomes of requests that nobody knows were given up", len(gone))
            self._waiting -= set(gone)
        if forget:
            await self._in_thread(partial(self._book.forget, now - self._days * DAY))

    def _trim_soon(self) -> None:
        self._written = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake.set)

    def _look_for(self, ids: Collection[str]) -> None:
        if ids:
            self._due.update(ids)
            self._wake.set()

    async def _joining(self, ids: Collection[str]) -> None:
        """Until all of them are joined, or for as long as an answer waits."""
        deadline = time.monotonic() + PATIENCE
        while not self._waiting.isdisjoint(ids):
            left = deadline - time.monotonic()
            if left <= 0:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._joined.wait(), left)

    async def _run(self) -> None:
        tidied = forgotten = time.monotonic()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _RETRY if self._due else _TIDY)
            self._wake.clear()
            try:
                await self._join()
                if self._written:
                    self._written = False
                    await self._in_thread(self._book.trim)
                now = time.monotonic()
                if now - tidied >= _TIDY and self._book.path.exists():
                    tidied = now
                    await self.tidy(forget=now - forgotten >= DAY)
                    forgotten = now if now - forgotten >= DAY else forgotten
            except ModelyardError as error:
                _log.error("%s", error.message)

    async def _join(self) -> None:
        """What is due and known by now leaves; what cannot be looked for stays due."""
        due, self._due = self._due & self._waiting, set()
        if not due:
            return
        requests = await self._find(due, KEPT + 3600)
        if requests is None:
            self._due |= due
            return
        if requests:
            try:
                self._waiting -= await self._in_thread(partial(self._book.join, requests))
            except ModelyardError:
                self._due |= due
                raise
            self._outgoing.wake()
            joined, self._joined = self._joined, asyncio.Event()
            joined.set()

    async def _find(self, ids: Collection[str], furthest: float = float("inf")) -> Requests | None:
        """None where the store cannot be asked now."""
        try:
            async with self._looking:
                return await find(self._store, ids, self.clock(), furthest)
        except (ModelyardError, duckdb.Error) as error:
            _log.warning("requests cannot be looked for: %s", error)
            return None

    def _check_room(self) -> None:
        folder = self._book.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        left = shutil.disk_usage(folder).free
        if left < self._free:
            raise DiskFull(
                f"Only {left // 1024**2} MB are free on the disk, so no feedback is taken. "
                "Make room, or lower MODELYARD_TELEMETRY_FREE."
            )

    async def _in_thread(self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)


def _result(told: Sequence[Told], kept: Kept, waiting: Collection[str]) -> FeedbackResult:
    counts: dict[str, int] = {"accepted": 0, "repeated": 0, "conflicting": 0, "unknown": 0}
    unknown: dict[str, Any] = {}
    for one, what in zip(told, kept.what, strict=True):
        waits = one.place in kept.waits and one.id in waiting
        if what == "dropped" or (waits and what != "conflicting"):
            counts["unknown"] += 1
            unknown[one.id] = None
        else:
            counts["accepted" if what == "new" else what] += 1
    return FeedbackResult(**counts, unknown_ids=list(unknown)[:LISTED])
