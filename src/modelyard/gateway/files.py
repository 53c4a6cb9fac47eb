"""Files that HAProxy reads, replaced whole or not at all."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

Texts = Mapping[Path, str]


def make_private(folder: Path) -> None:
    """The folder, for this user alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def read_all(paths: list[Path]) -> dict[Path, str]:
    """Those that are there."""
    found: dict[Path, str] = {}
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            found[path] = path.read_text()
    return found


def write_changed(texts: Texts) -> None:
    """Replace those whose content differs; they hold hashes of keys: for this user alone."""
    now = read_all(list(texts))
    for path, text in texts.items():
        if now.get(path) != text:
            _replace(path, text)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
