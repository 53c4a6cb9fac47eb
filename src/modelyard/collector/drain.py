"""From rings to a batch: what is read again when its transaction fails, and let go when not."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from modelyard.collector.drain_ring import Drained
from modelyard.collector.ring_folder import RingFolder
from modelyard.collector.sink import Row
from modelyard.collector.store_engine import OWN, Batch, Ring

BATCH_BYTES = 4 * 1024 * 1024
"""Bytes of records in one transaction: about 35,000 of them, that stay in the cache."""

_LEAST = 64 * 1024


_log = logging.getLogger("modelyard.collector")


class Joined(Protocol):
    """What the gateway knows of the same requests."""

    @property
    def active(self) -> bool:
        """Whether it is worth waiting a moment for its lines."""

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

    def __init__(self, folder: Path, gateway: Joined) -> None:
        self._folder = RingFolder(folder)
        self._gateway = gateway
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

    def collect(self, batch: Batch) -> bool:
        """Add what has come; whether there is more that a next batch should take at once."""
        share = max(_LEAST, BATCH_BYTES // max(1, len(self._rings)))
        active = self._gateway.active
        requests: list[Row] = []
        for ring in self._rings.values():
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
        ring.begin(self._known.get(ring.id))
