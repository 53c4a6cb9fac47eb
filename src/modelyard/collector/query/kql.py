"""Questions in Kusto's language, as Log Analytics and Application Insights are asked."""

import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from modelyard.collector.query.percentiles import spelled_out
from modelyard.domain.errors import BadInput

LANGUAGES = ("sql", "kql")

_PLACE = re.compile(
    r"^could not parse KQL at (?P<line>\d+):(?P<column>\d+): (?P<why>.*)$", re.DOTALL
)
_BEGINS = re.compile(
    r"\s*(?://[^\n]*\n\s*)*(?:\w+\s*\|(?!\|)|let\s+\w+\s*=|(?:union|search)\s)", re.IGNORECASE
)
_EXPECTED = re.compile(r" expecting \{.*\}", re.DOTALL)
_UNSUPPORTED = re.compile(r"'(?:\w+:)?(?P<what>[^']*)'(?P<place> at \d+:\d+)?")

_NO_COLUMN = re.compile(r'(?:Alias with name|Referenced column|Column) "+(?P<name>\w+)"')


def language_of(text: str, asked: str | None) -> str:
    """
    'kql' or 'sql': what was asked for, else KQL where the text begins with a name and a pipe, or
    as no SQL begins: ``let x =``, ``union``, ``search``.

    Raises BadInput for another language. Pure.
    """
    if asked:
        if asked not in LANGUAGES:
            raise BadInput(f"The language {asked!r} is not known: use sql or kql.")
        return asked
    return "kql" if _BEGINS.match(text) else "sql"


def to_sql(text: str, columns: Mapping[str, Sequence[str]]) -> str:
    """
    The SQL that means the same, to be checked like any other; ``columns`` by table.

    Raises BadInput with the place, and what to use instead.
    """
    # its parser takes 0.2 s and 20 MB, which who asks in SQL does not pay
    kql = import_module("duckdb_kql")
    schema = {name: list(names) for name, names in columns.items()}
    spelled = spelled_out(text) if "percentiles" in text else text
    try:
        return str(kql.to_sql(spelled, schema=schema, allow_write=False))
    except kql.KqlError as error:
        # what cannot be read is named by its place in the text that was written
        raise BadInput(_sentence(_said(kql, text, schema, str(error)))) from error
    except RecursionError:
        raise BadInput("The query nests too deeply. Name its parts with let.") from None


def without_column(said: str) -> str | None:
    """What DuckDB says of a missing column, without the SQL that nobody wrote. Pure."""
    missing = _NO_COLUMN.search(said)
    if missing is None:
        return None
    return (
        f"There is no column {missing['name']!r} at that place of the query. "
        "'modelyard query --tables TABLE' lists the columns of a table."
    )


def _said(kql: Any, text: str, schema: Mapping[str, Sequence[str]], said: str) -> str:
    """The error of the text as it was written, where that is one of its reading."""
    if not _PLACE.match(said):
        return said
    try:
        kql.to_sql(text, schema=schema, allow_write=False)
    except kql.KqlError as error:
        return str(error) if _PLACE.match(str(error)) else said
    return said


def _sentence(said: str) -> str:
    unparsed = _PLACE.match(said)
    if unparsed:
        line, column = int(unparsed["line"]), int(unparsed["column"]) + 1
        why = _EXPECTED.sub("", unparsed["why"])  # every word of the language
        return (
            f"The KQL cannot be read at line {line}, column {column}: {why}. "
            "SQL is asked with language 'sql'."
        )
    missing = _UNSUPPORTED.search(said)
    if missing and said.startswith("unsupported"):
        what = missing["what"].removesuffix("Expression").removesuffix("Operator")
        return (
            f"KQL's {what!r}{missing['place'] or ''} is not supported here. Ask in SQL instead: "
            "the tables and columns are the same."
        )
    return f"The KQL is not supported here: {said}. Ask in SQL instead."
