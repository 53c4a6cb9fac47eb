"""A sink that keeps rows where a test can see them."""

from collections.abc import Sequence
from typing import Any

from modelyard.collector.sink import Row
from modelyard.telemetry.tables import TABLES


class FakeSink:
    """Takes rows as the store does, and refuses those that have not the table's columns."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}

    def add(self, table: str, rows: Sequence[Row]) -> None:
        for row in rows:
            assert len(row) == len(TABLES[table].columns), (table, row)
        self.rows.setdefault(table, []).extend(rows)

    def named(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table as what they are by name, without what is None."""
        names = TABLES[table].names
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in self.rows.get(table, ())
        ]
