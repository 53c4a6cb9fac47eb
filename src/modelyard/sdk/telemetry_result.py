"""What a query answered."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from modelyard.domain.errors import MissingExtra
from modelyard.wire import telemetry as wire

_ARROW = {
    "BOOLEAN": "bool_", "TINYINT": "int8", "SMALLINT": "int16", "INTEGER": "int32",
    "BIGINT": "int64", "UTINYINT": "uint8", "USMALLINT": "uint16", "UINTEGER": "uint32",
    "FLOAT": "float32", "DOUBLE": "float64", "VARCHAR": "string",
}  # fmt: skip


class QueryResult:
    """The rows of an answer, and in which forms they can be had."""

    def __init__(self, answer: wire.QueryResult) -> None:
        self._answer = answer
        self._rows: list[dict[str, Any]] | None = None

    @property
    def columns(self) -> list[str]:
        """The columns' names; of several with one name the later ones have a number."""
        seen: dict[str, int] = {}
        names = []
        for column in self._answer.columns:
            count = seen[column.name] = seen.get(column.name, 0) + 1
            names.append(column.name if count == 1 else f"{column.name}_{count - 1}")
        return names

    @property
    def types(self) -> list[str]:
        """The columns' types, as DuckDB names them."""
        return [column.type for column in self._answer.columns]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each row; times are datetimes in UTC."""
        if self._rows is None:
            values = [self._values(row) for row in self._answer.rows]
            names = self.columns
            self._rows = [dict(zip(names, row, strict=True)) for row in values]
        return self._rows

    @property
    def truncated(self) -> bool:
        """Whether there are more rows than were asked for (``limit``), or than fit."""
        return self._answer.truncated

    @property
    def language(self) -> str:
        """sql or kql: how the question was read."""
        return self._answer.language

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds that it took at the server."""
        return self._answer.elapsed_ms

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame``. Raises ``MissingExtra`` without pandas."""
        pandas = _library("pandas")
        return pandas.DataFrame(self.rows, columns=self.columns)

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table``. Raises ``MissingExtra`` without pyarrow."""
        pyarrow = _library("pyarrow")
        arrays = []
        for name, kind in zip(self.columns, self.types, strict=True):
            wanted = _arrow_type(pyarrow, kind)
            arrays.append(pyarrow.array([row[name] for row in self.rows], type=wanted))
        return pyarrow.table(arrays, names=self.columns)

    def __len__(self) -> int:
        return len(self._answer.rows)

    def __repr__(self) -> str:
        more = ", truncated" if self.truncated else ""
        return f"QueryResult({len(self)} rows of {', '.join(self.columns)}{more})"

    def _values(self, row: list[Any]) -> list[Any]:
        return [
            datetime.fromisoformat(value).astimezone(UTC)
            if isinstance(value, str) and kind.startswith("TIMESTAMP")
            else value
            for value, kind in zip(row, self.types, strict=True)
        ]


def _arrow_type(pyarrow: Any, kind: str) -> Any:
    """None: let it be found out."""
    if kind.startswith("TIMESTAMP"):
        return pyarrow.timestamp("us", tz="UTC")
    name = _ARROW.get(kind)
    return getattr(pyarrow, name)() if name else None


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"The result as {name} needs {name}, which is not installed here: pip install {name}. "
            "Without it there are .rows and .columns."
        ) from error
