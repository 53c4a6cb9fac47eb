"""What models return, as named arrays that tensors can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, List

from modelyard_worker.encoding import encode_json
from modelyard_worker.errors import BadOutput
from modelyard_worker.tensors import Named, np


def outputs(name: str, result: Any) -> Named:
    """
    Any result as named arrays.

    A frame is an output for each column, a mapping for each entry, a list of arrays (as of
    estimators with several targets) ``name_0``, ``name_1``, …; anything else is one output.
    """
    if hasattr(result, "columns") and hasattr(result, "dtypes"):  # a data frame
        return [(str(column), plain(result[column])) for column in result.columns]
    if isinstance(result, Mapping):
        return [(str(key), plain(value)) for key, value in result.items()]
    if isinstance(result, (list, tuple)) and any(getattr(each, "ndim", 0) for each in result):
        return [("%s_%d" % (name, at), plain(each)) for at, each in enumerate(result)]
    return [(name, plain(result))]


def plain(value: Any) -> Any:
    """An array of numbers, or of objects that are all str or bytes. Raises BadOutput."""
    array = _array(value)
    kind = array.dtype.kind
    if kind in "?biu" or (kind == "f" and array.dtype.itemsize <= 8):
        return array
    if kind == "f":
        return array.astype(np.float64)
    if array.dtype.name == "bfloat16":
        return array.astype(np.float32)
    if kind == "M":
        return _texts(np.datetime_as_string(array))
    if kind == "m":
        return array / np.timedelta64(1, "s")
    if kind in "US":
        return array.astype(object)
    if kind == "O":
        return _of_objects(array)
    raise BadOutput("The model returned values of type %s, which no tensor holds." % array.dtype)


def _array(value: Any) -> Any:
    """Series, sparse matrices, other frameworks' tensors, lists and scalars as an array."""
    for step in ("detach", "cpu", "toarray", "to_numpy", "numpy"):
        if not isinstance(value, np.ndarray) and callable(getattr(value, step, None)):
            value = getattr(value, step)()
    if isinstance(value, np.ndarray):
        return value
    try:
        return np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.empty(len(value), dtype=object)
        array[:] = value
        return array


def _of_objects(array: Any) -> Any:
    """Of one kind where all are; else each as JSON. Missing ones are NaN, or an empty text."""
    values = array.reshape(-1).tolist()
    kinds = {type(value) for value in values if not _is_missing(value)}
    complete = not any(_is_missing(value) for value in values)
    if kinds <= {str, bytes}:
        return array if complete and kinds else _shaped(array, _filled(values, ""))
    if kinds <= {bool, np.bool_} and complete:
        return array.astype(np.bool_)
    if all(_is_number(kind) for kind in kinds):
        whole = complete and not any(issubclass(kind, (float, np.floating)) for kind in kinds)
        try:
            return array.astype(np.int64) if whole else _floats(array, values)
        except OverflowError:
            return _floats(array, values)
    return _shaped(array, [str(encode_json(value), "utf-8") for value in values])


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _is_number(kind: type) -> bool:
    numbers = (int, float, np.integer, np.floating)
    return (issubclass(kind, numbers) and kind is not bool) or kind.__name__ == "Decimal"


def _floats(array: Any, values: List[Any]) -> Any:
    return np.array(_filled(values, np.nan), dtype=np.float64).reshape(array.shape)


def _filled(values: List[Any], instead: Any) -> List[Any]:
    return [instead if _is_missing(value) else value for value in values]


def _shaped(array: Any, values: List[Any]) -> Any:
    shaped = np.empty(len(values), dtype=object)
    shaped[:] = values
    return shaped.reshape(array.shape)


def _texts(array: Any) -> Any:
    texts = array.astype(object)
    texts[texts == "NaT"] = ""
    return texts
