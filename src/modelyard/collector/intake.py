"""What all ways in over HTTP share: whose rows they are, when they happened, their bounds."""

import hmac
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from modelyard.collector.making import texts
from modelyard.collector.web import HttpRequest
from modelyard.domain.errors import Unauthenticated
from modelyard.telemetry.ingest import Origin, read_key

WORKSPACE_HEADER = "x-modelyard-workspace"
"""Set by the gateway once it knows the API token: a workspace, or * for all."""

PAST = 30 * 86400.0
FUTURE = 600.0
"""Seconds around now within which a stated moment is believed."""

LONGEST_TEXT = 32 * 1024
LONGEST_VALUE = 8 * 1024
MOST_DIMENSIONS = 200
"""Bounds of one row, in characters and names; what is over is cut."""

_SAY = (
    "Telemetry needs a key: send the API token as 'Authorization: Bearer …', or use the address "
    "with the ingest key, http://…/telemetry/KEY; the key is in the file ingest.key of the home."
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request's origin and moment; ``trusted``: it is not what the sender calls itself."""

    origin: Origin
    now: float
    trusted: bool = False

    def named(self, role: str, instance: str, version: str) -> Origin:
        """The origin, with what the sender calls itself where nothing better is known."""
        if self.trusted:
            return self.origin
        workspace, slash, service = role.partition("/")
        if slash and self.origin.workspace in ("", workspace):
            return Origin(workspace, service, version, instance=instance)
        return replace(self.origin, role=role, instance=instance, version=version)


class Entry:
    """Lets in whoever has a key."""

    def __init__(self, key: Callable[[], bytes], clock: Callable[[], float] = time.time) -> None:
        """``key`` gives the home's ingest key."""
        self._key = key
        self._clock = clock

    def arrive(self, request: HttpRequest) -> Arrival:
        """Whose rows these are. Raises Unauthenticated."""
        text = request.parameters.get("key")
        if text is not None:
            origin = read_key(text, self._key())
            if origin is None:
                raise Unauthenticated("The key in this address is not one of this server's.")
            known = bool(origin.service or origin.role)
            return Arrival(origin, self._clock(), trusted=known)
        if WORKSPACE_HEADER in request.headers:
            named = request.headers[WORKSPACE_HEADER]
            return Arrival(Origin(workspace="" if named == "*" else named), self._clock())
        raise Unauthenticated(_SAY)

    def check_before(self, request: HttpRequest) -> None:
        """
        Refuse, before a body is read, who cannot have a key: reading one of 16 MB takes seconds.

        Raises Unauthenticated.
        """
        if "key" in request.parameters or WORKSPACE_HEADER in request.headers:
            self.arrive(request)
            return
        known = self._key()
        if not known or known.rstrip(b"=") not in request.body:
            raise Unauthenticated(_SAY)

    def arrive_with(self, request: HttpRequest, key: str) -> Arrival:
        """Like ``arrive``, or by the home's key that the body itself names."""
        if "key" not in request.parameters and WORKSPACE_HEADER not in request.headers:
            known = self._key()
            if known and hmac.compare_digest(key.encode(), known):
                return Arrival(Origin(), self._clock())
        return self.arrive(request)


def settled(stated: float | None, now: float) -> tuple[float, dict[str, str]]:
    """
    When it happened: as stated, or now where that cannot be; then what was stated is a dimension.

    A clock that goes wrong would else put rows where nobody looks and no retention comes.
    """
    if stated is not None and now - PAST <= stated <= now + FUTURE:
        return stated, {}
    return now, {} if stated is None else {"stated_time": _moment(stated)}


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def cut(text: str, limit: int = LONGEST_TEXT) -> str:
    """The text, its end cut where it is too long; halves of surrogate pairs become '?'."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return short if short.isascii() else short.encode(errors="replace").decode()


def dimensions(values: Mapping[Any, Any], *more: Mapping[str, str]) -> str | None:
    """The column of further texts."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if len(found) >= MOST_DIMENSIONS:
            break
        if value is not None:
            found[cut(str(name), 150)] = cut(_as_text(value), LONGEST_VALUE)
    for part in more:
        found.update(part)
    return texts(found)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else str(value)


def _moment(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return str(seconds)
