"""What the gateway shall do with requests: a value, compared and rendered, never patched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard.domain.services import Auth


@dataclass(frozen=True, slots=True)
class Backend:
    """
    The fronts of a revision, which may be routed to; requests go to the one that has fewest.

    ``id`` is the revision's id; ``timeout`` in seconds bounds an answer: scoring + queue + cold
    start + 5 s.
    """

    id: str
    sockets: tuple[str, ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class Route:
    """
    One service's address ``/serve/WORKSPACE/SERVICE/…`` and where it leads.

    ``backend`` is a Backend's id, or None while nothing is ready (503). ``key_hashes`` are
    upper-case hexadecimal SHA-256 of the keys that open it. ``port`` is a further loopback port
    for local services, without a key. ``cors`` lets OPTIONS pass without a key.
    """

    workspace: str
    service: str
    auth: Auth
    backend: str | None
    key_hashes: tuple[str, ...] = ()
    port: int | None = None
    cors: bool = False


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """
    All services and the fronts they lead to; ``draining`` backends are kept until stopped.

    ``tokens`` open what the gateway checks itself, telemetry: upper-case hexadecimal SHA-256 of
    an API token to ``WORKSPACE/ROLE``, ``*`` for all workspaces.
    """

    routes: tuple[Route, ...] = ()
    backends: Mapping[str, Backend] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
