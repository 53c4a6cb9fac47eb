"""The Pythons of this machine."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelyard.environments.pythons import OLDEST, key, minor

_NAME = re.compile(r"python3(\.\d+)?")
_ASK = (
    "import sys, json; print(json.dumps(['%d.%d.%d' % sys.version_info[:3],"
    " sys.implementation.name, getattr(sys, 'abiflags', ''), sys.path]))"
)
_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python; ``search_path`` is its own ``sys.path``."""

    path: str
    version: str
    implementation: str = "cpython"
    flags: str = ""
    search_path: tuple[str, ...] = ()


class Interpreters:
    """Finds Pythons in the usual places; each is asked for its version once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._known: dict[tuple[str, int], Interpreter | None] = {}
        self._guard = threading.Lock()

    def versions(self) -> Sequence[str]:
        """Usable versions, oldest first."""
        return sorted({interpreter.version for interpreter in self._usable()}, key=key)

    def find(self, request: str) -> Interpreter | None:
        """
        The interpreter of exactly '3.8.18', the newest one of '3.8', or when that exact one is
        missing the newest of the same minor version (the caller sees it in ``version``).
        """
        fitting = [each for each in self._usable() if minor(each.version) == minor(request)]
        exact = [each for each in fitting if each.version == request]
        return max(exact or fitting, key=lambda each: key(each.version), default=None)

    def ask(self, path: Path) -> Interpreter | None:
        """What a Python says of itself; None when it does not run."""
        try:
            identity = (str(path), path.stat().st_mtime_ns)
        except OSError:
            return None
        with self._guard:
            if identity not in self._known:
                self._known[identity] = _ask(path, ["-I", "-S"])
            return self._known[identity]

    def ask_all(self, path: Path) -> Interpreter | None:
        """Asked anew, with the search path that its scripts have."""
        return _ask(path, ["-I"])

    def _usable(self) -> Iterator[Interpreter]:
        """CPython of 3.7 or newer; builds without the GIL or for debugging have no wheels."""
        for path in self._candidates():
            found = self.ask(path)
            if found and _is_usable(found):
                yield found

    def _candidates(self) -> Iterator[Path]:
        seen: set[Path] = set()
        for folder in self._folders():
            try:
                names = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
            except OSError:
                continue
            for path in names:
                real = path.resolve()
                if real not in seen:
                    seen.add(real)
                    yield real
        own = Path(sys.executable).resolve()
        if own not in seen:
            yield own

    def _folders(self) -> Iterator[Path]:
        for entry in self._environment.get("PATH", "").split(":"):
            if entry and not _is_of_shims(Path(entry)):
                yield Path(entry)
        yield from map(Path, _FOLDERS)
        yield from Path("/opt").glob("*/bin")
        for root in self._roots():
            yield from root.glob("*/bin")

    def _roots(self) -> Iterator[Path]:
        home = Path(self._environment.get("HOME") or Path.home())
        pyenv = self._environment.get("PYENV_ROOT")
        yield (Path(pyenv) if pyenv else home / ".pyenv") / "versions"
        uv = self._environment.get("UV_PYTHON_INSTALL_DIR")
        data = Path(self._environment.get("XDG_DATA_HOME") or home / ".local/share")
        yield Path(uv) if uv else data / "uv/python"


def _is_usable(found: Interpreter) -> bool:
    plain = found.implementation == "cpython" and found.flags in {"", "m"}
    return plain and key(found.version)[:2] >= OLDEST


def _is_of_shims(folder: Path) -> bool:
    """pyenv's shims are slow and fail for versions that are not chosen; we look behind them."""
    versions = folder.parent / "versions"
    return folder.name == "shims" and os.path.isdir(versions)  # noqa: PTH112 - raises nothing


def _ask(path: Path, options: Sequence[str]) -> Interpreter | None:
    try:
        answer = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            [str(path), *options, "-c", _ASK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=True,
        )
        version, implementation, flags, search_path = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Interpreter(str(path), version, implementation, flags, tuple(search_path))
