"""All rows of a moment as Parquet files, for whoever must not ask the store itself."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Files that together hold all rows visible when it was taken, each row once.

    A context manager: the files stay where they are until ``release``, whatever retention and
    sealing do meanwhile. Two of them may share files.
    """

    files: Mapping[str, tuple[Path, ...]]
    """
    By table; none where it has no rows. Sealed ones lie under ``TABLE/date=…/hour=…``; what is
    newer lies elsewhere. A file of an earlier release may lack columns (``views.select``).
    """

    selects: Mapping[str, str]
    """By table: the DuckDB SELECT that reads its files, also where there are none."""

    on_release: Callable[[], None]
    """What ``release`` calls; harmless when called again."""

    def release(self) -> None:
        """The files may go."""
        self.on_release()

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class Snapshots(Protocol):
    """What gives them out: the store, or a fake."""

    async def snapshot(self, tables: Collection[str] | None = None) -> Snapshot:
        """
        Of these tables, all by default; costs what came since the last one.

        Raises Unavailable while the store cannot be opened, DiskFull when there is no room.
        """


async def snapshot(store: Snapshots, tables: Collection[str] | None = None) -> Snapshot:
    """A snapshot of the store."""
    return await store.snapshot(tables)
