"""
What run() returns, as JSON.

numpy, pandas and the like are told by what they can do, never imported: a script that does not use
them must not pay for them. JSON knows no NaN and no infinity; both become null, or an error where
the service wants that.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import json
import os
from collections.abc import Iterator, Mapping, Set
from math import isfinite
from typing import Any, Callable

from modelyard_worker import options
from modelyard_worker.errors import BadOutput


def encode_json(value: Any) -> bytes:
    """The value as JSON. Raises BadOutput for what JSON cannot hold, or should not."""
    try:
        return _fast(value).encode()
    # NaN somewhere, a key that is no str, or too deep: look at every value
    except (ValueError, TypeError, RecursionError):
        pass
    try:
        if options.chosen().nan == "error":
            return json.dumps(_finite(clean(value, nan=_NAN), "")).encode()
        return json.dumps(clean(value)).encode()
    except RecursionError:
        raise BadOutput(
            "run() returned a value that contains itself, or is nested too deeply for JSON."
        ) from None


_NAN = object()
"""Stands for NaN and infinities where they are to be found, not made null."""


def clean(value: Any, nan: Any = None) -> Any:
    """The value of dict, list, str, int, float, bool and None alone; ``nan`` instead of NaN."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, enum.Enum):
        return clean(value.value, nan)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if isfinite(value) else nan
    if isinstance(value, Mapping):
        return {_key(key): clean(item, nan) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item, nan) for item in value]
    return clean(simpler(value), nan)


def _finite(value: Any, path: str) -> Any:
    """The value; raises BadOutput with the way to the first that is NaN or infinite."""
    if value is _NAN:
        raise BadOutput(
            "run() returned NaN or an infinity%s, which JSON does not know and this service does "
            "not make null (nan='error')." % (" at %s" % path if path else "")
        )
    if isinstance(value, dict):
        for key, item in value.items():
            _finite(item, "%s.%s" % (path, key) if path else key)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            _finite(item, "%s[%d]" % (path, at))
    return value


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    plain = clean(key)
    if isinstance(plain, str):
        return plain
    return json.dumps(plain) if isinstance(plain, (bool, int, float, type(None))) else str(plain)


def simpler(value: Any) -> Any:
    """One step from any object towards JSON. Raises BadOutput where there is none."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat() if value == value else None  # pandas' NaT is not itself
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if type(value).__name__ == "Decimal":  # by name: not worth importing for everyone
        return float(value)
    if type(value).__name__ == "UUID" or isinstance(value, os.PathLike):
        return str(value)
    if isinstance(value, (Set, Iterator, range)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return _by_ability(value)


def _by_ability(value: Any) -> Any:
    """Arrays, frames, scalars and records of packages that we do not import."""
    kind = type(value)
    if isinstance(value, type):
        raise BadOutput("run() returned the class %s, not a value." % value.__qualname__)
    if kind.__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return None
    dtype_kind = getattr(getattr(value, "dtype", None), "kind", "")
    if dtype_kind in ("m", "M") and hasattr(value, "astype"):
        return _times(value, dtype_kind)
    if hasattr(value, "to_dicts"):
        return value.to_dicts()
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return value.to_dict(orient="records")
    for name in ("tolist", "to_list", "to_pylist", "toarray", "model_dump", "numpy"):
        method = getattr(value, name, None)
        if callable(method):
            return method()
    raise BadOutput(
        "run() returned a %s.%s, which has no JSON form: return a dict, list, str, number, array "
        "or data frame, or an AMLResponse." % (kind.__module__, kind.__qualname__)
    )


def _times(value: Any, kind: str) -> Any:
    """Times as ISO texts, durations in seconds, where tolist() would give nanoseconds."""
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if kind == "m":
        return value.astype("timedelta64[us]").tolist()  # of datetime's own timedelta
    return _without_nat(value.astype("str").tolist())


def _without_nat(texts: Any) -> Any:
    if isinstance(texts, list):
        return [_without_nat(text) for text in texts]
    return None if texts == "NaT" else texts


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(data).decode("ascii")


_encoder = json.JSONEncoder(allow_nan=False, default=simpler)


def _made_once() -> Callable[[Any], str]:
    """
    What the encoder makes anew for every value, which takes longer than a small answer itself.

    It does not look for values that contain themselves: those go too deep, which is found too.
    """
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without json's part in C
        return _encoder.encode
    text = json.encoder.encode_basestring_ascii
    scan = make(None, simpler, text, None, ": ", ", ", False, False, False)
    join = "".join
    return lambda value: join(scan(value, 0))


_fast = _made_once()
