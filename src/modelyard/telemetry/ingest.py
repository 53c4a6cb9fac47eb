"""
Who hands telemetry in over HTTP: the home's ingest key, and the keys made from it.

A worker or a job is given a key that says who it is, so that its rows are told apart from those
of others whatever its script calls itself, and so that it cannot write in another's name.
"""

import base64
import hashlib
import hmac
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import msgspec

from modelyard.telemetry.records import About

_SEAL = 16
"""Bytes of the HMAC that are kept."""

_NOBODY = "00000000-0000-0000-0000-000000000000"
"""Azure's packages want an instrumentation key that looks like one; the address says who."""

INGEST = "MODELYARD_INGEST"
"""The variable that tells a worker or a job its address."""


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where a row comes from: the columns that say so. ``role`` is the process where no service is
    meant, like 'job' or 'machine'; all empty means unknown.
    """

    workspace: str = ""
    service: str = ""
    version: str = ""
    revision: int = 0
    role: str = ""
    instance: str = ""

    @classmethod
    def of(cls, about: About) -> "Origin":
        """The one that a ring's head names."""
        return cls(
            about.workspace,
            about.service,
            about.version,
            about.revision,
            about.role,
            about.instance,
        )

    @property
    def role_name(self) -> str:
        """``cloud_RoleName``: WORKSPACE/SERVICE, or the process."""
        return f"{self.workspace}/{self.service}" if self.service else self.role

    def columns(self) -> dict[str, Any]:
        """The columns of a row that say where it comes from; what is not known is None."""
        return {
            "cloud_RoleName": self.role_name or None,
            "cloud_RoleInstance": self.instance or None,
            "application_Version": self.version or None,
            "workspace": self.workspace or None,
            "service": self.service or None,
            "revision": self.revision or None,
        }


def key_for(origin: Origin, key: bytes) -> str:
    """The key that lets ``origin`` hand in rows of its own; fits into a path."""
    facts = _text(msgspec.json.encode(astuple(origin)))
    return f"{facts}.{_seal(facts, key)}"


def read_key(text: str, key: bytes) -> Origin | None:
    """Whose key this is; nobody's in particular for the home's own; None for a false one."""
    if hmac.compare_digest(text.encode(errors="replace"), key):
        return Origin()
    facts, _, seal = text.partition(".")
    if not hmac.compare_digest(seal.encode(errors="replace"), _seal(facts, key).encode()):
        return None
    try:
        return Origin(
            *msgspec.json.decode(base64.urlsafe_b64decode(facts + "=" * (-len(facts) % 4)))
        )
    except (ValueError, TypeError):  # sealed by a release that says more
        return Origin()


def address(base_url: str, origin: Origin, key_file: Path) -> str:
    """
    Where ``origin`` sends its telemetry: ``BASE/telemetry/KEY``; '' without the home's key.

    ``/v2/track`` and ``/v1/metrics`` are below it.
    """
    try:
        key = key_file.read_bytes().strip()
    except OSError:
        return ""
    return f"{base_url}/telemetry/{key_for(origin, key)}" if key else ""


def variables(address: str) -> dict[str, str]:
    """
    What tells packages in a script's environment to send to ``address``; empty for ''.

    Defaults only: who sets one of them for a service or a job means it.
    """
    if not address:
        return {}
    return {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={_NOBODY};"
        f"IngestionEndpoint={address}",
        # what the packages tell of themselves: two of these would call Azure
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
        "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": address,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        # sums since the last report can be added up in SQL, as those of Application Insights
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
    }


def _seal(facts: str, key: bytes) -> str:
    return _text(hmac.digest(key, facts.encode(errors="replace"), hashlib.sha256)[:_SEAL])


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
