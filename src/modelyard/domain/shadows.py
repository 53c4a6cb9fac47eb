"""Shadows: versions that get copies of requests, after the fact, and what is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMPARED = "modelyard.shadow"
"""The event of one pair of answers that were compared."""

MISSED = "modelyard.shadow.missed"
"""The event of copies that came to nothing, counted by their reason."""

SHADOW_HEADER = "x-modelyard-shadow"
"""What marks a request as a copy: it is never copied again, and never counted in a rollout."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """
    A version that gets copies of a front's requests: ``share`` in tenths of a percent.

    ``front`` is the id of its revision.
    """

    version: str
    front: str
    share: int


@dataclass(frozen=True, slots=True)
class ShadowOrder:
    """The same as a front is told it: where the shadow's own fronts answer (unix sockets)."""

    version: str
    share: int
    sockets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShadowOrders:
    """All shadows of a front; a copy is kept for ``seconds`` at most."""

    shadows: Sequence[ShadowOrder] = ()
    seconds: float = 600.0


def orders_path(spec: Path) -> Path:
    """Where the orders of a front lie, beside its specification: it reads them when it starts."""
    return spec.with_name(f"{spec.stem}.shadows.json")
