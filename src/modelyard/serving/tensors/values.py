"""
Values of JSON to the data of a tensor, checked one by one only where something is wrong.

null is NaN among numbers with a point and a missing text among texts; whole numbers and truth
values cannot be missing. NaN and infinity, which JSON itself lacks, are taken where a client
writes them, as Azure's server does.
"""

import struct
from collections.abc import Callable, Sequence
from math import isfinite, nan
from typing import Any

from modelyard.serving.tensors.fields import kind, wrong
from modelyard.serving.tensors.tensor import RANGES, Tensor, pack

Where = Callable[[int], str]
"""The path of the element with that number."""

_ANY_NUMBER = {int, float, bool}
_TEXTS_WANTED = "the model takes texts here"


def packed(datatype: str, values: Sequence[Any], where: Where, *, missing: bool) -> bytes:
    """
    The data of these values. Raises the refusal of the first that does not fit.

    ``missing`` says whether a text may be null.
    """
    kinds = set(map(type, values))
    if datatype == "BYTES":
        if not kinds <= ({str, type(None)} if missing else {str}):
            raise _first_bad(values, where, lambda value: _bad_text(value, missing))
        return pack(datatype, values)
    if datatype == "BOOL":
        if not kinds <= {bool}:
            raise _first_bad(values, where, _bad_truth)
        return pack(datatype, values)
    if datatype in RANGES:
        return _whole(datatype, values, kinds, where)
    return _floating(datatype, values, kinds, where)


def guessed(values: Sequence[Any], where: Where) -> str:
    """The datatype where the model told none. Raises the refusal of a mixture."""
    kinds = set(map(type, values))
    known = kinds - {type(None)}
    if known <= {int, float}:
        return "INT64" if kinds == {int} and _fits_int64(values) else "FP64"
    if known == {bool} and known == kinds:
        return "BOOL"
    if known == {str}:
        return "BYTES"
    first = next(value for value in values if value is not None)
    for index, value in enumerate(values):
        if isinstance(value, list | dict):
            raise wrong(where(index), f"is {kind(value)}; one value is expected.")
        if value is not None and _family(value) != _family(first):
            raise wrong(where(index), f"is {kind(value)}, the values before it are of other kind.")
    raise wrong(where(values.index(None)), "is null, and truth values cannot be missing.")


def cast(tensor: Tensor, datatype: str, where: Where, *, missing: bool) -> Tensor:
    """The tensor in the datatype that the model takes. Raises the refusal where it cannot be."""
    if datatype in {"", tensor.datatype}:
        return tensor
    values = tensor.values()
    if datatype in RANGES or datatype == "BOOL":
        values = [_as_whole(value) for value in values]
        if datatype == "BOOL" and tensor.datatype != "BYTES" and set(values) <= {0, 1}:
            values = [value == 1 for value in values]
    elif tensor.datatype == "BOOL" and datatype.startswith("FP"):
        values = [float(value) for value in values]
    if tensor.datatype == "BOOL" and datatype in RANGES:
        values = [int(value) for value in values]
    data = packed(datatype, values, where, missing=missing)
    return Tensor(tensor.name, datatype, tensor.shape, data)


def _whole(datatype: str, values: Sequence[Any], kinds: set[type], where: Where) -> bytes:
    least, greatest = RANGES[datatype]

    def bad(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"is {kind(value)}; the model takes whole numbers here."
        if value != int(value) if isfinite(value) else True:
            return f"is {value!r}; the model takes whole numbers here."
        if not least <= value <= greatest:
            return f"is {value!r}; the model takes numbers from {least} to {greatest} here."
        return ""

    if kinds <= {int}:
        try:
            return pack(datatype, values)
        except (OverflowError, struct.error):
            raise _first_bad(values, where, bad) from None
    if any(bad(value) for value in values):
        raise _first_bad(values, where, bad)
    return pack(datatype, [int(value) for value in values])


def _floating(datatype: str, values: Sequence[Any], kinds: set[type], where: Where) -> bytes:
    if type(None) in kinds:
        values = [nan if value is None else value for value in values]
        kinds = kinds - {type(None)}
    if not kinds <= {int, float}:
        raise _first_bad(values, where, _bad_number)
    try:
        return pack(datatype, values)
    except (OverflowError, struct.error):
        raise _first_bad(values, where, _too_large(datatype)) from None


def _too_large(datatype: str) -> Callable[[Any], str]:
    def bad(value: Any) -> str:
        try:
            pack(datatype, [value])
        except (OverflowError, struct.error):
            return f"is too large for {datatype}."
        return ""

    return bad


def _bad_number(value: Any) -> str:
    if type(value) in {int, float}:
        return ""
    return f"is {kind(value)}; the model takes numbers here."


def _bad_truth(value: Any) -> str:
    return "" if isinstance(value, bool) else f"is {kind(value)}; the model takes true or false."


def _bad_text(value: Any, missing: bool) -> str:
    if isinstance(value, str) or (missing and value is None):
        return ""
    return f"is {kind(value)}; {_TEXTS_WANTED}."


def _first_bad(values: Sequence[Any], where: Where, bad: Callable[[Any], str]) -> Exception:
    for index, value in enumerate(values):
        if problem := bad(value):
            return wrong(where(index), problem)
    raise AssertionError("no value is bad")


def _family(value: Any) -> str:
    return "number" if type(value) in {int, float} else type(value).__name__


def _fits_int64(values: Sequence[Any]) -> bool:
    least, greatest = RANGES["INT64"]
    return not values or (least <= min(values) and max(values) <= greatest)


def _as_whole(value: Any) -> Any:
    """A number with nothing behind its point as a whole one; anything else as it is."""
    if isinstance(value, float) and isfinite(value) and value == int(value):
        return int(value)
    return value
