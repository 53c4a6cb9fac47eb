"""From the domain's values to what goes over the wire."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from modelyard.wire.base import Page

T = TypeVar("T")


def to_wire(value: object, kind: type[T]) -> T:
    """The wire's value with the fields of the domain's that have its names."""
    return msgspec.convert(value, kind, from_attributes=True)


def to_page(values: Iterable[object], kind: type[T], next: str | None = None) -> Page[T]:
    """A list of wire values."""
    return Page(items=[to_wire(value, kind) for value in values], next=next)
