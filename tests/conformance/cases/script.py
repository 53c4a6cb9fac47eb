"""A script and what is asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.conformance.asking import Ask


@dataclass(frozen=True)
class Script:
    """``files`` lie beside ``score.py``; ``variables`` are the service's own."""

    name: str
    text: str
    asks: tuple[Ask, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
