"""Ports of local services, checked before HAProxy is told to bind them."""

import socket
from collections.abc import Collection, Mapping
from dataclasses import replace

from modelyard.domain.errors import GatewayFailed
from modelyard.domain.routing import RoutingTable
from modelyard.gateway.maps import address


def local_ports(table: RoutingTable) -> dict[int, str]:
    """The service of each local port; raises GatewayFailed when two want the same."""
    owners: dict[int, str] = {}
    for route in table.routes:
        if route.port is None:
            continue
        if route.port in owners:
            raise GatewayFailed(
                f"Port {route.port} is wanted by two local services, {owners[route.port]} and "
                f"{address(route)}. Give one of them another port.",
                details={"port": route.port, "service": address(route)},
            )
        owners[route.port] = address(route)
    return owners


def occupied(owners: Mapping[int, str], ours: Collection[int]) -> dict[int, str]:
    """
    Those that something else listens on.

    Asked here and not of HAProxy: on a failed bind it stops listening everywhere for seconds while
    it tries again.
    """
    return {p: service for p, service in owners.items() if p not in ours and not free(p)}


def free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether the port can be bound now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def refuse(taken: Mapping[int, str]) -> GatewayFailed:
    """The error that names them."""
    port, service = next(iter(taken.items()))
    named = ", ".join(f"{p} of {s}" for p, s in taken.items())
    return GatewayFailed(
        f"Something else on this machine listens on port {named}. Stop it or give the local "
        "service another port.",
        details={"port": port, "service": service, "ports": dict(taken)},
    )


def without(table: RoutingTable, taken: Collection[int]) -> RoutingTable:
    """The table with those ports left out; their services stay reachable under ``/serve``."""
    routes = (replace(r, port=None) if r.port in taken else r for r in table.routes)
    return replace(table, routes=tuple(routes))
