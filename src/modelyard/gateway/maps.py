"""
The maps of the gateway: everything that changes without a reload.

A map is a file that HAProxy reads at start and a table in its memory that we change while it runs.
``buckets.map`` is not among the others here, because it may be long: it follows from
``plans.map``, which says of each plan in one line what it is. A plan that stands there is whole.
"""

import re
from collections.abc import Mapping

from modelyard.domain.routing import Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.gateway.plans import lines, plan

_STICKY = re.compile(r"cookie|(header|cookie):[A-Za-z0-9_.-]{1,100}")

Maps = dict[str, dict[str, str]]

AUTH = "auth.map"
BACKENDS = "backends.map"
BUCKETS = "buckets.map"
CORS = "cors.map"
KEYS = "keys.map"
PLANS = "plans.map"
STICKY = "sticky.map"
TOKENS = "tokens.map"
VERSIONS = "versions.map"

_AT_ONCE = 50
"""Entries of a plan in one command: HAProxy takes 16 KB."""

CLOSED = "closed"
"""Instead of a backend: no version has any traffic."""

NONE = "none"
"""Instead of a backend: it cannot be reached now."""


def maps(table: RoutingTable) -> Maps:
    """
    The content of each map file.

    In the order in which additions are safe: a plan is whole before a service is switched to it
    (``backends.map``), and a service is known (``auth.map``) last. A service that is not in
    ``auth.map`` gives 404, one that is not in ``backends.map`` 503.
    """
    plans = {address(route): _plan(route, table) for route in table.routes if route.owners}
    return {
        TOKENS: dict(table.tokens),
        KEYS: {f"{address(r)}:{what}": "1" for r in table.routes for what in _opens(r)},
        CORS: {address(r): "1" for r in table.routes if r.cors},
        STICKY: {address(r): f"{r.id}/{r.sticky}" for r in table.routes if sticks(r)},
        VERSIONS: {
            f"{address(r)}/{name}": _backend(id, table)
            for r in table.routes
            for name, id in [*r.versions.items(), *((name, None) for name in r.waiting)]
        },
        PLANS: dict(plans.values()),
        BACKENDS: {address(r): _target(r, plans, table) for r in table.routes},
        AUTH: {address(r): r.auth.value for r in table.routes},
    }


NAMES = tuple(maps(RoutingTable()))
"""All of them, in that order."""


def after(wanted: Maps, now: Maps) -> Maps:
    """
    What shall be there after a change of ``now``.

    A plan that a service is being switched away from stays until the next change: a request may
    just have read its name.
    """
    in_use = set(now[BACKENDS].values())
    kept = {name: said for name, said in now[PLANS].items() if name in in_use}
    return {**wanted, PLANS: {**kept, **wanted[PLANS]}}


def address(route: Route) -> str:
    """How maps name a service."""
    return f"{route.workspace}/{route.service}"


def backend_name(id: str) -> str:
    """How HAProxy names the backend of a revision."""
    return f"be_{id}"


def sticks(route: Route) -> bool:
    """Whether its users can be told apart by a name that may stand in the configuration."""
    return _STICKY.fullmatch(route.sticky) is not None


def _opens(route: Route) -> tuple[str, ...]:
    """What callers prove: that they have a key, or a token of the service with this id."""
    return (route.id,) if route.auth is Auth.TOKEN and route.id else route.key_hashes


def _backend(id: str | None, table: RoutingTable) -> str:
    return NONE if id is None or id not in table.backends else backend_name(id)


def _plan(route: Route, table: RoutingTable) -> tuple[str, str]:
    backends = {name: _backend(id, table) for name, id in route.versions.items()}
    return plan(tuple((backends.get(name, NONE), count) for name, count in route.owners))


def _target(route: Route, plans: Mapping[str, tuple[str, str]], table: RoutingTable) -> str:
    if route.closed:
        return CLOSED
    if address(route) in plans:
        return plans[address(route)][0]
    return _backend(route.backend, table)


def render_maps(entries: Maps) -> dict[str, str]:
    """The text of each file, in the order in which they are written."""
    texts = {}
    for name, table in entries.items():
        if name == PLANS:
            texts[BUCKETS] = "".join(
                f"{line}\n" for p in sorted(table.items()) for line in lines(*p)
            )
        texts[name] = render_map(table)
    return texts


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

    What goes is unknown first (``auth.map``), what comes is known last (``auth.map`` again). Plans
    that go have been left before this change; they come last.
    """
    removed = [
        f"del map {name} {key}"
        for name in reversed(wanted)
        for key in now[name]
        if key not in wanted[name] and name != PLANS
    ]
    put = [
        command
        for name, entries in wanted.items()
        for key, value in entries.items()
        if now[name].get(key) != value
        for command in _put(name, key, value, known=key in now[name])
    ]
    gone = now[PLANS].items() - wanted[PLANS].items()
    return [*removed, *put, *(command for left in sorted(gone) for command in _forget(*left))]


def _put(name: str, key: str, value: str, *, known: bool) -> list[str]:
    last = f"{'set' if known else 'add'} map {name} {key} {value}"
    if name != PLANS:
        return [last]
    # many at once behind one command; an empty line ends it
    entries = lines(key, value)
    parts = (entries[at : at + _AT_ONCE] for at in range(0, len(entries), _AT_ONCE))
    return [*(f"add map {BUCKETS} <<\n{chr(10).join(part)}\n" for part in parts), last]


def _forget(plan: str, said: str) -> list[str]:
    keys = (line.partition(" ")[0] for line in lines(plan, said))
    return [f"del map {PLANS} {plan}", *(f"del map {BUCKETS} {key}" for key in keys)]
