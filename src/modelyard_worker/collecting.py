"""Whether this worker collects, and where to; almost nothing is imported where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

if TYPE_CHECKING:
    from modelyard_worker.collection import Collecting

_told: Optional[Collecting] = None
_open = False


def prepare(greeting: Mapping[str, Any]) -> None:
    """Take out of the front's HELLO whether and where to; an older front's has nothing of it."""
    global _told
    told = greeting.get("collect")
    if not told:
        _told = None
        return
    from modelyard_worker.collection import Collecting  # what it imports others need not wait for

    _told = Collecting(told, greeting.get("models") or ())


def start() -> None:
    """Requests come from now on: what init() and self-tests collected before is not kept."""
    global _open
    _open = True


def enabled() -> bool:
    """Whether the service was deployed with ``collect_model_data``."""
    return _told is not None


def current() -> Optional[Collecting]:
    """Where rows go now; None where nothing is collected."""
    return _told if _open else None
