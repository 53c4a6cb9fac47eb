"""Where rows go in."""

from collections.abc import Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]
"""Values in the order of the table's columns; times are seconds since the epoch, UTC."""


class Sink(Protocol):
    """What keeps rows; asked from the collector's event loop."""

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """
        Take rows of a table of ``TABLES``; they are seen by queries within half a second.

        Never blocks. With too many waiting, or no disk to write to, they are dropped and counted.
        """
