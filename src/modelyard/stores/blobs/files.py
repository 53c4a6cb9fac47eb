"""``BlobStore`` in a folder: ``blobs/ab/cdef…`` by digest, ``uploads/`` for what is not whole."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from modelyard.domain.errors import BadInput, NotFound
from modelyard.domain.manifests import Manifest, check_digest
from modelyard.stores.blobs.disk import flush_folder, room, write_all
from modelyard.stores.blobs.layout import lay_out
from modelyard.stores.blobs.uploads import Upload, Uploads

_BLOCK = 1024 * 1024
_READ_ONLY = 0o440


class FileBlobStore:
    """Files by the SHA-256 of their bytes, each kept once, read-only and flushed to the disk."""

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs"
        self._uploads = Uploads(folder / "uploads")
        for part in (self._blobs, self._uploads.folder):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)

    def has(self, sha256: str) -> bool:
        return self._path(sha256).exists()

    def missing(self, digests: Iterable[str]) -> Sequence[str]:
        return [digest for digest in dict.fromkeys(digests) if not self._touched(digest)]

    def upload_size(self, sha256: str) -> int:
        return self._uploads.size(check_digest(sha256))

    def append(self, sha256: str, offset: int, chunks: Iterable[bytes], *, last: bool) -> int:
        if self._touched(
            sha256
        ):  # another upload of the same bytes was faster, or this is a repeat
            return self._path(sha256).stat().st_size
        with room(self._blobs), self._uploads.take(sha256, offset) as upload:
            if last:
                self._finish(sha256, upload, upload.add_last(chunks))
            else:
                upload.add(chunks)
            return upload.size

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        with room(self._blobs):
            descriptor, name = tempfile.mkstemp(prefix="put.", dir=self._uploads.folder)
            try:
                digest = hashlib.sha256()
                while block := stream.read(_BLOCK):
                    write_all(descriptor, block)
                    digest.update(block)
                size = os.fstat(descriptor).st_size
                self._place(digest.hexdigest(), Upload(Path(name), descriptor))
            finally:
                os.close(descriptor)
                Path(name).unlink(missing_ok=True)
        return digest.hexdigest(), size

    def open(self, sha256: str) -> BinaryIO:
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {sha256}. Upload it again.") from error

    def lay_out(self, manifest: Manifest, folder: Path) -> None:
        with room(folder.parent):
            lay_out(manifest, folder, self._path)

    def sweep(
        self, keep: Iterable[str], older_than: datetime, *, pretend: bool = False
    ) -> tuple[int, int]:
        """With ``pretend`` nothing is removed: what would be is counted."""
        kept, before = set(keep), older_than.timestamp()
        remove = _size_if_older if pretend else self._remove_older
        freed = [
            remove(path, before)
            for path in self._all()
            if path.parent.name + path.name not in kept
        ]
        freed += [remove(path, before) for path in self._uploads.idle()]
        sizes = [size for size in freed if size is not None]
        return len(sizes), sum(sizes)

    def size(self, sha256: str) -> int | None:
        """Bytes of a file; None when it is not there."""
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def touched(self, sha256: str) -> float | None:
        """When it was last uploaded or asked for, in seconds; None when it is not there."""
        try:
            return self._path(sha256).stat().st_mtime
        except FileNotFoundError:
            return None

    def usage(self) -> int:
        return sum(path.stat().st_size for path in self._all())

    def _path(self, sha256: str) -> Path:
        digest = check_digest(sha256)
        return self._blobs / digest[:2] / digest[2:]

    def _all(self) -> Iterator[Path]:
        return self._blobs.glob("??/*")

    def _touched(self, sha256: str) -> bool:
        """
        Whether it is there; if so it counts as new.

        Who is told that a file need not be sent relies on it: no sweep may take it before the
        manifest that names it is stored.
        """
        try:
            os.utime(self._path(sha256))
        except FileNotFoundError:
            return False
        return True

    def _finish(self, sha256: str, upload: Upload, found: str) -> None:
        if found != sha256:
            upload.path.unlink(missing_ok=True)
            raise BadInput(
                f"The bytes that were sent have the SHA-256 {found}, not {sha256}. "
                "The file changed or was damaged on its way; upload it again from the start."
            )
        self._place(sha256, upload)
        self._uploads.forget(sha256)

    def _place(self, sha256: str, upload: Upload) -> None:
        """Whole on the disk first, then in place: a name under blobs is always complete."""
        if self._touched(sha256):
            upload.path.unlink(missing_ok=True)
            return
        path = self._path(sha256)
        os.fsync(upload.descriptor)
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            flush_folder(self._blobs)
        upload.path.replace(path)
        os.fchmod(upload.descriptor, _READ_ONLY)  # not before: an upload must stay writable
        flush_folder(path.parent)

    def _remove_older(self, path: Path, before: float) -> int | None:
        """
        Bytes freed, or None when the file is too new or gone.

        It is moved away before it is looked at again: who touched it in between was told that it
        is there, and gets it back; who comes later sees that it is missing.
        """
        doomed = self._uploads.folder / f"swept.{path.parent.name}{path.name}"
        try:
            if path.stat().st_mtime >= before:
                return None
            path.replace(doomed)
            status = doomed.stat()
            if status.st_mtime >= before:
                doomed.replace(path)
                return None
            doomed.unlink()
        except FileNotFoundError:
            return None
        return status.st_size


def _size_if_older(path: Path, before: float) -> int | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size if status.st_mtime < before else None
