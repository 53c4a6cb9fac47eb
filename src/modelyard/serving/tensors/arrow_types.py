"""Arrow's data types, as far as tensors can hold them, and where its messages tell them."""

from dataclasses import dataclass
from enum import IntEnum

from modelyard.serving.tensors.flatbuffer import Broken, Table

VERSION_5 = 4
DEEPEST = 8


class Header(IntEnum):
    """What a message is."""

    SCHEMA = 1
    DICTIONARY = 2
    BATCH = 3


class Type(IntEnum):
    """The number of a type in a schema."""

    NULL = 1
    INT = 2
    FLOAT = 3
    BINARY = 4
    UTF8 = 5
    BOOL = 6
    DATE = 8
    TIMESTAMP = 10
    LIST = 12
    FIXED_LIST = 16
    LARGE_BINARY = 19
    LARGE_UTF8 = 20
    LARGE_LIST = 21
    BINARY_VIEW = 23
    UTF8_VIEW = 24


_OTHERS = {
    7: "decimal", 9: "time", 11: "interval", 13: "struct", 14: "union", 15: "fixed-size binary",
    17: "map", 18: "duration", 22: "run-end encoded", 25: "list view", 26: "large list view",
}  # fmt: skip
_INTS = {
    (8, 0): "UINT8", (16, 0): "UINT16", (32, 0): "UINT32", (64, 0): "UINT64",
    (8, 1): "INT8", (16, 1): "INT16", (32, 1): "INT32", (64, 1): "INT64",
}  # fmt: skip
_FLOATS = ("FP16", "FP32", "FP64")
TEXTS = {Type.UTF8, Type.BINARY}
LARGE_TEXTS = {Type.LARGE_UTF8, Type.LARGE_BINARY}
VIEWS = {Type.UTF8_VIEW, Type.BINARY_VIEW}


@dataclass(frozen=True, slots=True)
class Field:
    """
    A column's type. ``datatype`` is that of its numbers, '' for none; ``size`` of a fixed list's
    rows; ``unit`` seconds in which dates and times count; ``dictionary`` the id of the values that
    its numbers stand for.
    """

    name: str
    type: Type
    datatype: str = ""
    size: int = 0
    unit: float = 0.0
    dictionary: int | None = None
    children: "tuple[Field, ...]" = ()


def field_of(table: Table, depth: int = 0) -> Field:
    """A field of a schema. Raises Broken, naming the column, for types that nobody reads here."""
    name = table.text(0)
    if depth > DEEPEST:
        raise Broken(f"the column '{name}' is nested too deeply")
    encoding = table.table(4)
    found = _plain(table, name, depth)
    if encoding is None:
        return found
    if found.children:
        raise Broken(f"the column '{name}' has a dictionary of lists, which no model takes")
    index = encoding.table(1)
    datatype = _int(index, name) if index is not None else "INT32"
    id_ = encoding.number(0, "q")
    return Field(name, found.type, datatype, dictionary=id_, children=(found,))


def _plain(table: Table, name: str, depth: int) -> Field:
    """The type of the values themselves."""
    kind, facts = _type(table.number(2, "B"), name), table.table(3)
    if kind is Type.INT:
        return Field(name, kind, _int(facts, name))
    if kind is Type.FLOAT:
        precision = facts.number(0, "h") if facts else 0
        if not 0 <= precision < len(_FLOATS):
            raise Broken(f"the column '{name}' has floats of an unknown size")
        return Field(name, kind, _FLOATS[precision])
    if kind is Type.DATE:
        in_days = (facts.number(0, "h", 1) if facts else 1) == 0
        return Field(name, kind, "INT32" if in_days else "INT64", unit=86400 if in_days else 1e-3)
    if kind is Type.TIMESTAMP:
        power = facts.number(0, "h") if facts else 0
        return Field(name, kind, "INT64", unit=10.0 ** (-3 * power))
    if kind in {Type.FIXED_LIST, Type.LIST, Type.LARGE_LIST}:
        children = table.tables(5)
        if len(children) != 1:  # looked at before they are read: they may tell the same many times
            raise Broken(f"the column '{name}' is a list of nothing")
        size = facts.number(0, "i") if facts and kind is Type.FIXED_LIST else 0
        if kind is Type.FIXED_LIST and size <= 0:
            raise Broken(f"the column '{name}' has empty lists")
        return Field(name, kind, size=size, children=(field_of(children[0], depth + 1),))
    return Field(name, kind)


def _type(number: int, name: str) -> Type:
    try:
        return Type(number)
    except ValueError:
        kind = _OTHERS.get(number, f"number {number}")
        raise Broken(f"the column '{name}' is of the type {kind}, which no model takes") from None


def _int(facts: Table | None, name: str) -> str:
    key = (facts.number(0, "i"), facts.number(1, "B")) if facts else (0, 0)
    if key not in _INTS:
        raise Broken(f"the column '{name}' has whole numbers of {key[0]} bits")
    return _INTS[key]
