"""
What a query may be: one SELECT over the tables of telemetry, with functions that do no harm.

The text is parsed by DuckDB itself and its tree is walked here: what is not known to be harmless
is refused, so what a new release of DuckDB brings stays outside until somebody has looked at it.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import duckdb

from modelyard.collector.query.functions import FUNCTIONS, TABLE_FUNCTIONS
from modelyard.collector.query.syntax import unreadable
from modelyard.domain.errors import BadInput, TooLarge

LONGEST = 100_000
"""Characters of a query."""

DEEPEST = 100
"""Brackets within brackets: DuckDB's parser needs minutes for thousands that are not closed."""

_DEEPEST_TREE = 400
_EXPRESSIONS = frozenset({
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT",
    "FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR",
    "SUBQUERY", "TYPE", "WINDOW",
})  # fmt: skip
_NODES = frozenset({
    "SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE",
    "BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "TABLE_FUNCTION", "PIVOT",
    "SHOW_REF",
    "ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER",
    "ORDER_DEFAULT", "ASCENDING", "DESCENDING",
})  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = ("duckdb_", "pg_", "pragma_", "sqlite_", "information_schema")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_INSTEAD = "Ask with one SELECT over the tables; 'modelyard query --tables' lists them."

Node = Mapping[str, Any]


def check(
    connection: duckdb.DuckDBPyConnection, text: str, tables: Collection[str]
) -> frozenset[str]:
    """
    Which of ``tables`` the query reads.

    Raises BadInput (TooLarge) naming what is not allowed and what to use. The connection only
    parses; nothing is run that the text says.
    """
    _check_size(text)
    _check_statement(connection, text)
    tree = _tree(connection, text)
    walk = _Walk({name.lower(): name for name in tables})
    try:
        walk.node(tree, frozenset(), 0)
    except RecursionError:
        raise _too_deep() from None
    return frozenset(walk.used)


def _check_size(text: str) -> None:
    if len(text) > LONGEST:
        raise TooLarge(
            f"The query has {len(text):,} characters; {LONGEST:,} are taken. Pass long lists as "
            "parameters."
        )
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadInput("The query is no valid Unicode text: it has half of a pair of surrogates.")
    if "\x00" in text:
        raise BadInput("The query has a character of code 0. Leave it out.")
    depth = 0
    for sign in re.findall(r"[\[({})\]]", _QUOTED.sub("", text)):
        depth = depth + 1 if sign in "([{" else max(0, depth - 1)
        if depth > DEEPEST:
            raise _too_deep()


def _too_deep() -> BadInput:
    return BadInput(
        f"The query nests more than {DEEPEST} levels. Name its parts: WITH part AS (SELECT …)."
    )


def _check_statement(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise BadInput(unreadable(str(error), text)) from error
    if len(statements) != 1:
        count = "is empty" if not statements else f"has {len(statements)} statements"
        raise BadInput(f"The query {count}. {_INSTEAD}")
    kind = statements[0].type.name
    if kind == "MULTI":  # how DuckDB does PIVOT where the columns are not named
        raise BadInput(f"PIVOT needs its columns: ON name IN ('a', 'b'). {_INSTEAD}")
    if kind != "SELECT":
        raise BadInput(f"{kind} is not allowed: telemetry is only read here. {_INSTEAD}")


def _tree(connection: duckdb.DuckDBPyConnection, text: str) -> Node:
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchone()
    try:
        found = json.loads(row[0]) if row else {"error": True}
    except RecursionError:
        raise _too_deep() from None
    if found["error"]:
        said = str(found.get("error_message", "it cannot be parsed"))
        if "PIVOT" in text.upper() and "Only SELECT" in said:
            said = "PIVOT needs its columns: ON name IN ('a', 'b')"
        raise BadInput(f"The query is not allowed: {said}. {_INSTEAD}")
    tree: Node = found
    return tree


class _Walk:
    """Goes through the tree and remembers which tables it met."""

    def __init__(self, tables: Mapping[str, str]) -> None:
        self._tables = tables
        self.used: set[str] = set()
        self._special: Mapping[str, Callable[[Node, frozenset[str]], None]] = {
            "BASE_TABLE": self._table,
            "TABLE_FUNCTION": self._table_function,
            "SHOW_REF": _check_show,
        }

    def node(self, node: Any, scope: frozenset[str], depth: int) -> None:
        """Whatever is in the tree; ``scope`` are the names that WITH gave."""
        if depth > _DEEPEST_TREE:
            raise _too_deep()
        if isinstance(node, list):
            for child in node:
                self.node(child, scope, depth + 1)
        elif isinstance(node, dict):
            self._check(node, scope)
            if "cte_map" in node:
                scope = self._with(node["cte_map"]["map"], scope, depth)
            for child in _children(node):
                self.node(child, scope, depth + 1)

    def _check(self, node: Node, scope: frozenset[str]) -> None:
        kind = node.get("class")
        if kind is not None:
            if kind not in _EXPRESSIONS:
                raise BadInput(f"Expressions of the kind {kind} are not allowed. {_INSTEAD}")
            if kind in {"FUNCTION", "WINDOW"}:
                _check_function(node, FUNCTIONS)
            return
        # a dict as type is that of a constant
        kind = node.get("type")
        if isinstance(kind, str):
            if kind not in _NODES:
                words = kind.removesuffix("_NODE").replace("_", " ")
                raise BadInput(f"{words} is not allowed: telemetry is only read here. {_INSTEAD}")
            self._special.get(kind, _nothing)(node, scope)

    def _with(self, entries: list[Node], scope: frozenset[str], depth: int) -> frozenset[str]:
        """The names that are known after a WITH: each one only to those behind it."""
        for entry in entries:
            name = str(entry["key"])
            if not _PLAIN.fullmatch(name) or name.lower().startswith(_RESERVED):
                raise BadInput(f"WITH cannot name something {name!r}: use letters and digits.")
            query = entry["value"]
            recursive = query.get("query_node", {}).get("type") == "RECURSIVE_CTE_NODE"
            self.node(query, scope | {name.lower()} if recursive else scope, depth + 1)
            scope |= {name.lower()}
        return scope

    def _table(self, node: Node, scope: frozenset[str]) -> None:
        path = [str(part) for part in node["qualified_name"].get("path", ())]
        name = ".".join(path)
        if len(path) == 1 and path[0].lower() in scope and not node.get("at_clause"):
            return
        found = self._tables.get(name.lower()) if len(path) == 1 else None
        if found is None or node.get("at_clause") or name != node.get("table_name"):
            raise BadInput(
                f"There is no table {name!r}. The tables: {', '.join(self._tables.values())}.",
                details={"table": name},
            )
        self.used.add(found)

    def _table_function(self, node: Node, _: frozenset[str]) -> None:
        _check_function(node["function"], TABLE_FUNCTIONS, " after FROM")


def _children(node: Node) -> Iterator[Any]:
    if node.get("class") == "CONSTANT":
        return
    for key, child in node.items():
        # done already, and a function after FROM has rules of its own
        if key == "cte_map" or (key == "function" and node.get("type") == "TABLE_FUNCTION"):
            continue
        yield child
    if node.get("type") == "TABLE_FUNCTION" and "class" not in node:
        yield from _children(node["function"])


def _check_function(node: Node, allowed: Collection[str], where: str = "") -> None:
    name = str(node.get("function_name", "")).lower()
    path = [str(part).lower() for part in node.get("qualified_name", {}).get("path", ())]
    own = path == [name] and not node.get("schema") and not node.get("catalog")
    if name not in allowed or not own:
        called = ".".join(path) or name
        raise BadInput(
            f"The function {called!r} is not allowed{where}: queries compute with what is in the "
            "tables and reach nothing else.",
            details={"function": called},
        )


def _check_show(node: Node, _: frozenset[str]) -> None:
    if not node.get("query") or node.get("show_type") not in {"DESCRIBE", "SUMMARY"}:
        raise BadInput(f"SHOW is not allowed. {_INSTEAD}")


def _nothing(node: Node, scope: frozenset[str]) -> None:
    """Kinds that need no further look."""
