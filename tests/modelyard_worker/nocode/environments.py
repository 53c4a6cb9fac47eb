"""Environments with heavy frameworks, built once for all runs of the tests on this machine."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environments.shared import shared_environments_path

PACKAGES = {
    "tables": [
        "scikit-learn",
        "pandas",
        "onnx",
        "onnxruntime",
        "skl2onnx",
        "lightgbm",
        "xgboost-cpu",
        "catboost",
        "skops",
        "mlflow-skinny",
    ],
    "tensorflow": ["tensorflow-cpu"],
    # any other version would bring gigabytes of CUDA
    "torch": ["torch==2.13.0", "transformers", "numpy"],
}


def python_of(name: str) -> str:
    """The interpreter of that environment."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = shared_environments_path().parent / f"nocode-{name}-{version}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _build(folder, PACKAGES[name])
    return str(folder / "bin/python")


def _build(folder: Path, packages: list[str]) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not on the PATH")
    python = folder / "bin/python"
    links = os.environ.get("PIP_FIND_LINKS")  # uv does not read pip's settings
    more = ["--find-links", links] if links else []
    subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, folder], check=True)
    subprocess.run(
        [uv, "pip", "install", "-q", "--compile-bytecode", "-p", python, *more, *packages],
        check=True,
    )
    (folder / "complete").touch()


def run_in(python: str, program: str, folder: Path) -> None:
    """Run a program there, with ``folder`` as its working folder."""
    done = subprocess.run(
        [python, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
