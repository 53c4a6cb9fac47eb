"""
The maps of the gateway: everything that changes without a reload.

A map is a file that HAProxy reads at start and a table in its memory that we change while it runs.
"""

from collections.abc import Mapping

from modelyard.domain.routing import Route, RoutingTable

Maps = dict[str, dict[str, str]]

AUTH = "auth.map"
BACKENDS = "backends.map"
CORS = "cors.map"
KEYS = "keys.map"
TOKENS = "tokens.map"


def maps(table: RoutingTable) -> Maps:
    """
    The content of each map file.

    In the order in which additions are safe: a service is known (``auth.map``) last. A service
    that is not in ``auth.map`` gives 404, one that is not in ``backends.map`` 503.
    """
    return {
        TOKENS: dict(table.tokens),
        KEYS: {f"{address(r)}:{hash}": "1" for r in table.routes for hash in r.key_hashes},
        CORS: {address(r): "1" for r in table.routes if r.cors},
        BACKENDS: {
            address(r): backend_name(r.backend)
            for r in table.routes
            if r.backend is not None and r.backend in table.backends
        },
        AUTH: {address(r): r.auth.value for r in table.routes},
    }


def address(route: Route) -> str:
    """How maps name a service."""
    return f"{route.workspace}/{route.service}"


def backend_name(id: str) -> str:
    """How HAProxy names the backend of a revision."""
    return f"be_{id}"


def render_map(entries: Mapping[str, str]) -> str:
    """The text of a map file."""
    return "".join(f"{key} {value}\n" for key, value in sorted(entries.items()))


def parse_map(text: str) -> dict[str, str]:
    """What ``show map`` answers: lines of ``0xADDRESS key value``."""
    rows = (line.split(maxsplit=2) for line in text.splitlines())
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0].startswith("0x")}


def in_safe_order(wanted: Maps, now: Maps) -> list[str]:
    """
    The runtime commands that turn ``now`` into ``wanted``, none of which opens or breaks anything.

    What goes is unknown first (``auth.map``), what comes is known last (``auth.map`` again).
    """
    removed = [
        f"del map {name} {key}"
        for name in reversed(wanted)
        for key in now[name]
        if key not in wanted[name]
    ]
    put = [
        f"{'set' if key in now[name] else 'add'} map {name} {key} {value}"
        for name, entries in wanted.items()
        for key, value in entries.items()
        if now[name].get(key) != value
    ]
    return [*removed, *put]
