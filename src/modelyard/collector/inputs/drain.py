"""From the workers' rings to the spool: what is read again when it cannot be kept."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from modelyard.collector.inputs.batches import Batch, batches
from modelyard.collector.inputs.policies import Hasher
from modelyard.collector.inputs.records import Damaged, Part, Record, about_of, record_of
from modelyard.collector.inputs.spool import Ring, Spool
from modelyard.collector.ring_folder import RingFolder
from modelyard.telemetry.ring import RingReader

BYTES = 4 * 1024 * 1024
"""Of one ring at a time."""

MOST_PARTS = 100
"""Folders that one ring may have rows for: a designation for each request would be too many."""


class Counts:
    """What was not kept since the start, by why."""

    def __init__(self) -> None:
        self.dropped = 0
        self.cut = 0
        self.unreadable = 0
        self.crowded = 0


class Source:
    """One ring."""

    def __init__(self, reader: RingReader) -> None:
        """Raises Damaged for a ring of somebody else."""
        self.reader = reader
        self.about = about_of(reader.about)
        self.parts: set[Part] = set()
        self.kept = Ring(reader.position)
        self.orphaned = False

    def begin(self, known: Ring | None) -> None:
        """Read on from what is kept of it."""
        if known is None:
            return
        self.kept = known
        with suppress(ValueError):  # released further than that: nothing of it is kept
            self.reader.seek(known.position)
        self.reader.release(self.reader.position)

    @property
    def done(self) -> bool:
        """Whether its worker has ended and all is kept."""
        return self.orphaned and not self.reader.waiting


class Drain:
    """All rings of the folder; for the collecting thread."""

    def __init__(self, folder: Path, spool: Spool, hasher: Hasher) -> None:
        self._folder = RingFolder(folder)
        self._spool = spool
        self._hasher = hasher
        self._sources: dict[Path, Source] = {}
        self.counts = Counts()
        self.note: Callable[[str], None] = lambda _: None

    def run(self, now: float | None = None) -> bool:
        """
        Keep what has come; whether there is more. Raises OSError where it cannot be kept: it is
        read again then.
        """
        now = time.time() if now is None else now
        self._look()
        counted = Counts()
        try:
            moved = self._keep(now, counted)
        except OSError:
            self._again()
            raise
        self._settled(counted, moved)
        return any(source.reader.waiting for source in self._sources.values())

    def _keep(self, now: float, counted: Counts) -> dict[str, Ring]:
        """How far each ring is kept now."""
        found: list[Batch] = []
        for source in self._sources.values():
            found += self._read(source, now, counted)
        moved = {
            source.reader.id: Ring(source.reader.position, source.reader.dropped)
            for source in self._sources.values()
        }
        known = self._spool.rings
        gone = known.keys() - moved.keys()
        if gone or any(known.get(id) != ring for id, ring in moved.items()):
            self._spool.append(found, moved, gone)
        return moved

    def close(self) -> None:
        """The rings stay for the next collector."""
        for source in self._sources.values():
            source.reader.close()
        self._sources.clear()

    def _read(self, source: Source, now: float, counted: Counts) -> list[Batch]:
        source.orphaned = not source.reader.waiting and source.reader.orphaned()
        records: list[Record] = []
        for data in source.reader.read(BYTES) if source.reader.waiting else ():
            try:
                record = record_of(data, source.about, now)
            except Damaged:
                counted.unreadable += 1
                continue
            if record.part not in source.parts and len(source.parts) >= MOST_PARTS:
                counted.crowded += record.count
                continue
            source.parts.add(record.part)
            counted.cut += record.cut
            records.append(record)
        made, damaged = batches(records, source.about.columns, self._hasher)
        counted.unreadable += damaged
        return made

    def _again(self) -> None:
        for source in self._sources.values():
            with suppress(ValueError):
                source.reader.seek(source.kept.position)

    def _settled(self, counted: Counts, moved: dict[str, Ring]) -> None:
        """Workers may overwrite what is kept; rings that nobody fills any more go."""
        counts = self.counts
        counts.cut += counted.cut
        counts.unreadable += counted.unreadable
        counts.crowded += counted.crowded
        for path, source in list(self._sources.items()):
            ring = moved[source.reader.id]
            counts.dropped += max(0, ring.dropped - source.kept.dropped)
            source.kept = ring
            source.reader.release(ring.position)
            if source.done:
                source.reader.remove()
                del self._sources[path]

    def _look(self) -> None:
        for path in self._folder.look() - self._sources.keys():
            self._open(path)

    def _open(self, path: Path) -> None:
        reader = self._folder.open(path, self.note)
        if reader is None:
            return
        try:
            source = Source(reader)
        except Damaged as error:
            self.note(f"{path}: {error} It was deleted.")
            reader.remove()
            return
        source.begin(self._spool.rings.get(reader.id))
        self._sources[path] = source
