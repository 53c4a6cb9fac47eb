"""
Values made of rows: what may be joined, joined, and parted again.

A row-like value is a numpy array, a pandas data frame or series, or a list; anything else is a
constant, which must be the same in all values that are joined. numpy and pandas are never imported
here: a value can only be of theirs when the script has imported them.
"""

from __future__ import annotations

import datetime
import json
import sys
from itertools import accumulate, chain
from typing import Any, Dict, FrozenSet, Hashable, Iterable, List, NamedTuple, Sequence, Set, Tuple

_PLAIN = (str, int, float, bool, type(None))
_REPRESENTED = (datetime.date, datetime.time, datetime.timedelta, bytes, bytearray)


class Unmergeable(Exception):
    """These values, or this result, cannot be joined or parted; the message says why."""


class Form(NamedTuple):
    """What must be equal for two values to be joined, and the number of rows (0: a constant)."""

    key: Hashable
    rows: int


def form_of(value: Any) -> Form:
    """The form of an argument of run(). Raises Unmergeable."""
    if isinstance(value, dict):
        return _form_of_dict(value)
    if isinstance(value, list):
        return Form(("list", _kinds(value)), _some(len(value)))
    if _is_array(value) and value.ndim:
        return Form(("array", value.dtype, value.shape[1:]), _some(len(value)))
    if _is_pandas(value, "DataFrame"):
        _check_index(value)
        return Form(("frame", tuple(value.columns), tuple(value.dtypes)), _some(len(value)))
    if _is_pandas(value, "Series"):
        _check_index(value)
        return Form(("series", value.name, value.dtype), _some(len(value)))
    return Form(_constant(value), 0)


def common_rows(forms: Iterable[Form]) -> int:
    """The number of rows that all of these have. Raises Unmergeable where it differs."""
    counts = {form.rows for form in forms if form.rows}
    if len(counts) != 1:
        raise Unmergeable(
            "its lists have different lengths" if counts else "it holds no list, so no rows"
        )
    return counts.pop()


def join(values: Sequence[Any]) -> Any:
    """One value with the rows of all, which are of one form."""
    first = values[0]
    if isinstance(first, dict):
        return {name: join([value[name] for value in values]) for name in first}
    if isinstance(first, list):
        return list(chain.from_iterable(values))
    if _is_array(first):
        return sys.modules["numpy"].concatenate(values)
    if _is_pandas(first, "DataFrame") or _is_pandas(first, "Series"):
        return sys.modules["pandas"].concat(values, ignore_index=True)
    return first


def first_row(value: Any) -> Any:
    """The value with its first row alone; a constant as it is."""
    if isinstance(value, dict):
        whole = _constants_of(value)
        return {name: item if name in whole else first_row(item) for name, item in value.items()}
    if isinstance(value, list) or _is_array(value):
        return value[:1]
    if _is_pandas(value, "DataFrame") or _is_pandas(value, "Series"):
        return value.iloc[:1]
    return value


def part(result: Any, counts: Sequence[int]) -> List[Any]:
    """
    What run() gave for all rows, as it would have given it for each count of them.

    Raises Unmergeable for a result that has another number of rows or none at all.
    """
    if isinstance(result, str):
        return _part_text(result, counts)
    if isinstance(result, dict):
        if not result:
            raise Unmergeable("run() returned an empty dict")
        columns = {name: _part_rows(value, counts, name) for name, value in result.items()}
        return [{name: columns[name][at] for name in result} for at in range(len(counts))]
    return _part_rows(result, counts, None)


def _part_rows(value: Any, counts: Sequence[int], name: Any) -> List[Any]:
    total = sum(counts)
    rows = _rows_of(value)
    what = "run()'s result" if name is None else "'%s' of run()'s result" % (name,)
    if rows is None:
        raise Unmergeable("%s is a %s, not a list or array of rows" % (what, type(value).__name__))
    if rows != total:
        raise Unmergeable("%s has %d rows for %d rows of input" % (what, rows, total))
    ends = list(accumulate(counts))
    bounds = zip([0, *ends], ends)
    if hasattr(value, "iloc"):
        counted = type(value.index).__name__ == "RangeIndex"
        pieces = [value.iloc[start:end] for start, end in bounds]
        return [piece.reset_index(drop=True) for piece in pieces] if counted else pieces
    return [value[start:end] for start, end in bounds]


def _rows_of(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return len(value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape and hasattr(value, "__getitem__"):
        return int(shape[0])
    return None


def _part_text(text: str, counts: Sequence[int]) -> List[Any]:
    """JSON text stays JSON text, with the spaces that it had."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, (list, dict)):
        raise Unmergeable("run()'s result is a text, not a list or array of rows")
    compact = json.JSONEncoder(separators=(",", ":")).encode
    encode = compact if compact(value) == text else json.dumps
    return [encode(piece) for piece in part(value, counts)]


def _form_of_dict(value: Dict[Any, Any]) -> Form:
    if len(value) == 1:  # as {"data": [...]}, what most clients send: the same in fewer steps
        ((name, item),) = value.items()
        if isinstance(item, list):
            form = form_of(item)
            return Form(("dict", ((name, form.key),)), form.rows)
    whole = _constants_of(value)
    forms = {
        name: Form(_constant(item), 0) if name in whole else form_of(item)
        for name, item in value.items()
    }
    if not any(form.rows for form in forms.values()):
        return Form(_constant(value), 0)
    key = tuple((name, form.key) for name, form in forms.items())
    return Form(("dict", key), common_rows(forms.values()))


def _constants_of(value: Dict[Any, Any]) -> Set[Any]:
    """Names of what holds no rows: objects, and 'columns' of a frame in the form 'split'."""
    whole = {name for name, item in value.items() if isinstance(item, dict)}
    return whole | {"columns"} if "columns" in value and "data" in value else whole


def _kinds(rows: List[Any]) -> Hashable:
    """
    Types, widths and names of nested lists: an array made of joined lists must have the type that
    the array of each would have.
    """
    seen: List[Hashable] = []
    level = rows
    while True:
        kinds = frozenset(map(type, level))
        if kinds == {list}:
            seen.append(frozenset(map(len, level)))
            level = list(chain.from_iterable(level))
        elif kinds == {dict}:
            seen.append(_columns(level))
            return tuple(seen)
        else:
            if not kinds <= _SCALARS:
                raise Unmergeable("its rows are of different kinds")
            seen.append(_as_array(kinds))
            return tuple(seen)


_SCALARS: FrozenSet[type] = frozenset(_PLAIN)
_NUMBERS: FrozenSet[type] = frozenset((int, float))


def _as_array(kinds: FrozenSet[type]) -> FrozenSet[type]:
    """numpy makes floats of ints and floats."""
    return kinds - {int} if kinds >= _NUMBERS else kinds


def _columns(rows: List[Dict[Any, Any]]) -> Hashable:
    names = {tuple(row) for row in rows}
    if len(names) != 1:
        raise Unmergeable("its rows have different columns")
    columns = zip(*(row.values() for row in rows))
    return (names.pop(), tuple(_as_array(frozenset(map(type, column))) for column in columns))


def _constant(value: Any) -> Tuple[str, str]:
    if isinstance(value, _REPRESENTED):
        return (type(value).__name__, repr(value))
    try:
        return ("constant", json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        raise Unmergeable("a %s cannot be joined by rows" % type(value).__name__) from None


def _some(rows: int) -> int:
    if not rows:
        raise Unmergeable("it has no rows")
    return rows


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def _is_pandas(value: Any, kind: str) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(value) is getattr(pandas, kind)


def _check_index(value: Any) -> None:
    """Joined rows are counted anew, which only rows that are merely counted can bear."""
    if type(value.index).__name__ != "RangeIndex":
        raise Unmergeable("its rows have names (an index)")
