"""Where in an array or a data frame the value is that cannot be converted."""

from __future__ import annotations

import io
import json
import sys
from typing import Any, Callable, Optional, Tuple

from modelyard_worker import columns

Place = Tuple[str, str]


def of(error: Exception, data: Any, kind: Any) -> Place:
    """The way from the parameter to the value, such as ``[3].age``, and what is wrong there."""
    try:
        found = _in_frame(data, kind) if columns.of(kind) is not None else _in_array(data, kind)
    except Exception:  # looking for the place must not hide the error itself
        found = None
    if found:
        return found
    text = str(error) or type(error).__name__
    return "", "no column %s" % text if isinstance(error, KeyError) else text


def _in_array(data: Any, kind: Any) -> Optional[Place]:
    """The first row that cannot be converted, and in it the first value."""
    dtype = getattr(getattr(kind, "sample_input", None), "dtype", None)
    numpy = sys.modules.get("numpy")
    if dtype is None or numpy is None or not isinstance(data, list):
        return None
    at, reason = _first_bad(data, lambda rows: kind.deserialize_input(list(rows)))
    if at is None:
        return None
    path, item = "[%d]" % at, data[at]
    if dtype.names or not kind.enforce_column_type:
        return path, reason
    while isinstance(item, list):
        at, inner = _first_bad(item, lambda values: numpy.array(values, dtype=dtype))
        if at is None:
            break
        path, item, reason = "%s[%d]" % (path, at), item[at], inner
    return path, reason


def _in_frame(data: Any, kind: Any) -> Optional[Place]:
    """The columns that are wrong, or the first value that is not of its column's type."""
    orient = str(kind.orient)
    if not isinstance(data, list if orient in ("records", "values") else dict):
        word = "a list" if orient in ("records", "values") else "an object"
        return "", "%s is expected: a data frame in the orient '%s'" % (word, orient)
    if orient != "values" and kind.enforce_shape:
        names = columns.names_in(data, orient)
        wrong = columns.difference(columns.of(kind) or [], names)
        if wrong:
            return wrong
    pandas = sys.modules["pandas"]
    text = io.StringIO(json.dumps(data))
    frame = pandas.read_json(text, orient=orient, dtype=False, convert_dates=False)
    for position, column in enumerate(frame.columns):
        dtype = kind.sample_input.dtypes.to_dict().get(column)
        if dtype is None:
            continue
        series = frame[column]
        cast = _casting(pandas, dtype)
        if _why_not(series, cast) is None:
            continue
        at, reason = _first_bad(series, cast)
        if at is not None:
            return _path(orient, at, str(series.index[at]), position, str(column)), reason
    return None


def _casting(pandas: Any, dtype: Any) -> Callable[[Any], Any]:
    if str(dtype).startswith("timedelta"):
        return lambda series: pandas.to_timedelta(series)
    return lambda series: series.astype(dtype)


def _path(orient: str, row: int, label: str, position: int, column: str) -> str:
    """How a client wrote the value at this row and column."""
    return {
        "records": "[%d].%s" % (row, column),
        "values": "[%d][%d]" % (row, position),
        "split": ".data[%d][%d]" % (row, position),
        "table": ".data[%d].%s" % (row, column),
        "index": ".%s.%s" % (label, column),
        "columns": ".%s.%s" % (column, label),
    }[orient]


def _first_bad(items: Any, convert: Callable[[Any], Any]) -> Tuple[Optional[int], str]:
    """
    The first of items that ``convert`` does not take together, and why; by halves, for there may
    be millions. None where each alone can be converted: then they do not go together.
    """
    low, high = 0, len(items)
    if not high:
        return None, ""
    while high - low > 1:
        middle = (low + high) // 2
        if _why_not(_part(items, low, middle), convert) is not None:
            high = middle
        else:
            low = middle
    reason = _why_not(_part(items, low, high), convert)
    return (None, "") if reason is None else (low, reason)


def _part(items: Any, low: int, high: int) -> Any:
    return items[low:high] if isinstance(items, list) else items.iloc[low:high]


def _why_not(items: Any, convert: Callable[[Any], Any]) -> Optional[str]:
    try:
        convert(items)
    except Exception as error:
        text = str(error) or type(error).__name__
        return "no field %s" % text if isinstance(error, KeyError) else text
    return None
