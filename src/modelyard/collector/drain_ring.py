"""One ring that is drained."""

import time
from contextlib import suppress

from modelyard.collector.store_engine import Batch, Ring
from modelyard.telemetry import encoding
from modelyard.telemetry.records import Metric
from modelyard.telemetry.ring import RingReader
from modelyard.telemetry.rows import Row, Rows

DROPPED = "ml.collector.dropped"
"""The metric that tells how many records were dropped for want of room."""


class Drained:
    """
    Reads a ring and remembers what is committed.

    ``behind``: only what was there at the read before. The gateway's lines of those requests have
    come by then, so that they can be joined without keeping anything that is not in the ring.
    """

    def __init__(self, reader: RingReader) -> None:
        self._reader = reader
        self.about = encoding.about(reader.about)
        self._rows = Rows(self.about)
        self._decoder = encoding.Decoder()
        self._kept = Ring(reader.position)
        self._next = self._kept
        self._head = reader.position
        self._orphaned = False
        self.deleted = False
        self.more = False

    @property
    def id(self) -> str:
        """The ring's id."""
        return self._reader.id

    @property
    def name(self) -> str:
        """Its file's name."""
        return self._reader.path.name

    @property
    def dropped(self) -> int:
        """Records that its producer dropped."""
        return self._reader.dropped

    @property
    def unreadable(self) -> int:
        """Records that could not be understood; of damaged places at least one."""
        decoder = self._decoder
        return decoder.unknown + decoder.damaged + bool(self._reader.lost)

    @property
    def of_requests(self) -> bool:
        """Whether a front writes its requests there."""
        return self.about.role == "front" and self.name.endswith(".requests.ring")

    @property
    def crowded(self) -> bool:
        """Whether it is half full: what waits longer may find no room behind it."""
        return self._reader.waiting > self._reader.capacity // 2

    @property
    def due(self) -> bool:
        """Whether there is anything to read, to tell or to remove."""
        return (
            self._reader.waiting > 0
            or self._reader.position != self._kept.position
            or self._reader.dropped > self._kept.dropped
            or self.deleted
            or self._reader.orphaned()
        )

    @property
    def finished(self) -> bool:
        """Whether its producer has ended and all is written."""
        done = self._reader.waiting == 0 and self._reader.position == self._kept.position
        return done and (self.deleted or self._orphaned)

    def begin(self, known: Ring | None) -> None:
        """Read on from what is written of it; without a known position from its tail."""
        if known is not None:
            self._kept = self._next = known
            with suppress(ValueError):  # released further than that: nothing of it is kept
                self._reader.seek(known.position)
            self._reader.release(self._reader.position)

    def read(self, limit: int, *, behind: bool) -> dict[str, list[Row]]:
        """The rows of about ``limit`` bytes of records, by table."""
        reader = self._reader
        # asked before the last look: what was put in before the producer ended is still read
        self._orphaned = reader.waiting == 0 and reader.orphaned()
        head = reader.position + reader.waiting
        upto = self._head if behind and not self.deleted else head
        self._head = head
        size = min(limit, upto - reader.position)
        tables: dict[str, list[Row]] = {}
        if size > 0:
            for record in self._decoder.records(reader.read(size)):
                table, row = self._rows.of(record)
                tables.setdefault(table, []).append(row)
        self.more = upto - reader.position > 0
        return tables

    def note_progress(self, batch: Batch) -> None:
        """Into the batch: how far it is read, and a row for what was dropped."""
        dropped = self._reader.dropped
        if dropped > self._kept.dropped:
            count = dropped - self._kept.dropped
            batch.add("customMetrics", [dropped_row(self._rows, count, self._reader.path.name)])
        self._next = Ring(self._reader.position, dropped)
        if self._next != self._kept:
            batch.rings[self.id] = self._next

    def committed(self) -> None:
        """What was read is written: the producer may overwrite it."""
        self._kept = self._next
        self._reader.release(self._kept.position)

    def failed(self) -> None:
        """Read it again."""
        self._next = self._kept
        self._head = self._reader.position + self._reader.waiting
        with suppress(ValueError):
            self._reader.seek(self._kept.position)

    def remove(self) -> None:
        """Delete the file."""
        self._reader.remove()

    def close(self) -> None:
        """The file stays."""
        self._reader.close()


def dropped_row(rows: Rows, count: int, what: str) -> Row:
    """The row that says so."""
    metric = Metric(time.time(), DROPPED, float(count), dimensions={"of": what})
    return rows.of(metric)[1]
