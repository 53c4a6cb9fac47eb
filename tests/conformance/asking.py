"""Requests as a table has them, and their answers."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}

Connect = Callable[[], http.client.HTTPConnection]


@dataclass(frozen=True)
class Ask:
    """One request; ``name`` is unique among those of its script."""

    name: str
    body: bytes = b""
    method: str = "POST"
    path: str = "/score"
    headers: Mapping[str, str] = field(default_factory=dict)


def post(name: str, value: Any, **headers: str) -> Ask:
    """A value as JSON."""
    return Ask(name, json.dumps(value).encode(), headers={**JSON, **headers})


def text(name: str, body: str | bytes, headers: Mapping[str, str] = JSON) -> Ask:
    """A body as it is."""
    return Ask(name, body.encode() if isinstance(body, str) else body, headers=headers)


def get(name: str, path: str, **headers: str) -> Ask:
    return Ask(name, method="GET", path=path, headers=headers)


def other(name: str, method: str, path: str = "/score", **headers: str) -> Ask:
    return Ask(name, method=method, path=path, headers=headers)


@dataclass(frozen=True)
class Answer:
    """Status, headers (lower-case, repeated ones joined by commas) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(connect: Connect, request: Ask) -> Answer:
    """Send it on a connection of its own, with no header that the table does not name."""
    connection = connect()
    try:
        connection.putrequest(request.method, request.path, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            connection.putheader("content-length", str(len(request.body)))
        connection.endheaders(request.body or None)
        response = connection.getresponse()
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        return Answer(response.status, headers, response.read())
    finally:
        connection.close()
