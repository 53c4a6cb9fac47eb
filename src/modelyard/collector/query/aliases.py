"""
Columns of Application Insights that are another one's here, for queries that name them.

They are made where a query asks for them only, so that ``SELECT *`` shows what is kept.
"""

import re
from collections.abc import Mapping, Sequence

from modelyard.telemetry.tables import TABLES

_NOT_KNOWN = (
    "client_Type", "client_Model", "client_OS", "client_City", "client_StateOrProvince",
    "client_CountryOrRegion", "client_Browser", "client_IP", "user_Id", "user_AuthenticatedId",
    "user_AccountId", "session_Id", "operation_SyntheticSource", "appId", "appName", "iKey",
    "sdkVersion",
)  # fmt: skip
"""What only browsers and Azure know: empty, as there for what no browser sent."""

_BOUNDS = (
    (250, "<250ms"), (500, "250ms-500ms"), (1_000, "500ms-1sec"), (3_000, "1sec-3sec"),
    (7_000, "3sec-7sec"), (15_000, "7sec-15sec"), (30_000, "15sec-30sec"),
    (60_000, "30sec-1min"), (120_000, "1min-2min"), (300_000, "2min-5min"),
)  # fmt: skip
_BUCKET = (
    f"CASE {' '.join(f'WHEN duration < {most} THEN {name!r}' for most, name in _BOUNDS)} "
    "WHEN duration IS NOT NULL THEN '>=5min' END"
)

_OWN: Mapping[str, Mapping[str, str]] = {
    "requests": {"operation_Name": "name", "url": "name", "performanceBucket": _BUCKET},
    "dependencies": {"performanceBucket": _BUCKET},
    "exceptions": {
        "outerMessage": "message",
        "innermostMessage": "message",
        "outerType": "type",
        "innermostType": "type",
        "outerMethod": "method",
        "innermostMethod": "method",
        "severityLevel": "3",
    },
}
_KINDS = {
    "requests": "request", "traces": "trace", "exceptions": "exception",
    "dependencies": "dependency", "customMetrics": "customMetric", "customEvents": "customEvent",
    "outcomes": "outcome", "performanceCounters": "performanceCounter",
    "availabilityResults": "availabilityResult",
}  # fmt: skip
OPERATION = "operation_Name"
"""Of other tables it is the name of their request, which stands in another table."""

_OF_A_REQUEST = (
    "traces",
    "exceptions",
    "dependencies",
    "customMetrics",
    "customEvents",
    "outcomes",
)


def _of_table(name: str) -> dict[str, str]:
    found = dict.fromkeys(_NOT_KNOWN, "''") | {"itemType": f"'{_KINDS[name]}'"}
    found |= _OWN.get(name, {})
    if name in _OF_A_REQUEST:
        found[OPERATION] = ""
    return {column: what for column, what in found.items() if column not in TABLES[name].names}


ALIASES: Mapping[str, Mapping[str, str]] = {name: _of_table(name) for name in TABLES}
"""By table: the names, each with the SQL that it stands for; '' for what is another table's."""

_NAMES = frozenset(name for table in ALIASES.values() for name in table)
_WORD = re.compile(r"[A-Za-z_]\w*")


def mentioned(text: str, language: str) -> frozenset[str]:
    """
    Which of the names a query uses without giving it to something itself. Pure.

    SQL does not tell letters by their case, KQL does.
    """
    by_letters = {name if language == "kql" else name.lower(): name for name in _NAMES}
    words = _WORD.findall(text)
    found = {
        by_letters[key]
        for word in words
        if (key := word if language == "kql" else word.lower()) in by_letters
    }
    return frozenset(name for name in found if not _given(name, text, language))


def columns(known: Mapping[str, Sequence[str]], names: frozenset[str]) -> dict[str, list[str]]:
    """The columns of all tables with these names. Pure."""
    return {
        table: [*has, *(name for name in ALIASES.get(table, ()) if name in names)]
        for table, has in known.items()
    }


def needed(tables: frozenset[str], names: frozenset[str]) -> frozenset[str]:
    """The tables to be read besides ``tables`` for what these names stand for. Pure."""
    joined = OPERATION in names and any(table in _OF_A_REQUEST for table in tables)
    return frozenset({"requests"}) if joined else frozenset()


def with_aliases(table: str, select: str, names: frozenset[str], requests: str) -> str:
    """
    A table's SELECT with these names as columns; ``requests`` is that of the requests. Pure.
    """
    wanted = {name: what for name, what in ALIASES[table].items() if name in names}
    if not wanted:
        return select
    plain = ", ".join(f'{what} AS "{name}"' for name, what in wanted.items() if what)
    source = f"SELECT *{', ' * bool(plain)}{plain} FROM ({select})"  # noqa: S608 - our own
    if OPERATION not in wanted or wanted[OPERATION]:
        return source
    named = (
        f"SELECT operation_Id, any_value(name) AS {OPERATION} FROM ({requests}) "  # noqa: S608
        f"WHERE operation_Id IN (SELECT operation_Id FROM ({select})) GROUP BY operation_Id"
    )
    return f"SELECT * FROM ({source}) LEFT JOIN ({named}) USING (operation_Id)"  # noqa: S608


def _given(name: str, text: str, language: str) -> bool:
    """Whether the query makes a column of that name itself: an SQL alias hides no column."""
    if language == "kql":
        return False
    return re.search(rf'\bas\s+"?{name}\b', text, re.IGNORECASE) is not None
