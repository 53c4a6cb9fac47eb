"""What the gateway shall do, from what is stored."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modelyard.domain.fronts import paths_of
from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.services import (
    Auth,
    Keys,
    Revision,
    RevisionState,
    Service,
    ServiceVersion,
)
from modelyard.domain.tokens import Token, WorkspaceToken

COLD_START = 0.0
"""Seconds that a request may wait for a first worker beyond its queue wait."""


def hash_key(key: str) -> str:
    """Upper-case hexadecimal SHA-256, as HAProxy's converters make it."""
    return hashlib.sha256(key.encode()).hexdigest().upper()


def routed_revision(
    service: Service, version: ServiceVersion, revisions: Sequence[Revision]
) -> Revision | None:
    """
    Where requests shall go: to the wanted revision as soon as it is ready, until then to the one
    that is live. Pure.
    """
    if service.deleting or not service.enabled:
        return None
    ready = {r.number: r for r in revisions if r.state is RevisionState.READY}
    return ready.get(version.wanted) or (ready.get(version.live) if version.live else None)


def routing_table(
    services: Iterable[tuple[Service, Sequence[ServiceVersion], Sequence[Revision], Keys]],
    socket_of: Callable[[str], Path],
    *,
    open_allowed: bool = True,
    tokens: Mapping[str, str] | None = None,
) -> RoutingTable:
    """
    The whole table. Backends that still finish requests stay in it until they have. Pure.

    Without ``open_allowed`` nothing is reached without a key on the one port, also what was
    deployed when only this machine could reach it. Of services that were given the same local port
    at the same moment the oldest has it: the gateway could use no table with both.
    """
    routes: list[Route] = []
    services = list(services)
    owners = _port_owners(service for service, *_ in services)
    backends: dict[str, Backend] = {}
    for service, versions, revisions, keys in services:
        target = None
        for version in versions:
            own = [r for r in revisions if r.version == version.name]
            routed = routed_revision(service, version, own)
            if version.name == service.default_version:
                target = routed
            for revision in own:
                if revision is routed or revision.state is RevisionState.DRAINING:
                    backends[revision.id] = _backend(revision, socket_of)
        if not service.deleting:
            route = _route(service, target, keys, open_allowed)
            owns = route.port is None or owners[route.port] == service.id
            routes.append(route if owns else replace(route, port=None))
    return RoutingTable(tuple(routes), backends, tokens or {})


def doors(tokens: Iterable[Token]) -> dict[str, str]:
    """What the gateway is told of tokens that open something. Pure."""
    return {
        token.sha256.upper(): f"{_workspace_of(token)}/{token.role}"
        for token in tokens
        if token.revoked is None and token.sha256
    }


def _workspace_of(token: Token) -> str:
    return token.workspace if isinstance(token, WorkspaceToken) else "*"


def _port_owners(services: Iterable[Service]) -> dict[int, str]:
    eldest = sorted((s for s in services if not s.deleting), key=lambda s: (s.created, s.id))
    return {s.port: s.id for s in reversed(eldest) if s.port is not None}


def without_port(table: RoutingTable, port: int) -> RoutingTable:
    """The table with that local port left out. Pure."""
    routes = (replace(r, port=None) if r.port == port else r for r in table.routes)
    return replace(table, routes=tuple(routes))


def _backend(revision: Revision, socket_of: Callable[[str], Path]) -> Backend:
    serving = revision.content.serving
    # what was in a batch that took too long is run once more, alone
    batched = serving.batching is not None or revision.content.predictor is not None
    runs = serving.scoring_timeout * (2 if batched else 1)
    timeout = runs + serving.queue_wait + COLD_START + 5
    sockets = paths_of(str(socket_of(revision.id)), serving.fronts)
    return Backend(revision.id, sockets, timeout)


def _route(service: Service, target: Revision | None, keys: Keys, open_allowed: bool) -> Route:
    auth = Auth.KEY if service.auth is Auth.OFF and not open_allowed else service.auth
    hashes = (hash_key(keys.primary), hash_key(keys.secondary))
    return Route(
        workspace=service.workspace,
        service=service.name,
        auth=auth,
        backend=target.id if target else None,
        key_hashes=hashes if auth is Auth.KEY else (),
        port=service.port,
        cors=bool(target and target.content.serving.cors_origins),
    )
