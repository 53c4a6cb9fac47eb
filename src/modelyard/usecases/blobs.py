"""Files by content: what is missing, uploads that may be interrupted, packs of small files."""

import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from modelyard.domain.errors import BadArchive, BadInput, Conflict, TooLarge
from modelyard.domain.manifests import check_digest
from modelyard.ports import BlobStore
from modelyard.usecases.archives import open_tar


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """A piece of a file that is being sent: from ``offset`` on, ``length`` bytes in all."""

    sha256: str
    offset: int
    length: int


class Blobs:
    """What clients do with files."""

    def __init__(self, store: BlobStore, max_upload: int) -> None:
        self._store = store
        self._max = max_upload

    def missing(self, digests: Iterable[str]) -> Sequence[str]:
        """Those that must be uploaded. Raises BadInput for what is no digest."""
        return self._store.missing([check_digest(digest) for digest in digests])

    def has(self, sha256: str) -> bool:
        """Whether it is there, whole."""
        return self._store.has(check_digest(sha256))

    def upload_size(self, sha256: str) -> int:
        """Bytes received so far of an unfinished upload."""
        return self._store.upload_size(check_digest(sha256))

    def plan(self, sha256: str, offset: int, length: int) -> UploadPlan:
        """Checks an upload before its first byte is read. Raises BadInput, TooLarge, Conflict."""
        check_digest(sha256)
        if length > self._max:
            raise TooLarge(
                f"A file of {length} bytes is over the limit of {self._max} bytes "
                "(MODELYARD_MAX_UPLOAD).",
                details={"limit": self._max},
            )
        if offset > length:
            raise BadInput(f"Upload-Offset {offset} lies behind Upload-Length {length}.")
        present = self._store.upload_size(sha256)
        if not self._store.has(sha256) and offset != present:
            raise Conflict(
                f"The upload stands at byte {present}, not {offset}; go on from there.",
                details={"offset": present},
            )
        return UploadPlan(sha256, offset, length)

    def append(self, plan: UploadPlan, offset: int, data: bytes) -> int:
        """
        Write the next bytes, and put the file in place with the last; the new size.

        Raises BadInput for more bytes than announced and for other bytes than the digest says,
        Conflict, DiskFull.
        """
        end = offset + len(data)
        if end > plan.length:
            raise BadInput(f"More came than the {plan.length} bytes that were announced.")
        return self._store.append(plan.sha256, offset, [data], last=end == plan.length)

    def open(self, sha256: str) -> BinaryIO:
        """Its bytes. Raises NotFound."""
        return self._store.open(check_digest(sha256))

    def put_pack(self, archive: BinaryIO) -> int:
        """
        Store the files of a tar that are named by their digests; how many.

        Raises BadArchive for any other name or kind of member, BadInput for other bytes than the
        name says, DiskFull. Files before the faulty one stay: they are whole, and sending them
        again costs nothing.
        """
        count = 0
        with open_tar(archive) as tar:
            for member in tar:
                self._put_member(tar, member)
                count += 1
        return count

    def _put_member(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        if not member.isreg():
            raise BadArchive(f"{member.name!r} in the pack is not a regular file.")
        try:
            digest = check_digest(member.name)
        except BadInput as error:
            raise BadArchive(f"A file of a pack is named by its digest: {error}") from None
        stream = tar.extractfile(member)
        if stream is None:
            raise BadArchive(f"{member.name!r} in the pack cannot be read.")
        written, _ = self._store.put(stream)  # type: ignore[arg-type]
        if written != digest:
            raise BadInput(f"The file named {digest} in the pack has the digest {written}.")
