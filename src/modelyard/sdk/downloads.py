"""Fetching files: verified by their SHA-256, gone on with where an earlier try ended."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from modelyard.domain.errors import BadInput, Unavailable
from modelyard.domain.manifests import check_path
from modelyard.sdk.client import Client, path
from modelyard.sdk.progress import Progress
from modelyard.wire import blobs

_PIECE = 1024 * 1024
_TRIES = 4


def manifest_of(client: Client, digest: str) -> blobs.Manifest:
    """The manifest of that digest."""
    return client.get(path("snapshots", digest), blobs.Manifest)


def download_files(
    client: Client, files: Iterable[blobs.FileEntry], folder: Path, what: str
) -> None:
    """Lay the files out below a folder."""
    wanted = list(files)
    with Progress(what, sum(f.size for f in wanted)) as progress:
        for file in wanted:
            target = folder / check_path(file.path)
            download_blob(client, file.sha256, target, progress)
            if file.executable:
                target.chmod(target.stat().st_mode | 0o111)


def download_blob(
    client: Client, sha256: str, target: Path, progress: Progress | None = None
) -> None:
    """
    Write one file, whole or not at all.

    What an interrupted download left beside it is used; bytes that do not have the digest are
    thrown away. Raises ``BadInput`` when they never do.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file() and _digest(target) == sha256:
        if progress is not None:
            progress.add(target.stat().st_size)
        return
    part = target.with_name(f".{target.name[:100]}.{sha256[:12]}.part")
    for left in reversed(range(_TRIES)):
        try:
            _continue(client, sha256, part, progress)
        except Unavailable:
            if not left:
                raise
            continue
        if _digest(part) == sha256:
            part.replace(target)
            return
        part.unlink(missing_ok=True)
    raise BadInput(f"What the server sends for {target.name!r} is not what was stored: {sha256}.")


def _continue(client: Client, sha256: str, part: Path, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    if progress is not None:
        progress.add(have)
    with client.stream(path("blobs", sha256), headers=headers, accept=(416,)) as answer:
        if answer.status == 416:
            return  # all of it is here
        # a server that knows no ranges sends the whole again
        mode = "ab" if answer.status == 206 else "wb"
        with part.open(mode) as stream:
            for piece in answer.stream(_PIECE):
                stream.write(piece)
                if progress is not None:
                    progress.add(len(piece))


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
