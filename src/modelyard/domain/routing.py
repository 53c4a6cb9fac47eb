"""What the gateway shall do with requests: a value, compared and rendered, never patched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard.domain.services import Auth
from modelyard.domain.traffic import Runs


@dataclass(frozen=True, slots=True)
class Backend:
    """
    The fronts of a revision, which may be routed to; requests go to the one that has fewest.

    ``id`` is the revision's id; ``timeout`` in seconds bounds an answer: scoring + queue + cold
    start + 5 s. ``version`` is its name, for the answers that the gateway gives instead of it.
    """

    id: str
    sockets: tuple[str, ...]
    timeout: float
    version: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """
    One service's address ``/serve/WORKSPACE/SERVICE/…`` and where it leads.

    ``backend`` is a Backend's id, or None while nothing is ready (503). ``key_hashes`` are
    upper-case hexadecimal SHA-256 of the keys that open it. ``port`` is a further loopback port
    for local services, without a key. ``cors`` lets OPTIONS pass without a key.

    ``versions`` are the backends of all versions that can be reached, by name: the header
    ``azureml-model-deployment`` picks one. ``owners`` says which version has which of the 1,000
    buckets; none: all requests go to ``backend``. It names only versions of ``versions``.
    ``waiting`` names versions that are there but cannot be reached now (503 by the header; any
    other name 404). ``closed``: nothing but the header leads anywhere (404). ``sticky`` is as in
    ``Traffic``, ``id`` the service's own, which salts the hash of users and is in its tokens.
    """

    workspace: str
    service: str
    auth: Auth
    backend: str | None
    key_hashes: tuple[str, ...] = ()
    port: int | None = None
    cors: bool = False
    id: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    owners: Runs = ()
    closed: bool = False
    sticky: str = ""
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """
    All services and the fronts they lead to; ``draining`` backends are kept until stopped.

    ``tokens`` open what the gateway checks itself, telemetry: upper-case hexadecimal SHA-256 of
    an API token to ``WORKSPACE/ROLE``, ``*`` for all workspaces. ``signing_key`` (hexadecimal) is
    what tokens of services with ``Auth.TOKEN`` are signed with, '' while there are none.
    """

    routes: tuple[Route, ...] = ()
    backends: Mapping[str, Backend] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    signing_key: str = field(default="", repr=False)
