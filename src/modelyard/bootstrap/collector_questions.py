"""What the collector is asked: queries in processes of their own, and what the store answers."""

from collections.abc import Sequence

from modelyard.bootstrap.query import command
from modelyard.collector.answers import Answers
from modelyard.collector.query.queries import Queries
from modelyard.collector.saved import SavedQueries
from modelyard.collector.service_logs import ServiceLogs
from modelyard.collector.services import ServiceMetrics
from modelyard.collector.shadows import Shadows
from modelyard.collector.store import Store
from modelyard.collector.top import Tops
from modelyard.collector.trace import Find, Traces
from modelyard.collector.web import Route
from modelyard.settings import Settings


class Questions:
    """Query processes begin with the first query."""

    def __init__(self, settings: Settings, store: Store, collected: Find | None = None) -> None:
        self._collected = collected
        self._settings = settings
        self._store = store
        self._queries = Queries(store, command(settings))

    def routes(self) -> Sequence[Route]:
        """All of them."""
        settings, store = self._settings, self._store
        saved = SavedQueries(settings.telemetry / "queries")
        return [
            *Answers(self._queries, saved, settings.query_timeout).routes(),
            *ServiceMetrics(store).routes(),
            *ServiceLogs(store).routes(),
            *Shadows(store).routes(),
            *Tops(store, settings.sample_seconds).routes(),
            *Traces(store, self._collected).routes(),
        ]

    async def start(self) -> None:
        """Nothing runs before somebody asks."""

    async def stop(self) -> None:
        """End the queries under way and their processes. May be called twice."""
        await self._queries.close()
