"""What became of requests: feedback, and what versions are compared by."""

import time
from collections.abc import Mapping, Sequence

from modelyard.collector.feedback import Feedback
from modelyard.collector.feedback_book import Book
from modelyard.collector.feedback_outgoing import Outgoing
from modelyard.collector.feedback_web import FeedbackRoutes
from modelyard.collector.listening import Listener
from modelyard.collector.measure import MeasureRoutes
from modelyard.collector.sink import Row
from modelyard.collector.store import Store
from modelyard.collector.store_writing import Source
from modelyard.collector.web import Route
from modelyard.settings import Settings


class Outcomes:
    """``sources`` are the store's; the store is known from ``join`` on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._book = Book(settings.telemetry / "feedback.sqlite", self._note, _stamp)
        self._outgoing = Outgoing(self._book)
        self._feedback: Feedback | None = None
        self._store: Store | None = None
        self.sources: Sequence[Source] = (self._outgoing, Listener(self._hear))

    def join(self, store: Store) -> None:
        """What the parts need of the collector."""
        self._store = store
        self._feedback = Feedback(
            store, self._book, self._outgoing,
            days=self._settings.telemetry_days, free=self._settings.telemetry_free,
        )  # fmt: skip

    @property
    def feedback(self) -> Feedback:
        """Takes what is told."""
        assert self._feedback is not None  # noqa: S101 - joined where the collector is made
        return self._feedback

    def routes(self) -> Sequence[Route]:
        """All of them."""
        assert self._store is not None  # noqa: S101 - joined where the collector is made
        return [*FeedbackRoutes(self.feedback).routes(), *MeasureRoutes(self._store).routes()]

    async def start(self) -> None:
        """Go on with what waits."""
        await self.feedback.start()

    async def stop(self) -> None:
        """May be called twice."""
        await self.feedback.stop()

    def _hear(self, rows: Mapping[str, Sequence[Row]]) -> None:
        self.feedback.hear(rows)

    def _note(self, text: str) -> None:
        if self._store is not None:
            self._store.note(text)


def _stamp() -> str:
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime())
