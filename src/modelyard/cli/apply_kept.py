"""What the server keeps of what is asked: only what differs from that is a change. Pure."""

from collections.abc import Mapping
from typing import Any

_WORKERS, _FRONTS, _MOST = (f"serving.{name}" for name in ("workers", "fronts", "max_workers"))


def parts_as_kept(asked: Mapping[str, Any], actual: Mapping[str, Any]) -> dict[str, Any]:
    """
    A version's parts as they will be: each front has a worker, and no more workers than there
    always are is no autoscaling. ``actual`` are those parts of which nothing is asked.
    """
    kept = dict(asked)
    present = {**actual, **asked}
    workers = max(present.get(_WORKERS) or 1, present.get(_FRONTS) or 1)
    if _WORKERS in asked:
        kept[_WORKERS] = workers
    if asked.get(_MOST) == workers:
        kept[_MOST] = None
    return kept


def sticky_as_kept(sticky: str) -> str:
    """By what users are known: the case of a header's name means nothing."""
    if sticky == "off":
        return ""
    return sticky.lower() if sticky.startswith("header:") else sticky
