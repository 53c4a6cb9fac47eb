"""From rings to a batch: what is read again when its transaction fails, and let go when not."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from modelyard.collector.drain_ring import Drained
from modelyard.collector.ring_folder import RingFolder
from modelyard.collector.sink import Row
from modelyard.collector.store_engine import OWN, Batch, Ring
from modelyard.telemetry.records import About

BATCH_BYTES = 4 * 1024 * 1024
"""Bytes of records in one transaction: about 35,000 of them, that stay in the cache."""

HELD = 3.0
"""
Seconds that requests of an outage wait for the gateway's lines of them: it connects again after a
second or two, and sends what it kept.
"""

_LEAST = 64 * 1024

_log = logging.getLogger("modelyard.collector")


class Joined(Protocol):
    """What the gateway knows of the same requests."""

    @property
    def active(self) -> bool:
        """Whether it is worth waiting a moment for its lines."""

    @property
    def caught_up(self) -> bool:
        """Whether what it kept while nobody listened has come."""

    def know(self, front: About) -> None:
        """A front that requests go to."""

    def waiting(self) -> bool:
        """Whether anything of it might become a row."""

    def join(self, rows: list[Row], batch: Batch) -> list[Row]:
        """The rows of fronts with the gateway's time where that is known."""

    def collect(self, batch: Batch) -> None:
        """Add rows of what no front answered."""

    def committed(self) -> None:
        """The batch is written."""

    def failed(self) -> None:
        """The batch is lost; what it had comes again."""


class Drain:
    """All rings of a folder; for the writing thread."""

    def __init__(
        self, folder: Path, gateway: Joined, running: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """``running`` says whether there is a gateway, whose lines may be waited for."""
        self._folder = RingFolder(folder)
        self._gateway = gateway
        self._running = running
        self._clock = clock
        self._held_until: float | None = None
        self._began = False
        self.note: Callable[[str], None] = _log.warning
        self._known: dict[str, Ring] = {}
        self._rings: dict[Path, Drained] = {}
        self._gone: list[str] = []

    @property
    def rings(self) -> list[Drained]:
        """Those that are open."""
        return list(self._rings.values())

    def waiting(self) -> bool:
        """Whether anything has come; looks for new rings."""
        self._look()
        return self._gateway.waiting() or any(ring.due for ring in self._rings.values())

    def opened(self, known: Mapping[str, Ring]) -> None:
        """How far each ring is written, as the engine says; read on from there."""
        self._known = {id: ring for id, ring in known.items() if not id.startswith(OWN)}
        for ring in self._rings.values():
            ring.begin(self._known.get(ring.id))
        # another process collected before this one
        if self._known and not self._began and self._running():
            self._held_until = self._clock() + HELD
        self._began = True

    def collect(self, batch: Batch) -> bool:
        """Add what has come; whether there is more that a next batch should take at once."""
        share = max(_LEAST, BATCH_BYTES // max(1, len(self._rings)))
        active = self._gateway.active
        held = self._holds()
        requests: list[Row] = []
        for ring in self._rings.values():
            if held and ring.of_requests and not ring.crowded:
                continue
            for table, rows in ring.read(share, behind=active).items():
                if table == "requests":
                    requests += rows
                else:
                    batch.add(table, rows)
            ring.note_progress(batch)
        if requests:
            batch.add("requests", self._gateway.join(requests, batch))
        self._gateway.collect(batch)
        batch.gone += [id for id in self._forgotten() if id not in batch.rings]
        return any(ring.more for ring in self._rings.values())

    def committed(self) -> None:
        """Producers may overwrite what is written; rings that nobody fills any more go."""
        self._gateway.committed()
        self._gone.clear()
        for path, ring in list(self._rings.items()):
            ring.committed()
            if ring.finished:
                ring.remove()
                self._gone.append(ring.id)
                del self._rings[path]

    def failed(self) -> None:
        """Everything since the last commit is read again."""
        self._gateway.failed()
        for ring in self._rings.values():
            ring.failed()

    def close(self) -> None:
        """The rings stay for the next collector."""
        for ring in self._rings.values():
            ring.close()
        self._rings.clear()

    def _holds(self) -> bool:
        """Whether requests wait, so that they are written with the gateway's time."""
        if self._held_until is None:
            return False
        if self._gateway.caught_up or self._clock() >= self._held_until:
            self._held_until = None
        return self._held_until is not None

    def _forgotten(self) -> list[str]:
        """Positions that nobody asks for any more."""
        open_ids = {ring.id for ring in self._rings.values()}
        stale = [id for id in self._known if id not in open_ids]
        for id in stale:
            del self._known[id]
        self._gone += stale
        return list(self._gone)

    def _look(self) -> None:
        found = self._folder.look()
        for path in found - self._rings.keys():
            self._open(path)
        for path in self._rings.keys() - found:  # somebody deleted it; what it had is still read
            self._rings[path].deleted = True

    def _open(self, path: Path) -> None:
        reader = self._folder.open(path, self.note)
        if reader is None:
            return
        ring = self._rings[path] = Drained(reader)
        if ring.of_requests:
            self._gateway.know(ring.about)
        ring.begin(self._known.get(ring.id))
