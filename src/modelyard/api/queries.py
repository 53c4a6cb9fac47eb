"""Filters in a query string."""

from collections.abc import Iterable

from modelyard.domain.errors import BadInput


def pairs(values: Iterable[str] | None) -> dict[str, str | None] | None:
    """``key`` asks for the key alone, ``key=value`` for both."""
    if not values:
        return None
    found: dict[str, str | None] = {}
    for text in values:
        key, equals, value = text.partition("=")
        found[key] = value if equals else None
    return found


def whole_number(name: str, text: str, default: int | None = None) -> int:
    """A header or cursor as a number. Raises BadInput naming it."""
    if not text and default is not None:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise BadInput(f"{name} is {text!r}: it must be a whole number.", details={"field": name})
    return int(text)
