"""The Python interpreters of this machine, found by looking."""

import functools
import re
import shutil
import subprocess
import sys
from pathlib import Path

PRESENT = f"3.{sys.version_info.minor}"
_PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"


@functools.cache
def found() -> dict[str, str]:
    """Version ('3.7') to interpreter, 3.7 and newer."""
    candidates = [*sorted(Path.home().glob(".pyenv/versions/*/bin/python"))]
    candidates += [Path(path) for n in range(7, 20) if (path := shutil.which(f"python3.{n}"))]
    versions = {PRESENT: sys.executable}
    for candidate in candidates:
        version = _version(str(candidate))
        if version:
            versions.setdefault(version, str(candidate))
    return dict(sorted(versions.items(), key=lambda item: int(item[0].split(".")[1])))


def _version(python: str) -> str | None:
    """Its version, None for what is older than 3.7 or does not start."""
    done = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, check=False)
    match = re.fullmatch(r"3\.(\d+)", done.stdout.strip())
    return done.stdout.strip() if match and int(match[1]) >= 7 else None
