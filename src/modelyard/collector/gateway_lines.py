"""What the gateway writes: octet-counted lines, most of them a JSON object a request. Pure."""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from modelyard.collector.making import row
from modelyard.collector.sink import Row
from modelyard.telemetry.records import About

LONGEST = 64 * 1024
"""Bytes of a line that are kept; the gateway's own limit is 8 KB."""

_COUNT = re.compile(rb"(\d{1,7}) ")
_PRIORITY = re.compile(rb"<(\d{1,3})>")
_SEVERITIES = (4, 4, 4, 3, 2, 1, 1, 0)
"""Of the table, by syslog's."""

_CODES = {
    400: "bad_input", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
    405: "bad_input", 408: "timeout", 413: "too_large", 421: "bad_host", 499: "client_gone",
    500: "error", 501: "bad_input", 502: "front_lost", 504: "timeout",
}  # fmt: skip


class Broken(ValueError):
    """The bytes are no octet-counted lines: nothing behind them can be understood either."""


class Frames:
    """Takes lines out of a stream: ``LENGTH SPACE LINE``, one after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Whole lines; of one that is too long the beginning. Raises Broken."""
        self._buffer += data
        lines: list[bytes] = []
        at = 0
        while at < len(self._buffer):
            if self._skip:
                passed = min(self._skip, len(self._buffer) - at)
                self._skip -= passed
                at += passed
                continue
            found = _COUNT.match(self._buffer, at)
            if found is None:
                if len(self._buffer) - at < 8 and self._buffer[at:].isdigit():
                    break
                raise Broken("The gateway's lines do not begin with their length.")
            size, start = int(found[1]), found.end()
            kept = min(size, LONGEST)
            if len(self._buffer) - start < kept:
                break
            lines.append(bytes(self._buffer[start : start + kept]))
            self._skip = size - kept
            at = start + kept
        del self._buffer[:at]
        return lines


class Line(msgspec.Struct, gc=False):
    """A request as the gateway saw it; times in milliseconds, -1 for what did not happen."""

    time: float
    id: str
    service: str = ""
    backend: str = ""
    method: str = ""
    path: str = ""
    status: int = 0
    received: int = 0
    sent: int = 0
    connect_ms: float = -1
    answer_ms: float = -1
    total_ms: float = -1
    named: str = ""
    user: str = ""
    end: str = ""

    def __post_init__(self) -> None:
        """The gateway writes - for what is empty: what was asked of no service."""
        self.service = "" if self.service == "-" else self.service
        self.named = "" if self.named == "-" else self.named
        self.user = "" if self.user == "-" else self.user

    @property
    def answered(self) -> bool:
        """Whether a front said the answer, which then is in the front's own row."""
        return self.answer_ms >= 0 and self.status < 500

    @property
    def refused(self) -> bool:
        """Whether no front can have heard of it."""
        return self.connect_ms < 0


@dataclass(frozen=True, slots=True)
class Said:
    """What is no request: a warning of the gateway's."""

    message: str
    severity: int | None = field(default=None)


_decode = msgspec.json.Decoder(Line).decode


def understand(frame: bytes) -> Line | Said:
    """What a line says."""
    start = frame.find(b'{"time":')
    if start >= 0:
        try:
            return _decode(frame[start:].rstrip())
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass  # cut off, or of another release: still a line to keep
    priority = _PRIORITY.match(frame)
    severity = _SEVERITIES[int(priority[1]) & 7] if priority else None
    text = frame[priority.end() if priority else 0 :].decode("utf-8", "replace").strip()
    return Said(text, severity)


def request_row(line: Line, front: About | None = None) -> Row:
    """The row of a request that no front answered; ``front`` is who should have."""
    status = line.status if line.status > 0 else 499  # the client went before there was any
    workspace, _, service = line.service.partition("/")
    values: dict[str, Any] = {
        "timestamp": line.time,
        "id": line.id,
        "name": f"{line.method} {_within(line)}",
        "resultCode": str(status),
        "success": status < 400,
        "duration": line.total_ms,
        "gatewayMs": line.total_ms,
        "errorCode": _code(status, line) if status >= 400 else None,
        "requestBytes": line.received,
        "responseBytes": line.sent,
        "source": "gateway",
        "operation_Id": line.id,
        "cloud_RoleName": line.service or "gateway",
        "cloud_RoleInstance": "gateway",
        "workspace": workspace or None,
        "service": service or None,
        "application_Version": front.version or None if front else None,
        "revision": front.revision or None if front else None,
        # what named its version was not shared out: no rollout counts it
        "chosen": bool(line.named),
        "user_Id": line.user or None,
    }
    return row("requests", values)


def line_row(said: Said, now: float) -> Row:
    """The row of a warning."""
    return row(
        "traces",
        {
            "timestamp": now,
            "message": said.message,
            "severityLevel": said.severity,
            "source": "gateway",
            "cloud_RoleName": "gateway",
            "cloud_RoleInstance": "gateway",
        },
    )


def _within(line: Line) -> str:
    """The path within the service, as fronts see it."""
    prefix = f"/serve/{line.service}"
    rest = line.path.removeprefix(prefix)
    return rest if rest.startswith("/") else "/" + rest


def _code(status: int, line: Line) -> str | None:
    if status == 503:
        return "not_ready" if line.refused and line.end[:1] in {"P", "L"} else "front_down"
    return _CODES.get(status)
