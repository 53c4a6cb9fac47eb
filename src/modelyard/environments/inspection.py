"""What lies in an environment: packages and bytes."""

import os
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name


def packages(folders: Iterable[Path]) -> Mapping[str, str]:
    """Version by canonical name, of all that is installed in folders of a ``sys.path``."""
    found: dict[str, str] = {}
    for distribution in distributions(path=[str(folder) for folder in folders]):
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(str(canonicalize_name(name)), distribution.version or "")
    return dict(sorted(found.items()))


def site_packages(environment: Path) -> list[Path]:
    """Where a virtual environment keeps packages."""
    return sorted(environment.glob("lib*/python3.*/site-packages"))


def size(folder: Path) -> int:
    """Bytes of all files; hard links to the same file count once."""
    seen = {(entry.st_dev, entry.st_ino): entry.st_size for entry in _files(folder)}
    return sum(seen.values())


def bytes_freed(folder: Path) -> int:
    """Bytes that removing the folder gives back: files with no other name."""
    return sum(entry.st_size for entry in _files(folder) if entry.st_nlink == 1)


def _files(folder: Path) -> Iterator[os.stat_result]:
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                yield Path(parent, name).lstat()
            except FileNotFoundError:
                continue
