"""Data frames in every orient."""

from typing import Any

from tests.conformance.asking import Ask, post
from tests.conformance.cases.schema import IMPORTS, SWAGGERS
from tests.conformance.cases.script import Script

RUN = """
sample = pd.DataFrame({"age": [30, 40], "rooms": [2.0, 3.0], "city": ["Ulm", "Bonn"]})

@input_schema("data", PandasParameterType(sample%s))
def run(data):
    return [[str(column) for column in data.columns], [kind.kind for kind in data.dtypes],
            data.to_dict("records")]
"""

RIGHT = {"age": 1, "rooms": 3.5, "city": "x"}
TURNED = {"city": "x", "rooms": 3.5, "age": 1}
SHORT = {"age": 1, "rooms": 3.5}
LONGER = {**RIGHT, "more": 9}
OTHER = {"age": 1, "rooms": 3.5, "town": "x"}
WORD = {"age": "old", "rooms": 3.5, "city": "x"}
GAP = {"age": 1, "rooms": None, "city": None}

KINDS = {
    "right": [RIGHT, RIGHT],
    "turned": [TURNED, TURNED],
    "missing": [SHORT],
    "extra": [LONGER],
    "other": [OTHER],
    "word": [RIGHT, WORD],
    "gaps": [GAP],
    "partly": [RIGHT, SHORT],
    "none": [],
}


def oriented(rows: list[dict[str, Any]], orient: str) -> Any:
    """The rows as pandas writes them in this orient."""
    names = list(rows[0]) if rows else ["age", "rooms", "city"]
    if orient == "split":
        data = [[row.get(name) for name in names] for row in rows]
        return {"columns": names, "index": list(range(len(rows))), "data": data}
    if orient == "index":
        return {str(at): row for at, row in enumerate(rows)}
    if orient == "columns":
        return {name: {str(at): r.get(name) for at, r in enumerate(rows)} for name in names}
    if orient == "values":
        return [[row.get(name) for name in names] for row in rows]
    if orient == "table":
        kinds = {"age": "integer", "rooms": "number", "more": "integer"}
        fields = [{"name": name, "type": kinds.get(name, "string")} for name in names]
        return {"schema": {"fields": fields, "pandas_version": "1.4.0"}, "data": rows}
    return rows


def asks(orient: str) -> tuple[Ask, ...]:
    found = [post(name, {"data": oriented(rows, orient)}) for name, rows in KINDS.items()]
    found += [post("scalar", {"data": 1}), post("null", {"data": None})]
    found += [post("other-orient", {"data": oriented([RIGHT], _elsewhere(orient))})]
    return (*found, *SWAGGERS)


def _elsewhere(orient: str) -> str:
    return "split" if orient == "records" else "records"


ORIENTS = tuple(
    Script(f"frame-{orient}", IMPORTS + RUN % f", orient={orient!r}", asks(orient))
    for orient in ("records", "split", "index", "columns", "values", "table")
)

LOOSE = Script(
    "frame-loose",
    IMPORTS + RUN % ", enforce_shape=False, enforce_column_type=False",
    asks("records")[:9],
)

NAMED = Script("frame-named", IMPORTS + RUN % ", apply_column_names=True", asks("records")[:6])

TIMES = Script(
    "frame-times",
    IMPORTS
    + """
sample = pd.DataFrame({
    "when": pd.to_datetime(["2019-01-02 03:00:00"]),
    "wait": pd.to_timedelta([60], unit="s"),
    "timestamp": [1_500_000_000],
    "date": ["2019-01-02"],
    "big": [9_007_199_254_740_993],
    "size": [0.1],
})

@input_schema("data", PandasParameterType(sample))
def run(data):
    return [[str(v) for v in data["when"]], [str(v) for v in data["wait"]],
            [int(v) for v in data["timestamp"]], [str(v) for v in data["date"]],
            [int(v) for v in data["big"]], [repr(float(v)) for v in data["size"]]]
""",
    (
        post("right", {"data": [{"when": "2020-02-03T04:05:06", "wait": "0 days 00:01:00",
                                 "timestamp": 5, "date": "old", "big": 7, "size": 0.5}]}),
        post("numbers-like-times", {"data": [{"when": "2020-02-03T04:05:06", "wait": "1 days",
                                              "timestamp": 1_600_000_000, "date": "2020-02-03",
                                              "big": 9_007_199_254_740_993,
                                              "size": 0.1234567890123456789}]}),
        post("bad-time", {"data": [{"when": "soon", "wait": "1 days", "timestamp": 1,
                                    "date": "x", "big": 1, "size": 1}]}),
        *SWAGGERS,
    ),
)  # fmt: skip

SCRIPTS = (*ORIENTS, LOOSE, NAMED, TIMES)
