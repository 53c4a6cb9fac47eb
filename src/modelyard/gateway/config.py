"""
The gateway's configuration: a pure function from routing table to text.

What is written here is what HAProxy must be reloaded for: fronts, timeouts and local ports. Which
service leads where, keys and authentication are in the maps (``maps.py``).
"""

import hashlib
from collections.abc import Iterator

from modelyard.domain.routing import Route, RoutingTable
from modelyard.gateway.config_begun import script
from modelyard.gateway.config_collector import collector_section, to_collector
from modelyard.gateway.config_fronts import front_sections
from modelyard.gateway.config_services import (
    admission,
    key,
    lookup,
    onward,
    refused,
    refused_keys,
)
from modelyard.gateway.config_tokens import DOOR, refused_tokens, signing_key, tokens
from modelyard.gateway.config_traffic import feedback_section, nowhere, sources, versions
from modelyard.gateway.layout import Layout
from modelyard.gateway.log_ring import TARGET, log_ring
from modelyard.gateway.maps import address
from modelyard.gateway.replies import EVERYWHERE, OF_COLLECTOR, OF_CONTROL, answer, of_fronts
from modelyard.gateway.sections import PAUSE, quoted, section

LOCAL_PREFIX = "local_"
_LONGEST_UPLOAD = 4 * 3600
_CLOSE = "option http-server-close"
"""A kept connection that dies looks to a caller as if nothing had been asked."""

_STAMP = "description modelyard-"

_LOG = (
    '{"time":%Ts.%ms,"id":"%ID","service":"%[var(txn.svc),json(utf8s)]","backend":"%b",'
    '"method":"%HM","path":"%[var(txn.path),json(utf8s)]","status":%ST,"received":%U,"sent":%B,'
    '"request_ms":%TR,"connect_ms":%Tc,"answer_ms":%Tr,"total_ms":%Ta,"retries":"%rc",'
    # the first letter of the version that the caller named: long lines are cut off
    '"named":"%[var(txn.version),bytes(0,1),json(utf8s)]","user":"%[var(txn.who)]","end":"%tsc"}'
)


def render(table: RoutingTable, layout: Layout) -> str:
    """The whole ``haproxy.cfg``, stamped with its own digest (``stamp``)."""
    sections = [
        _global(table, layout),
        log_ring(layout.log_socket),
        _defaults(),
        _main(table, layout),
        *(_local(route, table, layout) for route in _local_routes(table)),
        *_inner_backends(layout),
        *(_successor(f"successor_{r.port}", f"127.0.0.1:{r.port}") for r in _local_routes(table)),
        *(s for id in sorted(table.backends) for s in front_sections(table.backends[id], layout)),
    ]
    text = "\n".join(sections)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return text.replace(f"{_STAMP}\n", f"{_STAMP}{digest}\n", 1)


def stamp(text: str) -> str:
    """What a running process says in ``description`` when this configuration is in force."""
    line = next((s for s in text.splitlines() if s.strip().startswith(_STAMP)), "")
    return line.strip().removeprefix("description ")


def fits(text: str, layout: Layout) -> bool:
    """Whether a configuration found on the disk was written for this address and these sockets."""
    present = {line.strip() for line in text.splitlines()}
    return {_bind(layout), _stats_socket(layout), _control_server(layout)} <= present


def _global(table: RoutingTable, layout: Layout) -> str:
    longest = max((b.timeout for b in table.backends.values()), default=0.0)
    return section(
        "global",
        _STAMP,
        "log stdout len 8192 format raw local0 info",
        TARGET,
        "default-path config",  # the maps lie beside this file
        *script(layout),
        f"nbthread {layout.threads}",
        "profiling.tasks off",  # else HAProxy times each of its steps as soon as it is busy
        # some containers allow a billion files, and HAProxy would make room for all of them
        "fd-hard-limit 65536",
        # an older process still finishes what it has: longer than any answer may take
        f"hard-stop-after {max(_LONGEST_UPLOAD, int(longest) + 60)}s",
        _stats_socket(layout),
        *signing_key(table.signing_key),
    )


def _bind(layout: Layout) -> str:
    return f"bind {layout.address}"


def _stats_socket(layout: Layout) -> str:
    return f"stats socket {quoted(layout.runtime_socket)} mode 600 level admin expose-fd listeners"


def _control_server(layout: Layout) -> str:
    return f"server control {quoted(f'unix@{layout.control_socket}')} backup"


def _defaults() -> str:
    base = section(
        "defaults base",
        "mode http",
        # without it every reload breaks some keep-alive clients: idle ones get their last answer
        "option idle-close-on-response",
        "option abortonclose",
        # Only a failed connect is tried again, for 2 s in all. To a unix socket it fails at once
        # and HAProxy would try again at once; so every second try goes to a port where nobody
        # listens, after which it waits for ``timeout connect`` (between active servers it would
        # not wait: hence "backup").
        "balance first",
        "option allbackups",
        "option redispatch 1",
        "retries 40",
        "retry-on conn-failure",
        "timeout connect 100ms",
        "timeout client 5m",
        "timeout server 60s",
        "timeout tunnel 1h",
        "timeout http-request 30s",
        "timeout http-keep-alive 60s",
        "unique-id-format %[uuid()]",
        *EVERYWHERE,
    )
    return "\n".join(
        [
            base,
            section("defaults fronts from base", _CLOSE, *of_fronts()),
            section("defaults control from base", _CLOSE, *OF_CONTROL),
            section("defaults collector from base", _CLOSE, *OF_COLLECTOR),
        ]
    )


def _main(table: RoutingTable, layout: Layout) -> str:
    doors = ("keyed right_key", "open", "known { method OPTIONS } cors")
    return section(
        "frontend main from base",
        _bind(layout),
        *_entry(layout),
        "acl serve path_beg /serve/",
        "http-request allow unless serve",  # the control plane checks what is its own
        "http-request set-var(txn.svc) path,field(3,/,2)",
        "http-request set-path /%[path,field(5,/,0)]",
        *key(),
        *admission(layout, *doors),
        *tokens(table.signing_key),
        lookup(DOOR),
        # the model's code has no need of what opens the door
        "http-request del-header authorization if tokened",
        *versions(sources(table), "/serve/%[var(txn.svc)]"),
        answer(
            404,
            "There is no service %[var(txn.svc),json(utf8s)] (WORKSPACE/SERVICE) here.",
            "not_found",
            when="if !known",
        ),
        *refused_keys(*doors, DOOR),
        *refused_tokens(),
        *nowhere(),
        *refused(layout),
        *onward(
            "successor",
            *to_collector(),
            "use_backend control unless { var(txn.svc) -m found }",
        ),
    )


def _local(route: Route, table: RoutingTable, layout: Layout) -> str:
    """A local service's own port: no key and no prefix."""
    return section(
        f"frontend {LOCAL_PREFIX}{route.port} from base",
        f"bind 127.0.0.1:{route.port}",
        *_entry(layout),
        f"http-request set-var(txn.svc) str({address(route)})",
        *admission(layout, ""),
        *versions(sources(table), "/"),
        *nowhere(),
        *refused(layout),
        *onward(f"successor_{route.port}"),
    )


def _entry(layout: Layout) -> Iterator[str]:
    """What every request meets first."""
    # This process was replaced but still holds a client's idle connection: the newest one decides,
    # because tables are changed only there. Asked once: it may become true between two rules.
    yield "acl late var(txn.late) -m bool"
    yield "log global"
    yield f"log-format {quoted(_LOG)}"
    # one line for each request to a service, and whatever fails
    yield (
        "http-after-response set-log-level silent "
        "if !{ var(txn.svc) -m found } !{ status ge 500 } or late"
    )
    # fronts and the control plane say the id that they were given
    yield (
        "http-after-response set-header X-Request-Id %[unique-id] "
        "unless { res.hdr(x-request-id) -m found }"
    )
    yield "http-request set-var(txn.late) bool(true) if { stopping }"
    yield "http-request allow if late"
    yield "http-request set-var(txn.path) path"
    yield from _host_check(layout)
    yield "http-request set-header X-Request-Id %[unique-id]"
    yield "http-request set-header X-Forwarded-For %[src]"  # whatever the caller says of itself
    yield "http-request del-header x-modelyard- -m beg"


def _host_check(layout: Layout) -> Iterator[str]:
    """Against DNS rebinding: a page of another site must not reach us under that site's name."""
    host = "req.fhdr(host,1),host_only"
    names = " ".join(quoted(name) for name in layout.host_names)
    yield f"acl known_host {host} -m str -i {names}"
    yield rf"acl known_host {host} -m reg '^127\.[0-9.]+$'"
    if not layout.loopback:
        yield rf"acl known_host {host} -m reg -i '^[0-9.]+$' '^\[[0-9a-f:.]+\]$'"
    yield answer(
        421,
        f"The Host header names %[{host},lower,json(utf8s)], which is not this server. "
        "MODELYARD_ALLOWED_HOSTS adds names.",
        "bad_host",
        when="unless known_host",
    )


def _inner_backends(layout: Layout) -> list[str]:
    """The backends that are always there."""
    long_routes = r"'^/api/v1/(.*/)?(blobs|logs?)(/|$)'"
    return [
        section(
            "backend control from control",
            f"http-request set-timeout server {_LONGEST_UPLOAD}s if {{ path_reg {long_routes} }}",
            _control_server(layout),
            PAUSE,
        ),
        collector_section(layout),
        feedback_section(layout),
        # a backend that the map names but this process does not know
        section(
            "backend nowhere from fronts",
            answer(
                503,
                "The service is not ready yet.",
                "not_ready",
                headers={"Retry-After": "1"},
                when="if TRUE",
            ),
        ),
        _successor("successor", layout.own_address),
    ]


def _successor(name: str, to: str) -> str:
    """The process that replaced this one listens at the same address."""
    return section(f"backend {name} from fronts", "timeout server 4h", f"server newest {to}")


def _local_routes(table: RoutingTable) -> list[Route]:
    return sorted((r for r in table.routes if r.port is not None), key=lambda r: r.port or 0)
