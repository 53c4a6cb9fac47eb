"""A manifest: the files of a folder by path and content, and its digest."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from modelyard.domain.errors import BadArchive, BadInput

_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_digest(digest: object) -> str:
    """The digest, when it is 64 lower-case hexadecimal characters; raises ``BadInput`` if not."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise BadInput(
            f"{digest!r} is not a SHA-256 digest: 64 lower-case hexadecimal characters."
        )
    return digest


def check_path(path: str) -> str:
    """
    The normalised relative path ('./a//b' becomes 'a/b').

    Raises ``BadArchive`` for an absolute path, one with '..', a NUL, a backslash or nothing in it.
    """
    pure = PurePosixPath(path)
    bad = pure.is_absolute() or ".." in pure.parts or "\0" in path or "\\" in path
    if bad or str(pure) in {"", "."}:
        raise BadArchive(
            f"The file name {path!r} is refused: it must be a relative path without '..'."
        )
    return str(pure)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file: '/'-separated relative path, SHA-256 of its bytes, size in bytes."""

    path: str
    sha256: str
    size: int
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    The files of a folder, sorted by path; equal content gives an equal ``digest``.

    ``single`` says that one file was given, not a folder: it is laid out by its own name.
    """

    files: tuple[FileEntry, ...]
    single: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of the manifest."""
        return hashlib.sha256(self.to_json()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(entry.size for entry in self.files)

    @property
    def root(self) -> str:
        """The name of the one top-level file or folder, or '' when there are several."""
        tops = {entry.path.split("/", 1)[0] for entry in self.files}
        return tops.pop() if len(tops) == 1 else ""

    def to_json(self) -> bytes:
        """Canonical JSON, the same for equal manifests."""
        rows = [[f.path, f.sha256, f.size, f.executable] for f in self.files]
        document = {"files": rows, "single": self.single}
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """The manifest that ``to_json`` wrote."""
        document = json.loads(data)
        return cls.of((FileEntry(*row) for row in document["files"]), single=document["single"])

    @classmethod
    def of(cls, files: Iterable[FileEntry], *, single: bool = False) -> "Manifest":
        """
        A valid manifest of these files.

        Raises ``BadArchive`` for an unsafe or repeated path or one that is file and folder at
        once, ``BadInput`` for a bad digest.
        """
        entries = sorted(
            (
                FileEntry(check_path(f.path), check_digest(f.sha256), f.size, f.executable)
                for f in files
            ),
            key=lambda f: f.path,
        )
        paths = [f.path for f in entries]
        if len(set(paths)) != len(paths):
            twice = next(p for p in paths if paths.count(p) > 1)
            raise BadArchive(f"The file name {twice!r} is there twice.")
        taken = set(paths)
        for path in paths:
            for parent in PurePosixPath(path).parents:
                if str(parent) in taken:
                    raise BadArchive(f"{str(parent)!r} is a file and a folder at once.")
        return cls(tuple(entries), single)
