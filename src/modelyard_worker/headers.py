"""HTTP headers and query strings, as scripts expect them."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple
from urllib.parse import parse_qsl

Pairs = Sequence[Sequence[str]]


class Headers(Dict[str, str]):
    """
    A dict in which ``content-type`` finds ``Content-Type``.

    Names are written as WSGI servers do (``X-My-Header``); a repeated header is joined by commas.
    """

    def __init__(self, pairs: Iterable[Sequence[str]] = ()) -> None:
        super().__init__()
        for name, value in pairs:
            key = name.title()
            known = super().get(key)
            joint = "; " if key == "Cookie" else ", "
            super().__setitem__(key, value if known is None else known + joint + value)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.title())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.title())

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(name.title(), value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name.title())

    def get(self, name: str, default: Any = None, type: Any = None) -> Any:
        """The value, turned by ``type`` if given (as Flask's headers do)."""
        return _turned(super().get(name.title()), default, type)


class ResponseHeaders(Headers):
    """Headers of an answer: ``add`` repeats a name instead of replacing its value."""

    def __init__(self, pairs: Iterable[Sequence[str]] = ()) -> None:
        super().__init__(pairs)
        self._more: List[Tuple[str, str]] = []

    def __setitem__(self, name: str, value: str) -> None:
        self._drop(name)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self._drop(name)
        super().__delitem__(name)

    def _drop(self, name: str) -> None:
        self._more = [pair for pair in self._more if pair[0] != name.title()]

    def add(self, name: str, value: Any, **parameters: Any) -> None:
        """One more header of this name; ``filename="a.csv"`` becomes ``; filename="a.csv"``."""
        text = str(value)
        for key, given in parameters.items():
            text += '; %s="%s"' % (key.replace("_", "-"), given)
        if name in self:
            self._more.append((name.title(), text))
        else:
            super().__setitem__(name, text)

    add_header = add

    def set(self, name: str, value: Any) -> None:
        """The only header of this name."""
        self[name] = str(value)

    def extend(self, more: Any) -> None:
        """Add the headers of a dict or of pairs."""
        for name, value in more.items() if hasattr(more, "items") else more:
            self.add(name, value)

    def getlist(self, name: str) -> List[str]:
        """Every value of this name."""
        return [value for key, value in self.items() if key == name.title()]

    def remove(self, name: str) -> None:
        """No header of this name is left."""
        if name in self:
            del self[name]

    def items(self) -> Any:
        """Every header, repeated ones too."""
        return [*super().items(), *self._more]


class MultiDict(Dict[str, Any]):
    """The first value of each name; ``getlist`` gives all of them."""

    def __init__(self, pairs: Iterable[Tuple[str, Any]] = ()) -> None:
        super().__init__()
        self._lists: Dict[str, List[Any]] = {}
        for name, value in pairs:
            self._lists.setdefault(name, []).append(value)
            self.setdefault(name, value)

    def getlist(self, name: str) -> List[Any]:
        """Every value of this name."""
        return list(self._lists.get(name, ()))

    def lists(self) -> Iterator[Tuple[str, List[Any]]]:
        """Every name with all of its values."""
        return iter(self._lists.items())

    def get(self, name: str, default: Any = None, type: Any = None) -> Any:
        """The first value, turned by ``type`` if given (as Flask's ``args`` do)."""
        return _turned(super().get(name), default, type)


def _turned(value: Any, default: Any, type_: Any) -> Any:
    if value is None:
        return default
    if type_ is None:
        return value
    try:
        return type_(value)
    except (TypeError, ValueError):
        return default


def find(pairs: Pairs, name: str) -> Optional[str]:
    """The first header of this lower-case name."""
    for key, value in pairs:
        if key == name or key.lower() == name:
            return value
    return None


def parse_query(query: str) -> MultiDict:
    """The names and values of a query string, in their order."""
    return MultiDict(parse_qsl(query, keep_blank_values=True))


def query_values(query: str) -> Dict[str, Any]:
    """A query as input: values are read as JSON where they are; a repeated name is a list."""
    values: Dict[str, Any] = {}
    for name, texts in parse_query(query).lists():
        parsed = [_json_or_text(text) for text in texts]
        values[name] = parsed[0] if len(parsed) == 1 else parsed
    return values


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def media_type(content_type: Optional[str]) -> str:
    """``application/json`` of ``Application/JSON; charset=utf-8``."""
    return (content_type or "").split(";", 1)[0].strip().lower()


def is_json(content_type: Optional[str]) -> bool:
    """Whether a body of this content type is JSON."""
    kind = media_type(content_type)
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
