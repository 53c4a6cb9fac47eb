"""Every setting, read once from the environment, with its default and one sentence."""

import hashlib
import os
import pwd
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from modelyard.domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process of Modelyard is told from outside; ``read`` makes one."""

    home: Path
    """MODELYARD_HOME: where everything is kept (default ~/.modelyard)."""

    database_url: str
    """MODELYARD_DATABASE_URL: SQLAlchemy URL of the metadata (default: SQLite in the home)."""

    host: str = "127.0.0.1"
    """MODELYARD_HOST: address the gateway listens on."""

    port: int = 8700
    """MODELYARD_PORT: port the gateway listens on."""

    url: str | None = None
    """MODELYARD_URL: server that SDK and CLI speak to (default: the one of the home)."""

    token: str | None = None
    """MODELYARD_TOKEN: API token of SDK and CLI (default: the home's ``token`` file)."""

    haproxy: str | None = None
    """MODELYARD_HAPROXY: HAProxy binary, 2.8 or newer (default: the PATH, then the wheel)."""

    allow_open_services: bool = False
    """MODELYARD_ALLOW_OPEN_SERVICES: allow services without a key off loopback."""

    allowed_hosts: tuple[str, ...] = ()
    """MODELYARD_ALLOWED_HOSTS: further Host names to answer to, comma-separated."""

    environments: Path | None = None
    """MODELYARD_ENVIRONMENTS: folder of built environments (default HOME/environments)."""

    max_upload: int = 64 * 1024**3
    """MODELYARD_MAX_UPLOAD: largest file taken, in bytes."""

    max_body: int = 100 * 1024**2
    """MODELYARD_MAX_BODY: largest scoring request taken unless a service says less, in bytes."""

    sample_seconds: int = 5
    """MODELYARD_SAMPLE_SECONDS: seconds between looks at processes, machine and cards."""

    otlp_endpoint: str | None = None
    """MODELYARD_OTLP_ENDPOINT: where telemetry is sent to as well, by OTLP (default: nowhere)."""

    otlp_headers: tuple[tuple[str, str], ...] = ()
    """MODELYARD_OTLP_HEADERS: headers sent there, name=value, comma-separated."""

    telemetry_days: int = 30
    """MODELYARD_TELEMETRY_DAYS: days that telemetry is kept."""

    collect_days: int = 90
    """MODELYARD_COLLECT_DAYS: days that collected inputs and outputs of models are kept."""

    telemetry_memory: int = 256 * 1024**2
    """MODELYARD_TELEMETRY_MEMORY: memory that the telemetry store may use, in bytes."""

    telemetry_threads: int = 2
    """MODELYARD_TELEMETRY_THREADS: threads that the telemetry store may use."""

    telemetry_free: int = 256 * 1024**2
    """MODELYARD_TELEMETRY_FREE: free bytes on the disk below which no telemetry is written."""

    query_memory: int = 512 * 1024**2
    """MODELYARD_QUERY_MEMORY: memory that a query over telemetry may use, in bytes."""

    max_versions: int = 6
    """MODELYARD_MAX_VERSIONS: how many versions a service may have."""

    shadow_seconds: int = 600
    """MODELYARD_SHADOW_SECONDS: seconds that a copy of a request waits for its shadow at most."""

    query_timeout: int = 30
    """MODELYARD_QUERY_TIMEOUT: seconds that such a query may take unless it says otherwise."""

    @property
    def environments_dir(self) -> Path:
        """Where built environments lie."""
        return self.environments or self.home / "environments"

    @property
    def sockets(self) -> Path:
        """Folder of the unix sockets: short, because HAProxy refuses paths over 97 characters."""
        name = "modelyard-" + hashlib.sha256(str(self.home).encode()).hexdigest()[:8]
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        if runtime and len(runtime) < 48 and _stays():
            return Path(runtime) / name
        return Path(tempfile.gettempdir()) / name

    @property
    def rings(self) -> Path:
        """
        Folder of the rings that carry telemetry to the collector: in memory where there is
        ``/dev/shm``, so that no disk is asked for a request.
        """
        memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it, mode 0700, owner checked
        if os.access(memory, os.W_OK | os.X_OK):
            name = "modelyard-" + hashlib.sha256(str(self.home).encode()).hexdigest()[:8]
            return memory / name
        return self.run / "rings"

    @property
    def telemetry(self) -> Path:
        """What the collector keeps."""
        return self.home / "telemetry"

    @property
    def collected(self) -> Path:
        """Collected inputs and outputs of models, in hourly files."""
        return self.home / "data"

    @property
    def collect_key(self) -> Path:
        """The key of hashed columns; made when the first is hashed."""
        return self.home / "collect.key"

    @property
    def ingest_key(self) -> Path:
        """The key under which telemetry is handed in over HTTP; made at ``up``."""
        return self.home / "ingest.key"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        return self.host in {"127.0.0.1", "localhost", "::1"} or self.host.startswith("127.")

    @property
    def run(self) -> Path:
        """State of processes: desired.json, processes.json, server.json, fronts/."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        """Logs of processes, services and builds."""
        return self.home / "logs"

    @property
    def base_url(self) -> str:
        """The server's address as callers on this machine write it."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", "localhost"} else self.host  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; raises ``BadInput`` naming a variable that cannot be read."""
    env = os.environ if environment is None else environment
    home = Path(env.get("MODELYARD_HOME") or "~/.modelyard").expanduser().absolute()
    return Settings(
        home=home,
        database_url=env.get("MODELYARD_DATABASE_URL") or f"sqlite:///{home}/modelyard.db",
        host=env.get("MODELYARD_HOST") or "127.0.0.1",
        port=_integer(env, "MODELYARD_PORT", 8700, at_most=65535),
        url=_url(env, "MODELYARD_URL"),
        token=env.get("MODELYARD_TOKEN") or None,
        haproxy=env.get("MODELYARD_HAPROXY") or None,
        allow_open_services=_flag(env, "MODELYARD_ALLOW_OPEN_SERVICES"),
        allowed_hosts=tuple(h for h in env.get("MODELYARD_ALLOWED_HOSTS", "").split(",") if h),
        environments=Path(env["MODELYARD_ENVIRONMENTS"]).expanduser().absolute()
        if env.get("MODELYARD_ENVIRONMENTS")
        else None,
        max_upload=_integer(env, "MODELYARD_MAX_UPLOAD", 64 * 1024**3),
        max_body=_integer(env, "MODELYARD_MAX_BODY", 100 * 1024**2),
        telemetry_days=_integer(env, "MODELYARD_TELEMETRY_DAYS", 30, at_most=36_500),
        collect_days=_integer(env, "MODELYARD_COLLECT_DAYS", 90, at_most=36_500),
        telemetry_memory=_integer(env, "MODELYARD_TELEMETRY_MEMORY", 256 * 1024**2),
        telemetry_threads=_integer(env, "MODELYARD_TELEMETRY_THREADS", 2, at_most=256),
        telemetry_free=_integer(env, "MODELYARD_TELEMETRY_FREE", 256 * 1024**2),
        query_memory=_integer(env, "MODELYARD_QUERY_MEMORY", 512 * 1024**2),
        query_timeout=_integer(env, "MODELYARD_QUERY_TIMEOUT", 30, at_most=3600),
        max_versions=_integer(env, "MODELYARD_MAX_VERSIONS", 6, at_most=100),
        shadow_seconds=_integer(env, "MODELYARD_SHADOW_SECONDS", 600, at_most=86_400),
        sample_seconds=_integer(env, "MODELYARD_SAMPLE_SECONDS", 5, at_most=3600),
        otlp_endpoint=_url(env, "MODELYARD_OTLP_ENDPOINT"),
        otlp_headers=_pairs(env, "MODELYARD_OTLP_HEADERS"),
    )


def _stays() -> bool:
    """
    Whether the user's runtime folder outlives a logout.

    Without lingering, logind deletes it with the last session while our processes go on.
    """
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return False
    return Path("/var/lib/systemd/linger", user).exists()


def child_environment(**changes: str) -> dict[str, str]:
    """The environment of this process with some variables set, for a child process."""
    return {**os.environ, **changes}


def _integer(env: Mapping[str, str], name: str, default: int, at_most: int = 2**62) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= at_most:
        raise BadInput(f"{name}={text!r} must be a whole number from 1 to {at_most}.")
    return int(text)


def _url(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name)
    if not text:
        return None
    try:
        parts = urlsplit(text)
        understood = parts.scheme in {"http", "https"} and bool(parts.hostname)
        understood = understood and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, or too large
        understood = False
    if not understood:
        raise BadInput(f"{name}={text!r} must be an address like http://127.0.0.1:8700.")
    return text


def _pairs(env: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    found = []
    for part in filter(None, (part.strip() for part in env.get(name, "").split(","))):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():  # the part may hold a secret: it is not shown
            raise BadInput(f"{name} must be pairs like name=value, separated by commas.")
        found.append((key.strip().lower(), unquote(value.strip())))
    return tuple(found)


def _flag(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "").lower()
    if text not in {"", "0", "1", "true", "false", "yes", "no"}:
        raise BadInput(f"{name}={text!r} must be true or false.")
    return text in {"1", "true", "yes"}


@dataclass(frozen=True, slots=True)
class JobContext:
    """The run that this process works for, from the variables that jobs are started with."""

    run_id: str
    """AZUREML_RUN_ID."""

    experiment: str
    """AZUREML_ARM_PROJECT_NAME."""

    workspace: str
    """AZUREML_ARM_WORKSPACE_NAME."""


def read_job(environment: Mapping[str, str] | None = None) -> JobContext | None:
    """The job's context, or None outside a job."""
    env = os.environ if environment is None else environment
    run_id, workspace = env.get("AZUREML_RUN_ID"), env.get("AZUREML_ARM_WORKSPACE_NAME")
    if not run_id or not workspace:
        return None
    return JobContext(run_id, env.get("AZUREML_ARM_PROJECT_NAME", ""), workspace)
