"""The peers of benchmarks, each installed into an environment of its own, cached per machine."""

import hashlib
import subprocess
import sys
from pathlib import Path

import uv

CACHE = Path.home() / ".cache" / "modelyard-tests" / "peers"


def environment(name: str, packages: list[str], python: str = sys.executable) -> str:
    """The interpreter of an environment that holds these packages."""
    key = hashlib.sha256(repr((packages, python)).encode()).hexdigest()[:10]
    folder = CACHE / f"{name}-{key}"
    done = folder / "complete"
    if not done.exists():
        print(f"installing {name} …", file=sys.stderr)
        binary = uv.find_uv_bin()
        subprocess.run([binary, "venv", "-q", "--clear", "-p", python, folder], check=True)
        subprocess.run(
            [binary, "pip", "install", "-q", "--compile-bytecode",  # as ours are, when built
             "-p", folder / "bin" / "python", *packages],
            check=True,
        )  # fmt: skip
        done.touch()
    return str(folder / "bin" / "python")
