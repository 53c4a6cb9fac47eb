"""Files on this machine, listed and hashed before they are sent."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelyard.domain.errors import BadInput
from modelyard.domain.manifests import FileEntry, Manifest
from modelyard.sdk.ignore import NOTHING, Ignore

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """A manifest and where the bytes of each digest lie on this machine."""

    manifest: Manifest
    sources: Mapping[str, Path]


def walk(
    folder: Path,
    ignore: Ignore = NOTHING,
    *,
    readable_only: bool = False,
    without: Path | None = None,
) -> Iterator[tuple[str, Path]]:
    """
    The files below a folder by '/'-separated relative path, sorted.

    Links are followed (their content counts), a folder that holds itself is entered once.
    The folder ``without`` is left out. Raises ``BadInput`` for a folder that cannot be read,
    unless ``readable_only``.
    """
    above = {os.path.realpath(path) for path in (folder, without) if path is not None}
    yield from _walk(folder, "", ignore, frozenset(above), readable_only)


def _walk(
    folder: Path, prefix: str, ignore: Ignore, above: frozenset[str], readable_only: bool
) -> Iterator[tuple[str, Path]]:
    for entry in _entries(folder, readable_only):
        path = prefix + entry.name
        is_folder = entry.is_dir()
        if ignore.ignores(path, folder=is_folder):
            continue
        if is_folder:
            real = os.path.realpath(entry.path)
            if real not in above:
                inner = above | {real}
                yield from _walk(Path(entry.path), path + "/", ignore, inner, readable_only)
        elif entry.is_file() and (not readable_only or os.access(entry.path, os.R_OK)):
            yield path, Path(entry.path)


def _entries(folder: Path, readable_only: bool) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda e: e.name)
    except OSError as error:
        if readable_only:
            return []
        raise BadInput(f"The folder {str(folder)!r} cannot be read: {error.strerror}.") from error


def entry_of(path: str, source: Path) -> FileEntry:
    """The file's entry in a manifest. Raises ``BadInput`` when it cannot be read."""
    try:
        digest = hashlib.sha256()
        size = 0
        with source.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        executable = os.access(source, os.X_OK)
    except OSError as error:
        raise BadInput(f"The file {str(source)!r} cannot be read: {error.strerror}.") from error
    return FileEntry(path, digest.hexdigest(), size, executable)


def bundle(files: Mapping[str, Path], *, single: bool = False) -> Bundle:
    """The bundle of these files, by their path in the manifest."""
    entries = [(entry_of(path, source), source) for path, source in files.items()]
    manifest = Manifest.of((entry for entry, _ in entries), single=single)
    return Bundle(manifest, {entry.sha256: source for entry, source in entries})


def bundle_of(path: Path, ignore: Ignore = NOTHING) -> Bundle:
    """
    The bundle of a file or a folder, as it is registered under its own name.

    Raises ``BadInput`` when there is nothing there or the folder is empty.
    """
    if path.is_file():
        return bundle({path.name: path}, single=True)
    if not path.is_dir():
        raise BadInput(f"There is no file or folder {str(path)!r} (in {Path.cwd()}).")
    top = path.resolve().name
    files = {f"{top}/{name}": source for name, source in walk(path, ignore)}
    if not files:
        raise BadInput(f"The folder {str(path)!r} is empty.")
    return bundle(files)


def content_of(folder: Path, ignore: Ignore) -> Bundle:
    """The bundle of what is in a folder, without the folder's own name."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder {str(folder)!r} (in {Path.cwd()}).")
    return bundle(dict(walk(folder, ignore)))
