"""What of a message cannot be kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from modelyard.collector.sink import Row
from modelyard.domain.errors import TooLarge

MOST_ROWS = 200_000
"""Rows of one message: empty records take two bytes there, and hundreds here."""


@dataclass(slots=True)
class Taken:
    """Rows by table, and what was refused: how many, and why the first was."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    refused: int = 0
    why: str = ""
    count: int = 0

    def add(self, table: str, row: Row) -> None:
        """Keep a row. Raises TooLarge."""
        self.count += 1
        if self.count > MOST_ROWS:
            raise TooLarge(f"The message has more than {MOST_ROWS} records. Send it in parts.")
        self.rows.setdefault(table, []).append(row)

    def add_all(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Keep rows."""
        for table, row in rows:
            self.add(table, row)

    def refuse(self, why: str) -> None:
        """Count one that cannot be kept."""
        self.refused += 1
        self.why = self.why or why
