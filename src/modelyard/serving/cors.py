"""Which pages of other origins may call a service; no I/O."""

from collections.abc import Collection

from modelyard.serving.tickets import Headers

_EXPOSED = "x-ms-request-id, x-ms-client-request-id, x-ms-run-function-failed, x-ms-run-fn-exec-ms"


def allowed(origin: str | None, origins: Collection[str]) -> str | None:
    """The value of Access-Control-Allow-Origin, or None where the page may not call."""
    if origin is None or not origins:
        return None
    if "*" in origins:
        return "*"
    return origin if origin in origins else None


def headers(origin: str | None, origins: Collection[str]) -> Headers:
    """Headers of an ordinary answer."""
    if not origins:
        return []
    value = allowed(origin, origins)
    vary = [("vary", "Origin")] if "*" not in origins else []
    if value is None:
        return vary
    expose = ("access-control-expose-headers", _EXPOSED)
    return [("access-control-allow-origin", value), expose, *vary]


def preflight(
    origin: str | None, wanted: str | None, methods: Collection[str], origins: Collection[str]
) -> Headers:
    """Headers of the answer to a browser's OPTIONS; ``wanted`` are the headers it asks for."""
    answer = headers(origin, origins)
    if allowed(origin, origins) is None:
        return answer
    return [
        *answer,
        ("access-control-allow-methods", ", ".join(methods)),
        ("access-control-allow-headers", wanted or "authorization, content-type"),
        ("access-control-max-age", "600"),
    ]
