"""The errors that a front and its gateway really give."""

from collections.abc import Iterable
from typing import Any

STATUSES = {
    400: "The body cannot be read: no JSON, an unknown method, a broken binary body.",
    401: "The gateway wants one of the service's keys: Authorization: Bearer KEY.",
    404: "There is no such service, model or page.",
    405: "The method is not possible here; Allow lists those that are.",
    406: "The answer cannot be written in the format asked for.",
    413: "The body is larger than the service takes.",
    415: "The body's content type or encoding is not taken.",
    422: "A field is wrong; details.field is its path.",
    431: "The head of the request, or x-ms-client-request-id, is too long.",
    500: "The model failed, took too long, or gave what cannot be sent.",
    502: "The worker died while it ran this request.",
    503: "Too many requests wait, or the service is not ready: see Retry-After.",
    504: "The front did not answer in time.",
}

ERROR = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "details": {"type": "object"},
    },
    "required": ["message"],
}
"""Modelyard's shape; a script's own errors may have more in it."""

V2_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
}
"""Triton's shape."""


def responses(statuses: Iterable[int], schema: str) -> dict[str, Any]:
    """The error answers with these statuses."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        str(status): {"description": STATUSES[status], "content": content} for status in statuses
    }
