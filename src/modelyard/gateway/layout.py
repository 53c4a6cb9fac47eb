"""Where the gateway listens and where its files lie."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from modelyard.settings import Settings

WILDCARDS = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - compared, not bound


def _threads() -> int:
    """Two, but on a single core they would only get in each other's way."""
    available = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0, 1}
    return min(2, len(available))


@dataclass(frozen=True, slots=True)
class Layout:
    """
    Everything about this gateway that does not come from the routing table.

    ``folder`` holds the configuration and the maps, ``sockets`` the sockets of HAProxy itself;
    ``control_socket`` is the control plane's. ``hostname`` is this machine's, one of the names
    that callers may use. ``max_body`` in bytes bounds what is sent to ``/serve``. ``ledgers`` is
    the folder in which fronts note what they have begun, None for an HAProxy that cannot look.
    """

    host: str
    port: int
    folder: Path
    sockets: Path
    control_socket: Path
    log: Path
    hostname: str = "localhost"
    allowed_hosts: tuple[str, ...] = ()
    max_body: int = 100 * 1024**2
    ledgers: Path | None = None
    threads: int = field(default_factory=_threads)

    @classmethod
    def of(cls, settings: Settings, control_socket: Path, hostname: str) -> "Layout":
        """The layout of a home."""
        return cls(
            host=settings.host,
            port=settings.port,
            folder=settings.run / "gateway",
            sockets=settings.sockets,
            control_socket=control_socket,
            log=settings.logs / "gateway.log",
            hostname=hostname,
            allowed_hosts=settings.allowed_hosts,
            max_body=settings.max_body,
            ledgers=settings.rings,
        )

    @property
    def config(self) -> Path:
        """The configuration that HAProxy reads when it starts and when it reloads."""
        return self.folder / "haproxy.cfg"

    @property
    def master_socket(self) -> Path:
        """Where HAProxy's master process takes commands."""
        return self.sockets / "gateway-master.sock"

    @property
    def runtime_socket(self) -> Path:
        """Where the newest HAProxy worker takes commands."""
        return self.sockets / "gateway.sock"

    @property
    def collector_socket(self) -> Path:
        """Where the collector answers."""
        return self.sockets / "collector.sock"

    @property
    def log_socket(self) -> Path:
        """Where the collector takes the gateway's lines."""
        return self.sockets / "collector-log.sock"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")

    @property
    def address(self) -> str:
        """What HAProxy binds, as it writes it."""
        if self.host in {"::", "*"}:
            return f"[::]:{self.port} v4v6"
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def own_address(self) -> str:
        """How this machine reaches the gateway."""
        host = "127.0.0.1" if self.host in WILDCARDS else self.host
        return f"{_bracketed(host)}:{self.port}"

    @property
    def host_names(self) -> tuple[str, ...]:
        """The names that a Host header may say, lower case."""
        own = () if self.host in WILDCARDS else (_bracketed(self.host),)
        names = {"localhost", "[::1]", self.hostname, *own, *self.allowed_hosts}
        return tuple(sorted(name.lower() for name in names if name))


def again_socket(sockets: Path, id: str) -> Path:
    """Where HAProxy asks itself once more for what a front had not taken."""
    return sockets / f"again-{id}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
