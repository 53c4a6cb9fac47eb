"""What of a message cannot be kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from modelyard.collector.sink import Row


@dataclass(slots=True)
class Taken:
    """Rows by table, and what was refused: how many, and why the first was."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    refused: int = 0
    why: str = ""

    def add(self, table: str, row: Row) -> None:
        """Keep a row."""
        self.rows.setdefault(table, []).append(row)

    def add_all(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Keep rows."""
        for table, row in rows:
            self.add(table, row)

    def refuse(self, why: str) -> None:
        """Count one that cannot be kept."""
        self.refused += 1
        self.why = self.why or why
