"""The paths of the Open Inference Protocol."""

import functools
from dataclasses import dataclass
from enum import Enum


class Page(Enum):
    """What a path leads to; the value are the methods that it takes."""

    SERVER = ("GET", "HEAD")
    LIVE = ("GET", "HEAD", "LIVE")
    READY = ("GET", "HEAD", "READY")
    INDEX = ("POST",)
    STATISTICS = ("GET", "HEAD", "STATISTICS")
    MODEL = ("GET", "HEAD", "MODEL")
    MODEL_READY = ("GET", "HEAD", "MODEL_READY")
    INFER = ("POST", "INFER")

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods it takes."""
        return tuple(name for name in self.value if name in {"GET", "HEAD", "POST"})


@dataclass(frozen=True, slots=True)
class Place:
    """A page, and the model and version that the path names."""

    page: Page
    model: str | None = None
    version: str | None = None


_ALONE = {
    (): Page.SERVER,
    ("health", "live"): Page.LIVE,
    ("health", "ready"): Page.READY,
    ("repository", "index"): Page.INDEX,
    ("models", "stats"): Page.STATISTICS,
}
_OF_MODEL = {
    (): Page.MODEL,
    ("ready",): Page.MODEL_READY,
    ("infer",): Page.INFER,
    ("stats",): Page.STATISTICS,
}


def is_v2(path: str) -> bool:
    """Whether the path belongs to the protocol."""
    return path == "/v2" or path.startswith("/v2/")


@functools.lru_cache(maxsize=64)
def place_of(path: str) -> Place | None:
    """Where it leads; None for a page that there is none of."""
    parts = tuple(path.removesuffix("/").split("/")[2:])
    if parts in _ALONE:
        return Place(_ALONE[parts])
    if len(parts) < 2 or parts[0] != "models" or not parts[1]:
        return None
    model, rest = parts[1], parts[2:]
    version = None
    if len(rest) >= 2 and rest[0] == "versions":
        version, rest = rest[1], rest[2:]
    page = _OF_MODEL.get(rest)
    return None if page is None else Place(page, model, version)
