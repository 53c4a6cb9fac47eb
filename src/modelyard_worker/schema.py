"""
Microsoft's inference-schema, where the script uses it.

It is never imported here: a script that is decorated has imported it. Two faults of the original
are mended on the way. What cannot be converted is the caller's error and names the field, not a
500; and columns of a data frame are found by their names, whatever their order (the original
scores such rows silently wrong).
"""

from __future__ import annotations

import datetime
import sys
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional, Tuple

from modelyard_worker.errors import BadInput

Schemas = Optional[Dict[str, Any]]

_CONVERTERS = ("_deserialize_input_argument", "deserialize_input")


def is_decorated(run: Callable[..., Any]) -> bool:
    """Whether ``run`` has an ``@input_schema`` or ``@output_schema``."""
    util = sys.modules.get("inference_schema.schema_util")
    if util is None:
        return False
    try:
        return bool(util.is_schema_decorated(run))
    except ValueError:  # an empty closure cell of a foreign decorator
        return False


def schemas_of(run: Callable[..., Any]) -> Tuple[Schemas, Schemas]:
    """Input and output schema for each version of OpenAPI that can hold them."""
    util = sys.modules.get("inference_schema.schema_util")
    if util is None or not is_decorated(run):
        return None, None
    supported = getattr(util, "get_supported_versions", None)
    versions = supported(run) if supported else ["2.0", "3.0", "3.1"]
    given, returned = util.get_input_schema(run), util.get_output_schema(run)
    return dict.fromkeys(versions, given), dict.fromkeys(versions, returned)


def mend() -> None:
    """Put our conversion around inference-schema's; does nothing where it is not imported."""
    module = sys.modules.get("inference_schema.schema_decorators")
    original = getattr(module, "_deserialize_input_argument", None)
    if module is None or original is None or getattr(original, "mended", False):
        return
    _wrap(module, original)


def _wrap(module: ModuleType, original: Callable[..., Any]) -> None:
    def convert(data: Any, kind: Any, name: str = "", *rest: Any) -> Any:
        try:
            value = original(_prepared(data, kind), kind, name, *rest)
            return _in_column_order(value, kind, data)
        except BadInput as inner:  # of a nested type: say the way to it
            path = name if inner.field in ("", name, None) else "%s.%s" % (name, inner.field)
            raise BadInput(inner.message, path) from inner
        except Exception as error:
            raise BadInput(_reason(error, kind, data), name) from error

    convert.mended = True  # type: ignore[attr-defined]
    module._deserialize_input_argument = convert  # type: ignore[attr-defined]


def raised_while_converting(error: BaseException) -> bool:
    """Whether an older inference-schema, which cannot be mended, refused the input."""
    at = error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_name in _CONVERTERS:
            return True
        at = at.tb_next
    return False


def _reason(error: Exception, kind: Any, data: Any) -> str:
    columns = _sample_columns(kind)
    if columns is not None and getattr(kind, "orient", "") == "records":
        difference = _difference(columns, _names_in(data))
        if difference:
            return difference
    text = str(error) or type(error).__name__
    return "no column %s" % text if isinstance(error, KeyError) else text


def _prepared(data: Any, kind: Any) -> Any:
    """The data, a first row put into the sample's order where names are given by position."""
    if getattr(kind, "sample_data_type", None) is datetime.date and isinstance(data, str):
        return datetime.datetime.strptime(data, "%Y-%m-%d").date()  # noqa: DTZ007 - a date
    columns = _sample_columns(kind)
    if columns is None or not getattr(kind, "apply_column_names", False):
        return data
    if not (isinstance(data, list) and data and isinstance(data[0], dict)):
        return data
    names = [str(column) for column in columns]
    if set(names) != set(data[0]):
        return data
    return [{name: data[0][name] for name in names}, *data[1:]]


def _in_column_order(value: Any, kind: Any, data: Any) -> Any:
    """The frame with the sample's columns, in the sample's order."""
    columns = _sample_columns(kind)
    if columns is None or value is data or getattr(kind, "orient", "") == "values":
        return value
    by_name = {str(column): column for column in value.columns}
    names = [str(column) for column in columns]
    if getattr(kind, "enforce_shape", True):
        difference = _difference(columns, list(by_name))
        if difference:
            raise BadInput(difference)
    known = [by_name[name] for name in names if name in by_name]
    others = [column for name, column in by_name.items() if name not in names]
    wanted = [*known, *others]
    return value if list(value.columns) == wanted else value[wanted]


def _sample_columns(kind: Any) -> Optional[List[Any]]:
    """The columns of a PandasParameterType's sample; None for every other type."""
    if not hasattr(kind, "orient") or not hasattr(kind, "apply_column_names"):
        return None
    columns = getattr(getattr(kind, "sample_input", None), "columns", None)
    return None if columns is None else list(columns)


def _names_in(data: Any) -> List[str]:
    names: Dict[str, None] = {}
    for row in data if isinstance(data, list) else ():
        if isinstance(row, dict):
            names.update(dict.fromkeys(row))
    return list(names)


def _difference(columns: List[Any], names: List[str]) -> str:
    """``column 'age' is missing; column 'agee' is unknown``; '' where they are the same."""
    expected = [str(column) for column in columns]
    missing = [name for name in expected if name not in names]
    unknown = [name for name in names if name not in expected]
    parts = [_listed(missing, "missing"), _listed(unknown, "unknown")]
    return "; ".join(part for part in parts if part)


def _listed(names: List[str], what: str) -> str:
    if not names:
        return ""
    listed = ", ".join("'%s'" % name for name in names)
    return "column%s %s %s %s" % (
        "s" if len(names) > 1 else "",
        listed,
        "are" if len(names) > 1 else "is",
        what,
    )
