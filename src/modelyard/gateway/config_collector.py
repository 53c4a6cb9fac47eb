"""The way to the collector: telemetry that comes in, and questions about it; pure."""

from collections.abc import Iterator

from modelyard.gateway.layout import Layout
from modelyard.gateway.maps import TOKENS
from modelyard.gateway.replies import answer
from modelyard.gateway.sections import PAUSE, quoted, section

_LONGEST_ANSWER = 4 * 3600
"""Seconds: a log that is followed, where nothing is said for long."""


def to_collector() -> Iterator[str]:
    """Asked only of what is no service's: that costs requests to services nothing."""
    paths = "/api/v1/telemetry/ /telemetry/ /v1/metrics /v1/logs /v1/traces /v2/track /v2.1/track"
    yield f"acl telemetry path_beg {paths}"
    yield "acl telemetry path /metrics"
    yield "use_backend collector if telemetry"


def collector_section(layout: Layout) -> str:
    """
    The backend: who shows an API token passes with its workspace and role.

    The collector itself checks what opens with a key of its own: an address with a key in it
    (``/telemetry/KEY/…``), and Application Insights' packages, whose key is in what they send.
    """
    long_routes = r"'^/api/v1/telemetry/(query|.*/logs)$'"
    return section(
        "backend collector from collector",
        # there the second part is a key, which belongs into no log
        "http-request set-var(txn.path) str(/telemetry/KEY) if { path_beg /telemetry/ }",
        f"http-request set-timeout server {_LONGEST_ANSWER}s if {{ path_reg {long_routes} }}",
        f"http-request set-var(txn.who) http_auth_bearer,sha2(256),hex,map({TOKENS})",
        "acl known var(txn.who) -m found",
        "acl own_key path_beg /telemetry/ /v2/ /v2.1/",
        *(("acl open path /metrics",) if layout.loopback else ("acl open always_false",)),
        *_refused(),
        "http-request set-header x-modelyard-workspace %[var(txn.who),field(1,/)] if known",
        "http-request set-header x-modelyard-role %[var(txn.who),field(2,/)] if known",
        # what opened the door is of no use behind it
        "http-request del-header authorization",
        f"server collector {quoted(f'unix@{layout.collector_socket}')} backup",
        PAUSE,
    )


def _refused() -> Iterator[str]:
    refused = "!known !own_key !open"
    for condition, message in (
        (
            f"{{ path_beg /v1/ }} {refused}",
            "Send an API token as Authorization: Bearer TOKEN (with OpenTelemetry: "
            "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN). Workers and jobs are given "
            "an address that needs none, in OTEL_EXPORTER_OTLP_ENDPOINT.",
        ),
        (
            refused,
            "Send an API token that is known here as Authorization: Bearer TOKEN. On the "
            "machine of the server it is the file token in its home.",
        ),
    ):
        yield answer(
            401,
            message.replace("%", "%%"),
            "unauthenticated",
            headers={"WWW-Authenticate": "Bearer"},
            when=f"if {condition}",
        )
