"""What the gateway shall do, from what is stored."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
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
from modelyard.domain.traffic import Runs
from modelyard.usecases.traffic_rules import answering

_ANSWERING = {RevisionState.READY, RevisionState.DRAINING}
"""States in which a front still gets requests, or may have some."""


def hash_key(key: str) -> str:
    """Upper-case hexadecimal SHA-256, as HAProxy's converters make it."""
    return hashlib.sha256(key.encode()).hexdigest().upper()


def routed_revision(
    service: Service, version: ServiceVersion, revisions: Sequence[Revision]
) -> Revision | None:
    """
    Where requests to a version shall go: to the wanted revision as soon as it is ready, until
    then to the one that is live. Pure.
    """
    if service.deleting or not service.enabled or version.deleting or not version.enabled:
        return None
    ready = {r.number: r for r in revisions if r.state is RevisionState.READY}
    return ready.get(version.wanted) or (ready.get(version.live) if version.live else None)


def routing_table(
    services: Iterable[tuple[Service, Sequence[ServiceVersion], Sequence[Revision], Keys]],
    socket_of: Callable[[str], Path],
    *,
    open_allowed: bool = True,
    tokens: Mapping[str, str] | None = None,
    signing_key: str = "",
) -> RoutingTable:
    """
    The whole table. Pure.

    Backends that still finish requests stay in it until they have, and one that is about to be
    told so stays as well: the gateway reloads once, when it is gone. Without ``open_allowed``
    nothing is reached without a key on the one port, also what was deployed when only this machine
    could reach it. Of services that were given the same local port at the same moment the oldest
    has it: the gateway could use no table with both.
    """
    routes: list[Route] = []
    services = list(services)
    owners = _port_owners(service for service, *_ in services)
    backends: dict[str, Backend] = {}
    for service, versions, revisions, keys in services:
        for revision in revisions:
            if revision.state in _ANSWERING:
                backends[revision.id] = _backend(revision, socket_of)
        if not service.deleting:
            route = _route(service, versions, revisions, keys, open_allowed)
            owns = route.port is None or owners[route.port] == service.id
            routes.append(route if owns else replace(route, port=None))
    signed = any(route.auth is Auth.TOKEN for route in routes)
    return RoutingTable(tuple(routes), backends, tokens or {}, signing_key if signed else "")


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
    cold_start = 0.0 if serving.idle_timeout is None else serving.cold_start_timeout
    timeout = runs + serving.queue_wait + cold_start + 5
    sockets = paths_of(str(socket_of(revision.id)), serving.fronts)
    return Backend(revision.id, sockets, timeout, revision.version)


def _route(
    service: Service,
    versions: Sequence[ServiceVersion],
    revisions: Sequence[Revision],
    keys: Keys,
    open_allowed: bool,
) -> Route:
    auth = Auth.KEY if service.auth is Auth.OFF and not open_allowed else service.auth
    hashes = (hash_key(keys.primary), hash_key(keys.secondary))
    routed = _routed(service, versions, revisions)
    owners, first = reachable(service, routed)
    return Route(
        workspace=service.workspace,
        service=service.name,
        auth=auth,
        backend=routed[first].id if first else None,
        key_hashes=hashes if auth is Auth.KEY else (),
        port=service.port,
        cors=any(revision.content.serving.cors_origins for revision in routed.values()),
        id=service.id,
        versions={name: revision.id for name, revision in routed.items()},
        owners=owners,
        closed=service.traffic.closed,
        sticky=service.traffic.sticky,
        waiting=tuple(v.name for v in versions if v.name not in routed and not v.deleting),
    )


def _routed(
    service: Service, versions: Sequence[ServiceVersion], revisions: Sequence[Revision]
) -> dict[str, Revision]:
    """The revision of each version that can be reached."""
    found: dict[str, Revision] = {}
    for version in versions:
        own = [r for r in revisions if r.version == version.name]
        revision = routed_revision(service, version, own)
        if revision is not None:
            found[version.name] = revision
    return found


def reachable(service: Service, routed: Collection[str]) -> tuple[Runs, str]:
    """
    Who answers instead of whom, as only versions in ``routed`` can: owners, and who has the rest.

    What belongs to a version that is not there goes to the default version, or to its stand-in;
    where there is none, to nobody (''). There are no owners where one has all. Pure.
    """
    first = answering(service, frozenset(routed))
    if not first or service.traffic.closed:
        return (), first
    there = ((name if name in routed else first, n) for name, n in service.traffic.owners)
    # run by run, never bucket by bucket: this is done for all services whenever anything changes
    merged = tuple(
        (name, sum(n for _, n in group)) for name, group in groupby(there, key=itemgetter(0))
    )
    return ((), merged[0][0]) if len(merged) == 1 else (merged, first)
