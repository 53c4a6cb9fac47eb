"""Clients of other makers, each in an environment of its own that all runs of the tests share."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environments.shared import shared_environments_path

PACKAGES = {
    "triton": ["tritonclient[http]", "numpy"],
    "openapi": ["openapi-python-client"],
    "azure-monitor": ["azure-monitor-opentelemetry-exporter"],
}


def bin_of(name: str) -> Path:
    """The folder of that environment's programs."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = shared_environments_path().parent / f"client-{name}-{version}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _build(folder, PACKAGES[name])
    return folder / "bin"


def _build(folder: Path, packages: list[str]) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not on the PATH")
    subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, folder], check=True)
    python = folder / "bin/python"
    subprocess.run([uv, "pip", "install", "-q", "-p", python, *packages], check=True)
    (folder / "complete").touch()
