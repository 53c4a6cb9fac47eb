"""The collector's ways in and out by others' standards, and its sampler."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from modelyard.collector import otlp, prometheus, track
from modelyard.collector.drain import Drain
from modelyard.collector.gateway_log import GatewayLog
from modelyard.collector.intake import Entry
from modelyard.collector.listening import Listener
from modelyard.collector.measures import Measure
from modelyard.collector.otlp.export import Exporter
from modelyard.collector.prometheus.meters import Meters
from modelyard.collector.samplers.sampler import Sampler
from modelyard.collector.sink import Sink
from modelyard.collector.store import Store
from modelyard.collector.web import Route
from modelyard.settings import Settings


class Standards:
    """``listener`` is the last of the store's sources; the store is known from ``join`` on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._meters = Meters()
        self._exporter = self._make_exporter()
        hear = [self._meters.hear, *([self._exporter.hear] if self._exporter else [])]
        self.listener = Listener(*hear)
        self._sampler: Sampler | None = None
        self._running: asyncio.Future[None] | None = None
        self._losses: Callable[[], Iterator[tuple[str, int]]] = lambda: iter(())

    def join(
        self, store: Store, drain: Drain, gateway: GatewayLog, given_up: Callable[[], int]
    ) -> None:
        """What the parts need of the collector; ``given_up`` counts outcomes."""
        self._sampler = Sampler(
            store,
            lambda: [ring.about for ring in drain.rings],
            self._settings.home,
            interval=self._settings.sample_seconds,
        )

        def losses() -> Iterator[tuple[str, int]]:
            yield from store.pending.dropped.items()
            yield "rings", sum(ring.dropped for ring in drain.rings)
            yield "gateway", gateway.lost
            yield "feedback", given_up()
            if self._exporter is not None:
                yield "otlp_export", self._exporter.waiting.dropped + self._exporter.refused

        self._losses = losses

    def routes(self, sink: Sink) -> Sequence[Route]:
        """All standards' routes."""
        entry = Entry(_reader(self._settings.ingest_key))
        return [
            *track.routes(sink, entry),
            *otlp.routes(sink, entry),
            *prometheus.routes(self._meters, self.latest, open_to_all=self._settings.loopback),
        ]

    def latest(self) -> list[Measure]:
        """The sampler's last look, and what the collector knows of itself."""
        found = list(self._sampler.latest) if self._sampler else []
        found += [
            _measure("ml.collector.dropped", count, "{record}", {"reason": reason})
            for reason, count in self._losses()
        ]
        return found + [
            _measure("ml.collector.rows", count, "{row}", {"table": table})
            for table, count in list(self.listener.rows.items())
        ]

    async def start(self) -> None:
        """Begin to look and to send."""
        if self._sampler is not None:
            self._running = asyncio.ensure_future(self._sampler.run())
        if self._exporter is not None:
            await self._exporter.start()

    async def stop(self) -> None:
        """End both. May be called twice."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        if self._exporter is not None:
            await self._exporter.stop()

    def _make_exporter(self) -> Exporter | None:
        address = self._settings.otlp_endpoint
        if address is None:
            return None
        return Exporter(address, self._settings.otlp_headers, self._meters, self.latest)


def _measure(counter: str, value: float, unit: str, attributes: dict[str, str]) -> Measure:
    return Measure("Collector", counter, value, unit, "", attributes, sums=True)


def _reader(path: Path) -> Callable[[], bytes]:
    """The key in the file, read when first needed."""

    @cache
    def read() -> bytes:
        return path.read_bytes().strip()

    return read
