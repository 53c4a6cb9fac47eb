"""The answers that the gateway gives itself: our flat JSON, in HAProxy's own words."""

from collections.abc import Mapping

from modelyard.domain.fronts import LOST

JSON = "application/json"


def body(message: str, code: str) -> str:
    """A ``lf-string``; ``message`` may hold ``%[…]`` expressions that give JSON-escaped text."""
    return f'\'{{"message":"{message}","code":"{code}","request_id":"%[unique-id]"}}\''


def answer(
    status: int,
    message: str,
    code: str,
    *,
    when: str,
    headers: Mapping[str, str] | None = None,
    triton: bool = False,
) -> str:
    """The rule that answers instead of a backend; ``triton``: as clients of /v2 read errors."""
    text = f'\'{{"error":"{message}"}}\'' if triton else body(message, code)
    extra = "".join(f" hdr {name} {value}" for name, value in (headers or {}).items())
    return (
        f"http-request return status {status} content-type {JSON} lf-string {text}{extra} {when}"
    )


def error(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> str:
    """What HAProxy's own error of that status looks like."""
    extra = "".join(f" hdr {name} {value}" for name, value in (headers or {}).items())
    return f"http-error status {status} content-type {JSON} lf-string {body(message, code)}{extra}"


EVERYWHERE = (
    error(400, "The request is not valid HTTP, or its body ended too early.", "bad_input"),
    error(403, "The gateway does not allow this request.", "forbidden"),
    error(405, "The gateway does not allow this method.", "bad_input"),
    error(408, "The request did not arrive whole in time. Send it again.", "timeout"),
    error(413, "The request is too large.", "too_large"),
    error(429, "There are too many requests. Try again later.", "unavailable"),
    error(500, "The gateway failed. Its log says why.", "error"),
    error(501, "The gateway does not know this method.", "bad_input"),
    error(502, "The answer was lost. The request may have been carried out.", "unavailable"),
    error(503, "Nothing answers. Try again later.", "unavailable", {"Retry-After": "1"}),
    error(504, "There was no answer in time.", "timeout"),
)
"""For all that HAProxy can say in frontends and backends, unless they know better."""


def of_fronts(version: str = "") -> tuple[str, ...]:
    """What went wrong between gateway and front; with the version that did not answer."""
    named = {"azureml-model-deployment": version} if version else {}
    return (
        error(
            502,
            LOST,
            "front_lost",
            named,
        ),
        error(
            503,
            "The service version is not running. It is being started again.",
            "front_down",
            {"Retry-After": "2", **named},
        ),
        error(504, "The service version did not answer in time.", "timeout", named),
    )


OF_CONTROL = (
    error(
        502,
        "The control plane ended before it answered. The request may have been carried out.",
        "control_plane_lost",
    ),
    error(
        503,
        "The control plane is not running. It is being started again; services go on.",
        "control_plane_down",
        {"Retry-After": "2"},
    ),
    error(504, "The control plane did not answer in time.", "timeout"),
)
"""What went wrong between gateway and control plane."""

OF_COLLECTOR = (
    error(
        502,
        "The collector ended before it answered. The request may have been carried out.",
        "collector_lost",
    ),
    error(
        503,
        "The collector is not running. It is being started again; services go on and keep what "
        "they report until then. Its log says what happened: modelyard logs collector.",
        "collector_down",
        {"Retry-After": "2"},
    ),
    error(504, "The collector did not answer in time.", "timeout"),
)
"""What went wrong between gateway and collector."""
