"""Who answers our own questions: the store, or a fake."""

from collections.abc import Sequence
from typing import Any, Protocol


class Asker(Protocol):
    """Answers SQL over the tables by their names; times come as naive UTC."""

    async def query(
        self, sql: str, parameters: Sequence[Any] = (), *, since: float | None = None
    ) -> list[tuple[Any, ...]]:
        """``since``: what ended before it need not be looked at. Raises Unavailable, DiskFull."""
