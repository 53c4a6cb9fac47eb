"""
The columns of data frames, found by their names whatever their order.

The original takes them in the order received and so scores turned rows silently wrong.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional, Tuple

from modelyard_worker.errors import BadInput


def of(kind: Any) -> Optional[List[Any]]:
    """The columns of a PandasParameterType's sample; None for every other type."""
    if not hasattr(kind, "orient") or not hasattr(kind, "apply_column_names"):
        return None
    columns = getattr(getattr(kind, "sample_input", None), "columns", None)
    return None if columns is None else list(columns)


def prepared(data: Any, kind: Any) -> Any:
    """The data, a first row put into the sample's order where names are given by position."""
    columns = of(kind)
    if columns is None or not getattr(kind, "apply_column_names", False):
        return data
    if not (isinstance(data, list) and data and isinstance(data[0], dict)):
        return data
    names = [str(column) for column in columns]
    if set(names) != set(data[0]):
        return data
    return [{name: data[0][name] for name in names}, *data[1:]]


def in_order(value: Any, kind: Any, data: Any) -> Any:
    """The frame with the sample's columns, in the sample's order. Raises BadInput."""
    columns = of(kind)
    if columns is None or value is data or getattr(kind, "orient", "") == "values":
        return value
    by_name = {str(column): column for column in value.columns}
    names = [str(column) for column in columns]
    if len(by_name) != len(value.columns) or len(set(names)) != len(names):
        return value  # names that come twice say nothing about an order
    if getattr(kind, "enforce_shape", True):
        wrong = difference(columns, list(by_name))
        if wrong:
            raise BadInput(wrong[1], wrong[0])
    known = [by_name[name] for name in names if name in by_name]
    others = [column for name, column in by_name.items() if name not in names]
    wanted = [*known, *others]
    return value if list(value.columns) == wanted else value[wanted]


def names_in(data: Any, orient: str) -> List[str]:
    """The columns that a client has sent, in any orient that has names."""
    if orient == "split":
        return [str(name) for name in data.get("columns", ())]
    if orient == "columns":
        return list(data)
    if orient == "table":
        rows: Any = data.get("data", ())
    else:
        rows = data.values() if isinstance(data, dict) else data
    names: Dict[str, None] = {}
    for row in rows:
        if isinstance(row, dict):
            names.update(dict.fromkeys(row))
    return list(names)


def difference(columns: List[Any], names: List[str]) -> Optional[Tuple[str, str]]:
    """
    ``('.age', "column 'age' is missing; column 'agee' is unknown")``; None where all is well.

    The path is that of the one column that is wrong, or '' for several.
    """
    expected = [str(column) for column in columns]
    missing = [name for name in expected if name not in names]
    unknown = [name for name in names if name not in expected]
    parts = [part for part in (_listed(missing, "missing"), _listed(unknown, "unknown")) if part]
    if not parts:
        return None
    one = (missing or unknown) if len(missing) < 2 and len(unknown) < 2 else []
    return "." + one[0] if one else "", "; ".join(parts)


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


class Reading:
    """
    Stands for pandas in inference-schema's own module and reads JSON more carefully.

    ``read_json`` alone takes numbers and texts of columns called ``date``, ``timestamp`` or
    ``…_at`` for times (before pandas 3 they come back as other numbers) and reads 15 digits of a
    number; here only columns that are times in the sample become times, and numbers are exact.
    """

    def __init__(self, pandas: Any) -> None:
        self._pandas = pandas
        self.times: List[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pandas, name)

    def read_json(self, *args: Any, **kwargs: Any) -> Any:
        """As pandas' own, for the frame whose ``times`` have been set."""
        kwargs.setdefault("convert_dates", self.times or False)
        kwargs.setdefault("precise_float", True)
        return self._pandas.read_json(*args, **kwargs)

    def expect(self, kind: Any) -> None:
        """The next frame is of this type."""
        dtypes: Any = getattr(getattr(kind, "sample_input", None), "dtypes", None)
        found = dtypes.to_dict() if hasattr(dtypes, "to_dict") else {}
        self.times = [
            str(name) for name, dtype in found.items() if str(dtype).startswith("datetime")
        ]


def read_carefully() -> Optional[Reading]:
    """Put a Reading where inference-schema looks for pandas; None where it does not use it."""
    module = sys.modules.get("inference_schema.parameter_types.pandas_parameter_type")
    pandas = getattr(module, "pd", None)
    if module is None or pandas is None:
        return None
    if not isinstance(pandas, Reading):
        pandas = module.pd = Reading(pandas)  # type: ignore[attr-defined]
    return pandas
