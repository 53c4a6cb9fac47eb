"""Finding the server, and starting the one of this machine when there is none."""

import importlib.util
import json
import subprocess
import sys
import threading
from pathlib import Path

from modelyard import settings as settings_
from modelyard.domain.errors import MissingExtra, Unauthenticated, Unavailable
from modelyard.sdk.client import Client
from modelyard.settings import Settings

_EXTRA = ("litestar", "granian", "sqlalchemy")
_START_TIMEOUT = 60.0
_RESTARTING = (502, 503, 504)
_clients: dict[tuple[str, str | None], Client] = {}
_lock = threading.Lock()


def connect(settings: Settings | None = None) -> Client:
    """
    The client of this process: MODELYARD_URL's server, else the home's, started when needed.

    Raises ``Unavailable`` when it cannot be started, ``MissingExtra`` without the server's parts.
    """
    settings = settings or settings_.read()
    with _lock:
        url = settings.url or _running(settings) or _started(settings)
        return _client(url, settings)


def running(settings: Settings | None = None) -> Client | None:
    """As ``connect``, but nothing is started: None where the home's server is down."""
    settings = settings or settings_.read()
    with _lock:
        # telemetry answers also while the control plane is being started again
        url = settings.url or _running(settings, accept=_RESTARTING)
        return None if url is None else _client(url, settings)


def require_token(client: Client) -> str:
    """The API token that this process uses. Raises ``Unauthenticated`` when there is none."""
    if client.token is None:
        raise Unauthenticated(
            "No API token is known. Set MODELYARD_TOKEN to one that 'modelyard token create' gave."
        )
    return client.token


def _client(url: str, settings: Settings) -> Client:
    token = settings.token or _token_for(url, settings)
    return _clients.setdefault((url, token), Client(url, token))


def _running(settings: Settings, accept: tuple[int, ...] = ()) -> str | None:
    """The URL of the home's server when it answers."""
    url = _written_url(settings.run / "server.json")
    return url if url is not None and _answers(url, accept) else None


def _written_url(file: Path) -> str | None:
    try:
        written = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    url = written.get("url") if isinstance(written, dict) else None
    return url if isinstance(url, str) else None


def _answers(url: str, accept: tuple[int, ...]) -> bool:
    try:
        Client(url, attempts=2).request("GET", "/health", accept=accept)
    except Unavailable:
        return False
    return True


def _token_for(url: str, settings: Settings) -> str | None:
    """The home's own token, for the home's own server only: no other may see it."""
    if url.rstrip("/") != _written_url(settings.run / "server.json"):
        return None
    try:
        return (settings.home / "token").read_text().strip() or None
    except OSError:
        return None


def _started(settings: Settings) -> str:
    if any(importlib.util.find_spec(name) is None for name in _EXTRA):
        raise MissingExtra(
            "No Modelyard server runs on this machine and its parts are not installed: "
            'pip install "modelyard[server]", or set MODELYARD_URL to a server that runs.'
        )
    print(f"Starting Modelyard at {settings.base_url} (end it with 'modelyard down').", flush=True)
    command = [sys.executable, "-P", "-m", "modelyard.bootstrap.up", "--detach"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_START_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Unavailable(
            f"Modelyard did not start within {_START_TIMEOUT:.0f} s; see {settings.logs}."
        ) from error
    url = _running(settings)
    if done.returncode != 0 or url is None:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise Unavailable(f"Modelyard could not be started: {said or 'it said nothing'}")
    return url
