"""
How rows lie in the engine: what rarely changes apart from what always does. Pure.

Of the columns of a table most have the same few values in all rows: the service, the version, the
status. Writing them with every row costs four times as much as all else, so that each combination
of them is written once, as a *label*, and rows hold its number.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from modelyard.telemetry.tables import TABLES, Column, Table

BATCH = "_batch"
"""The number of the transaction that a row came in."""

LABEL = "_label"

_ALWAYS = frozenset(
    [
        "cloud_RoleName",
        "cloud_RoleInstance",
        "application_Version",
        "workspace",
        "service",
        "revision",
        "customDimensions",
        "itemCount",
    ]
)
_LABELS: Mapping[str, str] = {
    "requests": "name resultCode success errorCode source client_IP chosen",
    "traces": "severityLevel source stream",
    "exceptions": "type file line method problemId",
    "dependencies": "name target type resultCode success",
    "customMetrics": "name",
    "customEvents": "name",
    "outcomes": "metric chosen",
    "performanceCounters": "category counter instance unit",
    "availabilityResults": "name location success",
}


_SAME = {("requests", "operation_Id"): "id", ("outcomes", "operation_Id"): "id"}
"""Columns that are not written where they are the same as another of the row."""


@dataclass(frozen=True)
class Layout:
    """Where each column of a table lies."""

    table: Table

    @cached_property
    def labels(self) -> tuple[int, ...]:
        """The places of the columns that make a label."""
        names = _ALWAYS | set(_LABELS.get(self.table.name, "").split())
        return tuple(i for i, c in enumerate(self.table.columns) if c.name in names)

    @cached_property
    def values(self) -> tuple[int, ...]:
        """The places of the others."""
        return tuple(i for i in range(len(self.table.columns)) if i not in self.labels)

    @cached_property
    def times(self) -> tuple[int, ...]:
        """The places of further times, behind the first column."""
        columns = self.table.columns
        return tuple(i for i, c in enumerate(columns) if i and c.type == "TIMESTAMP")

    @property
    def rows_table(self) -> str:
        """The engine's table of rows."""
        return f"rows_{self.table.name}"

    @property
    def labels_table(self) -> str:
        """The engine's table of labels."""
        return f"labels_{self.table.name}"

    def columns(self, places: tuple[int, ...]) -> tuple[Column, ...]:
        """The columns at these places."""
        return tuple(self.table.columns[place] for place in places)

    @cached_property
    def same(self) -> tuple[tuple[int, int], ...]:
        """Columns that are NULL where they are the same as another, and that one: places."""
        names = self.table.names
        pairs = [(c, o) for (table, c), o in _SAME.items() if table == self.table.name]
        return tuple((names.index(column), names.index(other)) for column, other in pairs)

    def whole(self, source: str) -> str:
        """What makes rows of ``source``, as they are kept in files, rows of the table."""
        others = {place: self.table.columns[other].name for place, other in self.same}
        return (
            ", ".join(
                f'coalesce("{column.name}", "{others[place]}") AS "{column.name}"'
                if place in others
                else f'"{column.name}"'
                for place, column in enumerate(self.table.columns)
            )
            + f" FROM {source}"
        )

    @cached_property
    def select(self) -> str:
        """All columns of the rows in the engine, as files keep them; WHERE r… may follow."""
        names = ", ".join(
            f'{"l" if place in self.labels else "r"}."{column.name}"'
            for place, column in enumerate(self.table.columns)
        )
        return (
            f"SELECT {names} FROM {self.rows_table} r JOIN {self.labels_table} l USING ({LABEL})"
        )

    @cached_property
    def digest(self) -> str:
        """What changes when the table's columns do."""
        text = ",".join(f"{column.name} {column.type}" for column in self.table.columns)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def create(self) -> Iterator[str]:
        """The statements that make its tables, fine when they are there."""
        rows = _declared(self.columns(self.values))
        labels = _declared(self.columns(self.labels))
        yield (
            f"CREATE TABLE IF NOT EXISTS {self.rows_table} "
            f"({rows}, {LABEL} INTEGER, {BATCH} BIGINT)"
        )
        yield f"CREATE TABLE IF NOT EXISTS {self.labels_table} ({labels}, {LABEL} INTEGER)"


def _declared(columns: tuple[Column, ...]) -> str:
    return ", ".join(f'"{column.name}" {column.type}' for column in columns)


LAYOUTS: Mapping[str, Layout] = {name: Layout(table) for name, table in TABLES.items()}

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS _rings (id VARCHAR, position UBIGINT, dropped UBIGINT)",
    "CREATE TABLE IF NOT EXISTS _sealed (name VARCHAR)",
    *(statement for layout in LAYOUTS.values() for statement in layout.create()),
)
