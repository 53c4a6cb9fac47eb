"""What the parts of the collector that answer over HTTP give and get; values only."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """
    A whole request. ``headers`` have lower-case names; ``query`` has the last of repeated ones;
    ``parameters`` are the path's; ``body`` is unpacked where it came with gzip.

    ``workspace`` is the only one that the caller may see, None for all.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    parameters: Mapping[str, str] = field(default_factory=dict)
    workspace: str | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back; pieces are sent as they come."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterator[bytes] = b""


Handler = Callable[[HttpRequest], Awaitable[HttpAnswer]]
"""May raise a ModelyardError, which becomes our JSON of its status."""


@dataclass(frozen=True, slots=True)
class Route:
    """
    A path like ``/api/v1/telemetry/requests/{id}`` and who answers it.

    ``body_limit`` in bytes, after unpacking.
    """

    method: str
    path: str
    handle: Handler
    body_limit: int = 1024 * 1024
