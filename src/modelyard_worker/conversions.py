"""
From JSON to what a script's parameter types ask for, with the way to whatever is wrong.

Types are those of inference-schema: nested ones are walked here, so that an error carries its path
(``inputs.rows[3].age``); the leaves are converted by inference-schema itself.
"""

from __future__ import annotations

import datetime
from typing import Any, Callable, Optional

from modelyard_worker import columns, places
from modelyard_worker.errors import BadInput

Leaf = Callable[[Any, Any], Any]

_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    tuple: "a list",
    dict: "an object",
    bytes: "a text in base64",
    bytearray: "a text in base64",
    type(None): "null",
    datetime.date: "a date like 2019-01-31",
    datetime.datetime: "a time like 2019-01-31T12:00:00Z",
    datetime.time: "a time like 12:00:00",
}


def converted(data: Any, kind: Any, path: str, leaf: Leaf) -> Any:
    """The value for run(); ``leaf`` converts what is not nested. Raises BadInput with its path."""
    sample = getattr(kind, "sample_data_type", None)
    if sample is dict:
        if not isinstance(data, dict):
            raise BadInput(_expected(sample, data), path)
        for key, inner in getattr(kind, "sample_data_type_map", {}).items():
            if key in data:
                data[key] = converted(data[key], inner, "%s.%s" % (path, key), leaf)
        return data
    if sample in (list, tuple):
        if not isinstance(data, (list, tuple)):
            raise BadInput(_expected(sample, data), path)
        inside = getattr(kind, "sample_data_type_list", ())
        if not inside:
            return data
        return [
            converted(item, inside[0], "%s[%d]" % (path, at), leaf) for at, item in enumerate(data)
        ]
    return _converted_leaf(data, kind, path, leaf)


def _converted_leaf(data: Any, kind: Any, path: str, leaf: Leaf) -> Any:
    try:
        # a list of its own: numpy's converter writes into the one it is given
        given = list(data) if isinstance(data, list) else data
        value = leaf(columns.prepared(_day(given, kind), kind), kind)
        return columns.in_order(value, kind, data)
    except BadInput as error:
        raise BadInput(error.message, path + (error.field or "")) from error
    except Exception as error:
        below, reason = places.of(error, data, kind)
        raise BadInput(_type_error(kind, data) or reason, path + below) from error


def _day(data: Any, kind: Any) -> Any:
    """A date, which inference-schema 1.8 cannot read before Python 3.14."""
    if getattr(kind, "sample_data_type", None) is datetime.date and isinstance(data, str):
        return datetime.datetime.strptime(data, "%Y-%m-%d").date()  # noqa: DTZ007 - a date
    return data


def _type_error(kind: Any, data: Any) -> Optional[str]:
    """``a number is expected, not a text`` where a standard type got another."""
    sample = getattr(kind, "sample_data_type", None)
    if sample not in _WORDS:
        return None
    return _expected(sample, data) + ("" if type(data) is not str else ": %s" % data[:50])


def _expected(sample: Any, data: Any) -> str:
    given = _WORDS.get(type(data), type(data).__name__)
    return "%s is expected, not %s" % (_WORDS[sample], given)
