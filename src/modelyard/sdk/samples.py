"""Samples of what a model takes and gives: from whatever a user has, and back."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from modelyard.domain.errors import BadInput, MissingExtra
from modelyard.domain.samples import (
    MAX_BYTES,
    MAX_ROWS,
    Tensor,
    fitting,
    is_frame,
    rows_of,
)
from modelyard.sdk import sample_values
from modelyard.wire import models as wire

_FORMS = (
    "a pandas DataFrame or Series, a numpy array, a list of rows or of records, a dict of "
    "columns, or the path of a .csv, .json, .jsonl, .npy or .parquet file"
)


class Sample:
    """
    Rows that were registered with a model.

    ``tensors`` are those of the Open Inference Protocol: one a column, or one for an array.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.tensors = [dict(tensor) for tensor in tensors]

    def __len__(self) -> int:
        return rows_of(self.tensors)

    def to_list(self) -> list[Any]:
        """Records of a data frame, rows of an array."""
        if is_frame(self.tensors):
            return sample_values.records(self.tensors)
        if len(self.tensors) == 1:
            return sample_values.nested(self.tensors[0])
        named = {tensor["name"]: sample_values.nested(tensor) for tensor in self.tensors}
        return [{name: rows[at] for name, rows in named.items()} for at in range(len(self))]

    def to_pandas_dataframe(self) -> Any:
        """A DataFrame. Needs pandas."""
        return _module("pandas", "to_pandas_dataframe()").DataFrame(self.to_list())

    def to_numpy(self) -> Any:
        """An array. Needs numpy."""
        rows = [list(row.values()) if isinstance(row, dict) else row for row in self.to_list()]
        return _module("numpy", "to_numpy()").array(rows)

    def __repr__(self) -> str:
        names = ", ".join(str(tensor["name"]) for tensor in self.tensors)
        return f"Sample({len(self)} rows of {names})"


def wired(value: Any, field: str, tell: Callable[[str], None]) -> list[wire.Tensor]:
    """
    A sample as it is sent; [] from None. Raises BadInput for what is none.

    At most 100 rows and 1 MB are kept; ``tell`` is told when that cuts some off.
    """
    if value is None:
        return []
    try:
        tensors = _tensors(value)
    except sample_values.Unusable as error:
        raise BadInput(f"{field} {error}: give {_FORMS}.", details={"field": field}) from error
    if not tensors or not rows_of(tensors):
        raise BadInput(f"{field} has no rows: give {_FORMS}.", details={"field": field})
    kept = fitting(tensors)
    if not kept:
        raise BadInput(f"The first row of {field} alone is over {MAX_BYTES} bytes.")
    if rows_of(kept) < rows_of(tensors):
        why = f"{MAX_ROWS} rows" if rows_of(kept) == MAX_ROWS else f"{MAX_BYTES // 1000} kB"
        tell(f"{field}: the first {rows_of(kept)} rows are kept ({why} at most).")
    return [wire.Tensor(**tensor) for tensor in kept]


def _tensors(value: Any) -> Sequence[Tensor]:
    if isinstance(value, Sample):
        return value.tensors
    if isinstance(value, str | Path):
        return _of_file(Path(value))
    if hasattr(value, "to_pandas_dataframe"):  # a dataset of Azure's kind
        head = value.take(MAX_ROWS + 1) if hasattr(value, "take") else value
        return sample_values.of_frame(head.to_pandas_dataframe())
    family = type(value).__module__.partition(".")[0]
    if family == "pandas" and hasattr(value, "columns"):
        return sample_values.of_frame(value.iloc[: MAX_ROWS + 1])
    if family == "pandas" and hasattr(value, "to_frame"):
        return [sample_values.of_series(value.iloc[: MAX_ROWS + 1])]
    if hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "tolist"):
        return sample_values.of_array(value[: MAX_ROWS + 1] if value.shape else value)
    if isinstance(value, Mapping):
        return sample_values.of_mapping(value, _tensors)
    if isinstance(value, list | tuple):
        return sample_values.of_rows(value)
    raise sample_values.Unusable(f"cannot be of type {type(value).__name__}")


def _of_file(path: Path) -> Sequence[Tensor]:
    if not path.is_file():
        raise BadInput(f"There is no file {str(path)!r} with sample rows.")
    suffix = path.suffix.lower()
    if suffix == ".npy":
        numpy = _module("numpy", "a sample in a .npy file")
        # mapped, so that only the first rows of a large file are read
        return _tensors(numpy.load(path, mmap_mode="r", allow_pickle=False))
    if suffix == ".parquet":
        return _tensors(_module("pandas", "a sample in a .parquet file").read_parquet(path))
    if suffix not in {".csv", ".json", ".jsonl"}:
        raise sample_values.Unusable(f"cannot be a file named *{suffix or path.name}")
    try:
        if suffix == ".csv":
            with path.open(newline="", encoding="utf-8-sig") as file:
                return sample_values.of_table(csv.reader(file))
        text = path.read_text(encoding="utf-8-sig")
        lines = [line for line in text.splitlines() if line.strip()]
        return _tensors(
            [json.loads(line) for line in lines[: MAX_ROWS + 1]]
            if suffix == ".jsonl"
            else json.loads(text)
        )
    except (ValueError, csv.Error) as error:  # UnicodeDecodeError and JSONDecodeError are its
        raise BadInput(f"The sample {str(path)!r} cannot be read: {error}.") from error


def _module(name: str, what: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtra(f"{what} needs {name}, which is not installed here.") from error
