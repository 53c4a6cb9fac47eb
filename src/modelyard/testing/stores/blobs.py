"""Files by their SHA-256 in memory."""

import hashlib
import io
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from modelyard.domain.errors import BadInput, Conflict, NotFound
from modelyard.domain.manifests import Manifest, check_digest
from modelyard.ports import Clock
from modelyard.testing.clock import FakeClock


class MemoryBlobStore:
    """``BlobStore`` in memory; by its clock blobs are touched."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._now = (clock or FakeClock()).now
        self._lock = threading.RLock()
        self._blobs: dict[str, bytes] = {}
        self._uploads: dict[str, bytes] = {}
        self._touched: dict[str, datetime] = {}

    def has(self, sha256: str) -> bool:
        return check_digest(sha256) in self._blobs

    def missing(self, digests: Iterable[str]) -> Sequence[str]:
        with self._lock:
            asked = list(dict.fromkeys(digests))
            self._touched.update({d: self._now() for d in asked if self.has(d)})
            return [digest for digest in asked if not self.has(digest)]

    def upload_size(self, sha256: str) -> int:
        return len(self._uploads.get(check_digest(sha256), b""))

    def append(self, sha256: str, offset: int, chunks: Iterable[bytes], *, last: bool) -> int:
        if self.has(sha256):
            return len(self._blobs[sha256])
        present = self.upload_size(sha256)
        if offset != present:
            raise Conflict(
                f"The upload of {sha256} stands at {present} bytes, not at {offset}. "
                f"Go on at {present}.",
                details={"size": present},
            )
        data = self._uploads.pop(sha256, b"")  # this caller's alone while it goes on
        try:
            for chunk in chunks:
                data += chunk
        except BaseException:
            self._keep_upload(sha256, data)
            raise
        if last:
            self._finish(sha256, data)
        else:
            self._keep_upload(sha256, data)
        return len(data)

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        data = stream.read()
        digest = hashlib.sha256(data).hexdigest()
        self._keep(digest, data)
        return digest, len(data)

    def open(self, sha256: str) -> BinaryIO:
        if not self.has(sha256):
            raise NotFound(f"There is no file {sha256}. Upload it again.")
        return io.BytesIO(self._blobs[sha256])

    def lay_out(self, manifest: Manifest, folder: Path) -> None:
        for entry in manifest.files:
            if not self.has(entry.sha256):
                raise NotFound(
                    f"The content of {entry.path!r} ({entry.sha256}) is not stored. "
                    "Upload it again."
                )
        folder.mkdir(parents=True, exist_ok=True)
        for entry in manifest.files:
            target = folder / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._blobs[entry.sha256])
            target.chmod(0o755 if entry.executable else 0o644)

    def sweep(self, keep: Iterable[str], older_than: datetime) -> tuple[int, int]:
        with self._lock:
            kept = set(keep)
            old = {d for d, when in self._touched.items() if when < older_than}
            parts = [self._blobs.pop(d) for d in sorted(old - kept) if d in self._blobs]
            parts += [self._uploads.pop(d) for d in sorted(old) if d in self._uploads]
            return len(parts), sum(map(len, parts))

    def usage(self) -> int:
        with self._lock:
            return sum(map(len, self._blobs.values()))

    def _keep_upload(self, sha256: str, data: bytes) -> None:
        with self._lock:
            self._uploads[sha256], self._touched[sha256] = data, self._now()

    def _keep(self, sha256: str, data: bytes) -> None:
        with self._lock:
            self._blobs[sha256], self._touched[sha256] = bytes(data), self._now()
            self._uploads.pop(sha256, None)

    def _finish(self, sha256: str, data: bytes) -> None:
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise BadInput(
                f"The bytes that were sent have the SHA-256 {found}, not {sha256}. "
                "The file changed or was damaged on its way; upload it again from the start."
            )
        self._keep(sha256, data)
