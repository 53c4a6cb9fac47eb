"""From rows to the columns that the engine takes in. No I/O."""

from collections.abc import Callable, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any

from arro3.core import Array, DataType
from arro3.core import Table as ArrowTable

from modelyard.collector.sink import Row
from modelyard.collector.store_layout import BATCH, LABEL, Layout

TEXT_LIMIT = 64 * 1024
"""Characters of a text that are kept; a line of 10 MB says nothing that its beginning does not."""

FUTURE = 86_400.0
"""Seconds that a row may lie ahead of the clock; further ahead it gets the time it came."""

_BITS = {"INTEGER": 31, "BIGINT": 63}
MANY_LABELS = 50_000
"""Labels that are remembered; beyond them the same one may be written twice."""

_PIECE = 256


def _types() -> dict[str, Any]:
    return {
        "TIMESTAMP": DataType.int64(),  # microseconds
        "VARCHAR": DataType.string(),
        "BOOLEAN": DataType.bool(),
        "DOUBLE": DataType.float64(),
        "INTEGER": DataType.int32(),
        "BIGINT": DataType.int64(),
    }


class Columns:
    """Makes the columns of one table and remembers which labels are written already."""

    def __init__(self, layout: Layout, next_label: int) -> None:
        self.layout = layout
        self._next = next_label
        self._known: dict[Row, int] = {}
        self._new: dict[Row, int] = {}
        self._types = _types()
        self._label = itemgetter(*layout.labels)
        self.mended = 0
        self.crowded = False

    def forget_labels(self) -> None:
        """The labels are written no more: number them anew."""
        self._known.clear()
        self._new.clear()
        self.crowded = False

    def build(
        self, rows: Sequence[Row], batch: int, now: float, oldest: float
    ) -> tuple[ArrowTable, ArrowTable | None]:
        """
        The rows, and the labels that are new with them, until ``written`` or ``forget_labels``.

        A time before ``oldest``, or a day after ``now``, is none: the row gets ``now``. Values
        that do not fit their column are mended, and the rows counted.
        """
        try:
            return self._build(rows, batch, now, oldest)
        except (ValueError, TypeError, OverflowError, UnicodeError):
            self._new.clear()
            mended = [self._mend(row) for row in rows]
            self.mended += sum(new != old for new, old in zip(mended, rows, strict=True))
            return self._build(mended, batch, now, oldest)

    def written(self) -> None:
        """What ``build`` gave is in the engine."""
        self._known.update(self._new)
        self._new.clear()
        if len(self._known) > MANY_LABELS:  # memory is bounded, repeated labels are not wrong
            self._known.clear()
            self.crowded = True

    def _build(
        self, rows: Sequence[Row], batch: int, now: float, oldest: float
    ) -> tuple[ArrowTable, ArrowTable | None]:
        columns = _transposed_rows(rows, len(self.layout.table.columns))
        columns[0] = _micros(columns[0], now, oldest)
        for place in self.layout.times:
            columns[place] = [None if t is None else int(t * 1e6) for t in columns[place]]
        for place, other in self.layout.same:
            columns[place] = _unless_same(columns[place], columns[other])
        labels = self._number(list(map(self._label, rows)))
        table = self._table(self.layout.values, columns, labels, [batch] * len(rows))
        if not self._new:
            return table, None
        found = _transposed(self._new, self.layout)
        return table, self._table(self.layout.labels, found, list(self._new.values()))

    def _number(self, labels: list[Row]) -> list[int]:
        known = self._known
        found = list(map(known.get, labels))
        if None in found:
            for label in dict.fromkeys(compress(labels, [n is None for n in found])):
                self._new[label] = self._next
                self._next += 1
            merged = known | self._new if len(self._new) < len(known) else {**known, **self._new}
            return [merged[label] for label in labels]
        return found  # type: ignore[return-value]

    def _table(
        self,
        places: Sequence[int],
        columns: Sequence[Any],
        labels: list[int],
        batches: list[int] | None = None,
    ) -> ArrowTable:
        names = [self.layout.table.columns[place].name for place in places]
        arrays = []
        for place in places:
            kind = self.layout.table.columns[place].type
            array = Array(columns[place], self._types[kind])
            if kind == "VARCHAR" and array.nbytes > TEXT_LIMIT + 256 * len(array):
                array = Array([_short(text) for text in columns[place]], self._types[kind])
            arrays.append(array)
        arrays.append(Array(labels, self._types["INTEGER"]))
        names.append(LABEL)
        if batches is not None:
            arrays.append(Array(batches, self._types["BIGINT"]))
            names.append(BATCH)
        return ArrowTable.from_arrays(arrays, names=names)

    def _mend(self, row: Row) -> Row:
        columns = self.layout.table.columns
        values = [*row[: len(columns)], *[None] * (len(columns) - len(row))]
        return tuple(
            _MENDS[column.type](value) if value is not None else None
            for column, value in zip(columns, values, strict=True)
        )


def _transposed_rows(rows: Sequence[Row], width: int) -> list[list[Any]]:
    """
    The rows' columns; by small pieces, which stay in the processor's cache.

    Raises ValueError for a row of another width.
    """
    columns: list[list[Any]] = [[] for _ in range(width)]
    for first in range(0, len(rows), _PIECE):
        piece = list(zip(*rows[first : first + _PIECE], strict=True))
        for column, values in zip(columns, piece, strict=True):
            column.extend(values)
    return columns


def _transposed(labels: dict[Row, int], layout: Layout) -> list[Any]:
    """The labels' columns at the places that they have in the table."""
    columns: list[Any] = [None] * len(layout.table.columns)
    for place, column in zip(layout.labels, zip(*labels, strict=True), strict=True):
        columns[place] = column
    return columns


def _unless_same(values: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [None if value == other else value for value, other in zip(values, others, strict=True)]


def _micros(times: Sequence[Any], now: float, oldest: float) -> list[int]:
    latest = now + FUTURE
    return [int((t if oldest < t < latest else now) * 1e6) for t in times]


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= TEXT_LIMIT:
        return text
    return f"{text[:TEXT_LIMIT]}… ({len(text)} characters in all)"


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return _short(text.encode("utf-8", "replace").decode()) or ""


def _whole(bits: int) -> Callable[[Any], int | None]:
    def mend(value: Any) -> int | None:
        try:
            number = int(value)
        except (ValueError, TypeError, OverflowError):
            return None
        return number if -(2**bits) <= number < 2**bits else None

    return mend


def _real(value: Any) -> float | None:
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        return None


def _time(value: Any) -> float:
    number = _real(value)
    return -1.0 if number is None else number


_MENDS: dict[str, Callable[[Any], Any]] = {
    "TIMESTAMP": _time,
    "VARCHAR": _text,
    "BOOLEAN": bool,
    "DOUBLE": _real,
    **{kind: _whole(bits) for kind, bits in _BITS.items()},
}
