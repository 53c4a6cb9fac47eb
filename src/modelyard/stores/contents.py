"""
Nested values read back from the documents that ``dataclasses.asdict`` wrote.

A field that a document lacks (an older release wrote it) gets its default.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

V = TypeVar("V")


def value_of(document: Mapping[str, Any], kind: type[V]) -> V:
    """The value of that dataclass, with lists as the tuples and dicts as the values they were."""
    return msgspec.convert(document, kind)
