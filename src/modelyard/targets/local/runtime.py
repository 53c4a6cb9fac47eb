"""The worker's own copy: ``modelyard_worker`` laid out alone, nothing else of ours beside it."""

import hashlib
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from modelyard.domain.errors import DiskFull, NotFound

PACKAGE = "modelyard_worker"


def lay_worker(home: Path, package: Path | None = None) -> Path:
    """
    The folder that holds the installed ``modelyard_worker`` and nothing else. Repeatable.

    Its name is the hash of the files: an upgrade lays another folder beside it and never changes
    the one that running workers import from. Raises DiskFull.
    """
    source = package or installed_package()
    digest = digest_of(source)
    folder = home / "runtime" / digest
    if folder.is_dir() and digest_of(folder / PACKAGE) == digest:
        return folder
    draft = home / "runtime" / f".{digest}.{os.getpid()}"
    try:
        _copy(source, draft / PACKAGE)
        _put_in_place(draft, folder, digest)
    except OSError as error:
        raise DiskFull(
            f"The worker's files cannot be written to {folder}: {error.strerror}."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def installed_package() -> Path:
    """Where ``modelyard_worker`` is installed, without importing it. Raises NotFound."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise NotFound(f"The package {PACKAGE} is not installed; install modelyard again.")
    return Path(found.origin).parent


def digest_of(package: Path) -> str:
    """A short hash of the names and bytes of a package's files."""
    digest = hashlib.sha256()
    for path in _files(package):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:16]


def _files(package: Path) -> Iterator[Path]:
    """In a fixed order; bytecode is the interpreter's, not ours."""
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path


def _copy(source: Path, target: Path) -> None:
    for path in _files(source):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        with place.open("rb") as written:
            os.fsync(written.fileno())


def _put_in_place(draft: Path, folder: Path, digest: str) -> None:
    try:
        draft.rename(folder)
    except OSError:
        # another process was faster, or what lies there is damaged and makes room
        if folder.is_dir() and digest_of(folder / PACKAGE) == digest:
            return
        damaged = draft.with_name(draft.name + ".damaged")
        folder.rename(damaged)
        draft.rename(folder)
        shutil.rmtree(damaged, ignore_errors=True)
