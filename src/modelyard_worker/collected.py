"""
Collected rows as bytes for the ring; pure.

A record is the size of its head in four bytes (little-endian), the head in JSON, then the data of
numbers as they lay in memory. The head says ``t`` the time, ``m`` and ``v`` the model's name and
version, ``d`` the designation, ``c`` the correlation id (a list: one a row), ``r`` the request,
``p`` the probability with which it was kept, ``n`` the rows, ``cut`` the rows left out, ``parts``
of several requests run together each id and its rows, and one of

- ``rows``: the rows, with ``names``,
- ``matrix``: the type of one row-major array behind the head, with ``names``,
- ``columns``: ``[name, type, size]`` of each column's data behind the head; type ``j`` is JSON,
- ``tensors``: as in a frame's head; their data are behind the head. ``names`` are those of the
  columns where there is one tensor that has as many.

numpy and pandas are known by what they can do: nothing of them is imported.
"""

from __future__ import annotations

import json
import struct
from hashlib import sha256
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

MOST_ROWS = 10_000
"""Rows of one call; the rest is left out and counted."""

MOST_BYTES = 1024 * 1024
"""Of one record, about; rows beyond are left out and counted."""

LARGEST_ROW = 4 * 1024 * 1024
"""Bytes of one row that still fits into the ring."""

MOST_COLUMNS = 2000
MOST_TEXT = 16 * 1024
"""Characters of one value; of a longer one its digest is kept."""

RAW = frozenset(
    ("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")
)
"""Types of numpy whose memory is written as it is."""

_SIZE = struct.Struct("<I")
_PLAIN = (bool, int, float, type(None))


class Unusable(TypeError):
    """This is no table."""


class Rows(NamedTuple):
    """
    A table ready to be written: how high it is, what the head says of it, the data behind that.

    ``cut`` rows were left out; ``correlations`` are those that the table brought itself.
    """

    height: int
    said: Dict[str, Any]
    data: bytes
    cut: int = 0
    correlations: Optional[List[str]] = None


def record(head: Dict[str, Any], rows: Rows) -> bytes:
    """The bytes for the ring."""
    head["n"] = rows.height
    if rows.cut:
        head["cut"] = rows.cut
    head.update(rows.said)
    said = _encode(head).encode("ascii")
    return _SIZE.pack(len(said)) + said + rows.data


def table(given: Any, names: Optional[Sequence[Any]], extra: Sequence[str] = ()) -> Rows:
    """
    Any table: a data frame, an array, a list of values (one row) or of rows, a dict of columns.

    ``extra`` are columns that ``add_correlations`` put behind; the first of them is the
    correlation id, and none is kept as a column. Raises Unusable for anything else.
    """
    if hasattr(given, "columns") and hasattr(given, "iloc"):
        return _of_frame(given, extra)
    if hasattr(given, "toPandas"):  # Spark's
        return _of_frame(given.toPandas(), extra)
    if hasattr(given, "to_frame") and hasattr(given, "iloc"):  # a pandas series
        return _of_frame(given.to_frame(), extra)
    if hasattr(given, "dtype") and hasattr(given, "tobytes"):
        return _of_array(given, names, extra)
    if isinstance(given, dict):
        return _of_mapping(given)
    if isinstance(given, (list, tuple)):
        return _of_list(given, names, extra)
    raise Unusable(
        "input data must be a list, a numpy array or a data frame, not %s" % type(given).__name__
    )


def _of_frame(frame: Any, extra: Sequence[str]) -> Rows:
    total = len(frame)
    labels = list(frame.columns)
    count = min(total, MOST_ROWS, max(1, MOST_BYTES // (8 * max(1, len(labels)))))
    if count < total:
        frame = frame.iloc[:count]
    kinds = {getattr(kind, "str", "") for kind in frame.dtypes.tolist()}
    if len(kinds) == 1 and kinds <= RAW and len(labels) <= MOST_COLUMNS:
        array = frame.to_numpy()  # most often it lies together already
        said = {"matrix": kinds.pop(), "names": [str(label) for label in labels]}
        return Rows(count, said, array.tobytes(), total - count)
    found = _of_series(frame, extra)
    if len(found.data) > MOST_BYTES and count > 1:
        found = _of_frame(frame.iloc[: count // 2], extra)  # long texts: fewer rows of them
    return found._replace(cut=total - found.height)


def _of_series(frame: Any, extra: Sequence[str]) -> Rows:
    """A frame of different types, column by column."""
    own: Optional[List[str]] = None
    columns: List[List[Any]] = []
    parts: List[bytes] = []
    for label, values in frame.items():
        if label in extra:
            if label == extra[0]:
                own = [str(value) for value in values.tolist()]
        elif len(columns) < MOST_COLUMNS:
            code, data = _column(values.to_numpy())
            columns.append([str(label), code, len(data)])
            parts.append(data)
    return Rows(len(frame), {"columns": columns}, b"".join(parts), 0, own)


def _column(array: Any) -> Tuple[str, bytes]:
    """The type and data of one column."""
    code = getattr(getattr(array, "dtype", None), "str", "")
    if code in RAW:
        return code, array.tobytes()
    texts = _encode([_value(value) for value in array.tolist()])
    return "j", texts.encode("ascii")


def _of_array(array: Any, names: Optional[Sequence[Any]], extra: Sequence[str]) -> Rows:
    if array.ndim == 0:
        array = array.reshape(1, 1)
    elif array.ndim == 1:  # one row, as Azure's collector takes it
        array = array.reshape(1, array.shape[0])
    elif array.ndim > 2:
        array = array.reshape(array.shape[0], -1)
    total, width = array.shape
    if width > MOST_COLUMNS:
        raise Unusable("an array of %d columns is too wide to be collected" % width)
    size = getattr(array.dtype, "itemsize", 8) * max(1, width)
    count = min(total, MOST_ROWS, max(1, MOST_BYTES // size))
    if count < total:
        array = array[:count]
    code = array.dtype.str
    if code in RAW:
        said = {"matrix": code, "names": _names(names, width)}
        return Rows(count, said, array.tobytes(), total - count)
    return _of_rows(array.tolist(), names, extra, total)


def _of_mapping(columns: Dict[Any, Any]) -> Rows:
    values = [value if isinstance(value, (list, tuple)) else [value] for value in columns.values()]
    if len({len(value) for value in values}) > 1:
        values = [[value] for value in columns.values()]
    rows = list(zip(*values))
    return _of_rows(rows, list(columns), (), len(rows))


def _of_list(given: Sequence[Any], names: Optional[Sequence[Any]], extra: Sequence[str]) -> Rows:
    nested = bool(given) and all(_is_row(each) for each in given)
    if nested and isinstance(given[0], dict):
        names = list(given[0])
        given = [[row.get(name) for name in names] for row in given[:MOST_ROWS]]
    rows = [list(row) for row in given[:MOST_ROWS]] if nested else [given]
    return _of_rows(rows, names, extra, len(given) if nested else 1)


def _is_row(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict)) or getattr(value, "ndim", 0) == 1


def _of_rows(
    rows: Sequence[Sequence[Any]],
    names: Optional[Sequence[Any]],
    extra: Sequence[str],
    total: int,
) -> Rows:
    rows = rows[:MOST_ROWS]
    own: Optional[List[str]] = None
    if extra and rows and all(_correlated(row, len(extra)) for row in rows):
        own = [str(row[-len(extra)]) for row in rows]
        rows = [row[: -len(extra)] for row in rows]
    width = max(map(len, rows), default=0)
    if width > MOST_COLUMNS:
        raise Unusable("a row of %d values is too wide to be collected" % width)
    kept: List[List[Any]] = []
    size = 0
    for row in rows:
        values = [_value(value) for value in row]
        size += sum([len(value) if type(value) is str else 12 for value in values])
        if size > MOST_BYTES and kept:
            break
        kept.append(values)
    count = len(kept)
    said = {"names": _names(names, width), "rows": kept}
    return Rows(count, said, b"", total - count, own and own[:count])


def _correlated(row: Sequence[Any], width: int) -> bool:
    """Whether ``add_correlations`` has put its values behind: an id, a time, minutes, …"""
    return (
        len(row) > width
        and isinstance(row[-width], str)
        and isinstance(row[1 - width], str)
        and row[2 - width] in (60, 1440)
    )


def _names(names: Optional[Sequence[Any]], width: int) -> List[str]:
    """Of ``width`` columns; what was not named is called by its place."""
    named = [str(name) for name in (names if names is not None else ())][:width]
    return named + ["column_%d" % at for at in range(len(named), width)]


def _value(value: Any) -> Any:
    """What JSON holds; of a long text only its digest."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        return value if len(value) <= MOST_TEXT else digest(value.encode("utf-8", "replace"))
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        return data.decode("utf-8", "backslashreplace") if len(data) <= 256 else digest(data)
    if hasattr(value, "dtype") and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _value(value.item())
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    return _text(value)


def _text(value: Any) -> Optional[str]:
    """Anything else, as it shows itself."""
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        return None if text == "NaT" else text
    if hasattr(value, "tolist"):
        value = value.tolist()
    text = json.dumps(value, default=str) if isinstance(value, (list, tuple, dict)) else str(value)
    if len(text) > MOST_TEXT:
        return digest(text.encode("utf-8", "replace"))
    return None if text in ("<NA>", "NaT") else text


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_text).encode


def digest(data: bytes) -> str:
    """What stands for a value that is too large to be kept."""
    return "sha256:%s (%d bytes)" % (sha256(data).hexdigest(), len(data))
