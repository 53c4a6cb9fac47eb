"""
The rules by which a request finds its version, where the service's own map does not say it; pure.

Met only by what ``config_services.admission`` does not let pass at once: services whose traffic is
shared out, requests that name a version, and feedback.
"""

from collections.abc import Iterable, Iterator

from modelyard.domain.routing import RoutingTable
from modelyard.gateway.config_services import VERSION
from modelyard.gateway.layout import Layout
from modelyard.gateway.maps import BACKENDS, BUCKETS, CLOSED, NONE, PLANS, STICKY, VERSIONS, sticks
from modelyard.gateway.plans import FIRST, PREFIX
from modelyard.gateway.replies import answer
from modelyard.gateway.sections import PAUSE, quoted, section

FEEDBACK = "feedback"
"""The backend that takes what became of predictions."""

OWN = "cookie"
"""How a service asks for users that the gateway makes up itself."""

_COOKIE = "modelyard-user"
_YEAR = 365 * 24 * 3600
_UNKNOWN = "unknown"
_NAMED = f"req.fhdr({VERSION},1)"
_SALTED = "var(txn.sticky),field(1,/),concat(/,txn.user)"


def sources(table: RoutingTable) -> tuple[str, ...]:
    """Where the services of a table find their users, each once: ``Traffic.sticky``."""
    return tuple(sorted({route.sticky for route in table.routes if sticks(route)}))


def versions(stickies: Iterable[str], path: str) -> Iterator[str]:
    """From the service to the version; ``path`` is the service's own, for the cookie."""
    stickies = tuple(stickies)
    told = "admitted feedback { method POST }"
    yield f"http-request set-var(txn.backend) str({FEEDBACK}) if {told}"
    yield f"http-request allow if {{ var(txn.backend) -m str {FEEDBACK} }}"
    yield f"acl named {_NAMED},length gt 0"
    yield "http-request allow if direct !named"
    yield from _named()
    yield f"acl shared var(txn.backend) -m beg {PREFIX}"
    yield from _user(stickies, path)
    yield from _shared(bool(stickies))
    yield "http-request allow if direct"


def _named() -> Iterator[str]:
    yield f"http-request set-var(txn.version) {_NAMED} if admitted named"
    yield f"http-request set-var(txn.backend) str({_UNKNOWN}) if admitted named"
    yield (
        f"http-request set-var(txn.backend) var(txn.svc),concat(/,txn.version),map({VERSIONS}) "
        "if admitted named"
    )
    yield "http-request set-header x-modelyard-chosen 1 if direct named"


def _user(stickies: Iterable[str], path: str) -> Iterator[str]:
    """Who asks; a fetch cannot take the name of a header from a variable, so each has its rule."""
    if not stickies:
        return
    yield f"http-request set-var(txn.sticky) var(txn.svc),map({STICKY}) if shared"
    for sticky in stickies:
        kind, _, name = sticky.partition(":")
        fetch = f"req.fhdr({name},1)" if kind == "header" else f"req.cook({name or _COOKIE})"
        here = f"shared {{ var(txn.sticky),field(2,/) -m str {sticky} }}"
        yield f"http-request set-var(txn.user) {fetch} if {here}"
        if sticky == OWN:
            yield from _made_up(here, path)
    yield "acl user var(txn.user),length gt 0"
    hashed = f"{_SALTED},sha2(256),bytes(0,8),hex,lower"
    yield f"http-request set-var(txn.who) {hashed} if shared user"
    yield "http-request set-header x-modelyard-user %[var(txn.who)] if shared user"


def _made_up(here: str, path: str) -> Iterator[str]:
    """A user without a cookie is given one."""
    yield "acl new var(txn.new) -m found"
    yield f"http-request set-var(txn.new) uuid() if {here} !{{ var(txn.user),length gt 0 }}"
    yield "http-request set-var(txn.user) var(txn.new) if new"
    yield (
        f'http-after-response add-header Set-Cookie "{_COOKIE}=%[var(txn.new)]; Path={path}; '
        f'Max-Age={_YEAR}; HttpOnly; SameSite=Lax" if new'
    )


def _shared(sticky: bool) -> Iterator[str]:
    """
    Its bucket, and who has that.

    A plan may go between the two looks at the maps; then there is another one by now.
    """
    yield f"http-request set-var(txn.bucket) rand({FIRST}),add({FIRST}) if shared"
    if sticky:
        yield (
            f"http-request set-var(txn.bucket) {_SALTED},xxh32,mod({FIRST}),add({FIRST}) "
            "if shared user"
        )
    yield f"http-request set-header x-modelyard-bucket %[var(txn.bucket),mod({FIRST})] if shared"
    # nobody asks for it but who changes plans; HAProxy keeps no table that nothing names
    yield f"acl planned var(txn.backend),map({PLANS}) -m found"
    owner = f"var(txn.backend),concat(/,txn.bucket),map_beg({BUCKETS})"
    yield f"http-request set-var(txn.backend) {owner} if shared"
    yield f"http-request set-var(txn.backend) var(txn.svc),map({BACKENDS}) if shared"
    yield f"http-request set-var(txn.backend) {owner} if shared"


def nowhere() -> Iterator[str]:
    """What is said to a request that may pass, but not to any version."""
    yield answer(
        404,
        "The service %[var(txn.svc),json(utf8s)] is closed: none of its versions has any traffic. "
        f"Give one a share, or name one in the header {VERSION}.",
        "not_found",
        when=f"if {{ var(txn.backend) -m str {CLOSED} }}",
    )
    yield answer(
        404,
        "The service %[var(txn.svc),json(utf8s)] has no version %[var(txn.version),json(utf8s)], "
        f"which the header {VERSION} names.",
        "not_found",
        when=f"if {{ var(txn.backend) -m str {_UNKNOWN} }}",
    )
    yield answer(
        503,
        "The version %[var(txn.version),json(utf8s)] of the service %[var(txn.svc),json(utf8s)] "
        "is not ready.",
        "not_ready",
        headers={"Retry-After": "1"},
        when=f"if {{ var(txn.backend) -m str {NONE} }} {{ var(txn.version) -m found }}",
    )


def feedback_section(layout: Layout) -> str:
    """
    To the collector, as the service whose key or token was shown.

    It is no request to a version, so it is no line of the service's log.
    """
    return section(
        f"backend {FEEDBACK} from collector",
        "http-request set-header x-modelyard-workspace %[var(txn.svc),field(1,/)]",
        "http-request set-header x-modelyard-service %[var(txn.svc),field(2,/)]",
        "http-request set-header x-modelyard-role feedback",
        "http-request set-path /api/v1/telemetry/services/%[var(txn.svc)]/feedback",
        "http-request unset-var(txn.svc)",
        "http-request del-header authorization",
        f"server collector {quoted(f'unix@{layout.collector_socket}')} backup",
        PAUSE,
    )
