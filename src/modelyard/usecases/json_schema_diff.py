"""How two JSON Schemas differ, for those who send such data and those who get it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

Schema = Mapping[str, Any]

_DEEPEST = 40
_ORDERED = {
    "minimum": 1, "exclusiveMinimum": 1, "minItems": 1, "minLength": 1, "minProperties": 1,
    "maximum": -1, "exclusiveMaximum": -1, "maxItems": -1, "maxLength": -1, "maxProperties": -1,
}  # fmt: skip
"""Bounds: a greater one narrows (1) or widens (-1)."""


class Direction(Enum):
    """Whether callers send the data or get it; the value is what paths begin with."""

    INPUT = "request"
    OUTPUT = "answer"


@dataclass(frozen=True, slots=True)
class Change:
    """Where, and what in words: ``inputs.age`` ``was removed``."""

    path: str
    text: str


def compare(old: Schema, new: Schema, direction: Direction) -> tuple[list[Change], list[Change]]:
    """Breaking changes and safe ones."""
    comparison = _Comparison(direction)
    comparison.compare(direction.value, old, new)
    return comparison.breaking, comparison.safe


def resolved(schema: Any, document: Mapping[str, Any], depth: int = 0) -> Any:
    """The schema with its references put in, as deep as is sensible."""
    if isinstance(schema, list):
        return [resolved(each, document, depth) for each in schema]
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        found: Any = document
        for part in reference[2:].split("/"):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        return resolved(found, document, depth + 1)
    return {name: resolved(value, document, depth + 1) for name, value in schema.items()}


class _Comparison:
    def __init__(self, direction: Direction) -> None:
        self._sent = direction is Direction.INPUT
        self.breaking: list[Change] = []
        self.safe: list[Change] = []

    def compare(self, path: str, old: Any, new: Any) -> None:
        """Walks both."""
        old, new = _plain(old), _plain(new)
        if old == new:
            return
        if not old or not new:
            text = "is not described any more" if old else "is described now"
            self._add(path, text, narrower=not old, wider=bool(old))
            return
        kinds, kinds_now = _kinds(old), _kinds(new)
        if kinds != kinds_now:
            text = f"was {_words(kinds)}, now it is {_words(kinds_now)}"
            self._add(path, text, narrower=not _within(kinds, kinds_now),
                      wider=not _within(kinds_now, kinds))  # fmt: skip
            if not kinds & kinds_now:
                return
        self._properties(path, old, new)
        self._items(path, old, new)
        self._values(path, old, new)
        self._bounds(path, old, new)

    def _properties(self, path: str, old: Schema, new: Schema) -> None:
        before, after = old.get("properties") or {}, new.get("properties") or {}
        needed, needed_now = set(old.get("required") or ()), set(new.get("required") or ())
        gone = [name for name in before if name not in after]
        come = [name for name in after if name not in before]
        for name in gone:
            twin = next((n for n in come if _plain(after[n]) == _plain(before[name])), None)
            text = "was removed"
            if twin is not None:
                come.remove(twin)
                text = f"was renamed to '{twin}'"
            self.breaking.append(Change(f"{path}.{name}", text))
        for name in come:
            must = self._sent and name in needed_now
            text = "was added and must be sent" if must else "was added"
            (self.breaking if must else self.safe).append(Change(f"{path}.{name}", text))
        for name in before:
            if name in after:
                if (name in needed) != (name in needed_now):
                    must = name in needed_now
                    text = "must be there now" if must else "may be left out now"
                    self._add(f"{path}.{name}", text, narrower=must, wider=not must)
                self.compare(f"{path}.{name}", before[name], after[name])

    def _items(self, path: str, old: Schema, new: Schema) -> None:
        if "items" in old or "items" in new:
            self.compare(f"{path}[]", old.get("items") or {}, new.get("items") or {})
        places, places_now = old.get("prefixItems") or (), new.get("prefixItems") or ()
        if len(places) != len(places_now):
            text = f"had {len(places)} values, now it has {len(places_now)}"
            self.breaking.append(Change(path, text))
            return
        for number, (before, after) in enumerate(zip(places, places_now, strict=True)):
            self.compare(f"{path}[{number}]", before, after)

    def _values(self, path: str, old: Schema, new: Schema) -> None:
        before, after = _allowed(old), _allowed(new)
        if before == after:
            return
        if before is None or after is None:
            text = "may have any value now" if after is None else f"must be one of {after} now"
            self._add(path, text, narrower=after is not None, wider=after is None)
            return
        gone = [value for value in before if value not in after]
        come = [value for value in after if value not in before]
        if gone:
            text = f"has not the value {_listed(gone)} any more"
            self._add(path, text, narrower=True, wider=False)
        if come:
            self._add(path, f"has also the value {_listed(come)}", narrower=False, wider=True)

    def _bounds(self, path: str, old: Schema, new: Schema) -> None:
        for name, sign in _ORDERED.items():
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            if before is None or after is None:
                narrower = before is None
            else:
                narrower = (after - before) * sign > 0
            text = f"{name} was {_or_none(before)}, now it is {_or_none(after)}"
            self._add(path, text, narrower=narrower, wider=not narrower)
        before, after = old.get("format"), new.get("format")
        if before != after:
            text = f"had the format {_or_none(before)}, now it has {_or_none(after)}"
            other = new.get("type") != "number"  # float or double: the same numbers in JSON
            self._add(path, text, narrower=other, wider=other)

    def _add(self, path: str, text: str, *, narrower: bool, wider: bool) -> None:
        """Narrower data breaks who sends it, wider data who gets it."""
        broken = narrower if self._sent else wider
        (self.breaking if broken else self.safe).append(Change(path, text))


def _plain(schema: Any) -> Any:
    """Without what only explains."""
    if not isinstance(schema, Mapping):
        return {}
    words = {"example", "examples", "description", "title", "default"}
    return {name: value for name, value in schema.items() if name not in words}


def _kinds(schema: Schema) -> frozenset[str]:
    kinds = schema.get("type")
    if kinds is None:
        options = schema.get("anyOf") or schema.get("oneOf") or ()
        return frozenset(kind for option in options for kind in _kinds(option))
    return frozenset([kinds] if isinstance(kinds, str) else kinds)


def _within(inner: frozenset[str], outer: frozenset[str]) -> bool:
    """Whether every value of one kind is of the other; no kind at all is any."""
    if not outer:
        return True
    wide = outer | {"integer"} if "number" in outer else outer
    return bool(inner) and inner <= wide


def _allowed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return list(values) if isinstance(values, list) else None


def _words(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds)) or "anything"


def _listed(values: list[Any]) -> str:
    return ", ".join(repr(value) for value in values)


def _or_none(value: Any) -> str:
    return "none" if value is None else str(value)
