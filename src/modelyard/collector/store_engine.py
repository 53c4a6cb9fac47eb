"""The engine: one transaction a batch, with the rings' positions in it. For one thread."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import duckdb

from modelyard.collector.sink import Row
from modelyard.collector.store_columns import Columns
from modelyard.collector.store_layout import BATCH, LABEL, LAYOUTS
from modelyard.telemetry.tables import Column

OWN = "own:"
"""What names begin with whose positions are kept beside those of rings, which are no rings."""


@dataclass(frozen=True, slots=True)
class Ring:
    """How far a ring's records are kept, and how many of its dropped ones were told."""

    position: int
    dropped: int = 0


@dataclass(slots=True)
class Batch:
    """
    What becomes visible together: rows by table, and how far rings are read with them.

    ``gone`` are rings that exist no more. ``replaced`` are ids of requests whose row by the
    gateway goes, because the front's own has come.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    rings: dict[str, Ring] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """More rows."""
        self.rows.setdefault(table, []).extend(rows)

    @property
    def size(self) -> int:
        """Rows, of all tables."""
        return sum(map(len, self.rows.values()))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.rows or self.rings or self.gone)


class Engine:
    """Writes batches; ``batch`` is the number of the last one that is committed."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._columns: dict[str, Columns] = {}
        self._cleanups: set[str] = set()
        highest = 0
        for name, layout in LAYOUTS.items():
            label = self._number(f"SELECT max({LABEL}) FROM {layout.labels_table}")
            self._columns[name] = Columns(layout, label + 1)
            highest = max(highest, self._number(f"SELECT max({BATCH}) FROM {layout.rows_table}"))
        self.batch = highest

    @property
    def mended(self) -> int:
        """Rows with values that did not fit their columns."""
        return sum(columns.mended for columns in self._columns.values())

    @property
    def crowded(self) -> list[str]:
        """Tables whose rows differ in what hardly ever should, like names and dimensions."""
        return [name for name, columns in self._columns.items() if columns.crowded]

    def rings(self) -> Mapping[str, Ring]:
        """How far each known ring is kept, by its id."""
        found = self.connection.execute("SELECT id, position, dropped FROM _rings").fetchall()
        return {id: Ring(position, dropped) for id, position, dropped in found}

    def write(self, batch: Batch, now: float, oldest: float) -> None:
        """
        All of it or nothing. Times before ``oldest`` or far behind ``now`` become ``now``.

        Raises duckdb.Error; afterwards the engine may be of no more use.
        """
        number = self.batch + 1
        connection = self.connection
        cleanups, self._cleanups = self._cleanups, set()
        connection.begin()
        try:
            self._delete_replaced(batch.replaced)
            for table, rows in batch.rows.items():
                if rows:
                    self._insert(table, rows, number, now, oldest)
            self._write_rings(batch)
            self._clean_labels(cleanups)
            connection.commit()
        except BaseException:
            self.clean_later(cleanups)
            for columns in self._columns.values():
                columns.forget_labels()
            with suppress(duckdb.Error):
                connection.rollback()
            raise
        self.batch = number
        for columns in self._columns.values():
            columns.written()

    def clean_later(self, tables: Iterable[str]) -> None:
        """Rows of these have gone: with the next batch go the labels that nothing has any more."""
        self._cleanups = self._cleanups.union(tables)

    def close(self) -> None:
        """Write what is only in the log into the file, and let go of it."""
        with suppress(duckdb.Error):
            self.connection.execute("CHECKPOINT")
        with suppress(duckdb.Error):
            self.connection.close()

    def _insert(
        self, table: str, rows: Sequence[Row], number: int, now: float, oldest: float
    ) -> None:
        columns = self._columns[table]
        layout = columns.layout
        arrived, labels = columns.build(rows, number, now, oldest)
        self._append(layout.rows_table, arrived, layout.columns(layout.values), LABEL, BATCH)
        if labels is not None:
            self._append(layout.labels_table, labels, layout.columns(layout.labels), LABEL)

    def _append(
        self, table: str, arrived: Any, columns: Sequence[Column], *numbers: str
    ) -> None:  # fmt: skip
        targets = ", ".join([*(f'"{column.name}"' for column in columns), *numbers])
        values = ", ".join(
            [
                *(
                    f'make_timestamp("{c.name}")' if c.type == "TIMESTAMP" else f'"{c.name}"'
                    for c in columns
                ),
                *numbers,
            ]
        )
        self.connection.register("arrived", arrived)
        try:
            self.connection.execute(
                f"INSERT INTO {table} ({targets}) SELECT {values} FROM arrived"
            )
        finally:
            self.connection.unregister("arrived")

    def _write_rings(self, batch: Batch) -> None:
        changed = [*batch.rings, *batch.gone]
        if changed:
            self.connection.execute("DELETE FROM _rings WHERE list_contains(?, id)", [changed])
        for id, ring in batch.rings.items():
            self.connection.execute(
                "INSERT INTO _rings VALUES (?, ?, ?)", [id, ring.position, ring.dropped]
            )

    def _delete_replaced(self, ids: Sequence[str]) -> None:
        if ids:
            self.connection.execute(
                f"DELETE FROM rows_requests WHERE list_contains(?, id) AND {LABEL} IN "
                f"(SELECT {LABEL} FROM labels_requests WHERE source = 'gateway')",
                [list(ids)],
            )

    def _clean_labels(self, tables: set[str]) -> None:
        """In the writing thread, so that no label goes that a row is just being written with."""
        for table in tables:
            layout = LAYOUTS[table]
            self.connection.execute(
                f"DELETE FROM {layout.labels_table} WHERE {LABEL} NOT IN "
                f"(SELECT {LABEL} FROM {layout.rows_table})"
            )
            self._columns[table].forget_labels()

    def _number(self, statement: str) -> int:
        found = self.connection.execute(statement).fetchone()
        return int(found[0]) if found and found[0] is not None else 0
