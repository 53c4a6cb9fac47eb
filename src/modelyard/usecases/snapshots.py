"""Folders as they were: manifests of files that are kept by content."""

import tarfile
from typing import BinaryIO

from modelyard.domain.errors import BadArchive, BadInput, TooLarge
from modelyard.domain.manifests import FileEntry, Manifest, check_path
from modelyard.ports import BlobStore, SnapshotStore
from modelyard.usecases.archives import open_tar
from modelyard.wire.blobs import ManifestRequest

MAX_FILES = 200_000
"""More files than this in one folder are surely a mistake (an environment, a checkout)."""


class Snapshots:
    """What clients do with folders."""

    def __init__(self, store: SnapshotStore, blobs: BlobStore, max_size: int) -> None:
        self._store = store
        self._blobs = blobs
        self._max = max_size

    def add(self, request: ManifestRequest) -> Manifest:
        """
        Keep a manifest whose files were uploaded before.

        Raises BadArchive, BadInput; when files are missing, ``details['missing']`` names them.
        """
        if request.single and len(request.files) != 1:
            raise BadInput(f"'single' means one file, and {len(request.files)} were named.")
        _check_count(len(request.files))
        for entry in request.files:
            if not 0 <= entry.size < 2**62:
                raise BadInput(
                    f"The size of {entry.path!r} is {entry.size}: it must not be below 0."
                )
        manifest = Manifest.of(
            (FileEntry(f.path, f.sha256, f.size, f.executable) for f in request.files),
            single=request.single,
        )
        self.check_whole(manifest)
        return manifest

    def get(self, digest: str) -> Manifest:
        """Raises NotFound."""
        return self._store.get(digest)

    def check_whole(self, manifest: Manifest) -> None:
        """
        Make sure that manifest and files are there, and stay until something refers to them.

        Raises BadInput naming files of the manifest that were not uploaded.
        """
        missing = self._blobs.missing(f.sha256 for f in manifest.files)
        if missing:
            gone = set(missing)
            paths = [f.path for f in manifest.files if f.sha256 in gone]
            raise BadInput(
                f"{len(paths)} files were not uploaded, the first is {paths[0]!r}. Upload them "
                "(PUT /blobs/SHA256) before the manifest.",
                details={"missing": list(missing)[:1000]},
            )
        # after the files were touched: a collection of garbage that has just taken the manifest
        # away does not see that they are wanted, one that takes it now does
        self._store.add(manifest)

    def add_tar(self, archive: BinaryIO) -> Manifest:
        """
        Keep the folder in a tar. All names are checked before the first file is stored.

        Raises BadArchive for '..', absolute paths, links, devices, repeated names; DiskFull.
        """
        start = archive.tell()
        with open_tar(archive) as tar:
            self._check_members(tar)
        archive.seek(start)
        with open_tar(archive) as tar:
            files = [self._keep(tar, member) for member in tar if not member.isdir()]
        manifest = Manifest.of(files)
        self._store.add(manifest)
        return manifest

    def _check_members(self, tar: tarfile.TarFile) -> None:
        entries = []
        size = 0
        for member in tar:
            if member.isdir() and member.name.strip("/") in {"", "."}:
                continue
            path = check_path(member.name)
            if not (member.isreg() or member.isdir()):
                raise BadArchive(
                    f"{member.name!r} in the archive is a link or a device; send files only."
                )
            if member.isreg():
                size += member.size
                if size > self._max:
                    raise TooLarge(
                        f"The files of the archive are over the limit of {self._max} bytes "
                        "(MODELYARD_MAX_UPLOAD)."
                    )
                entries.append(FileEntry(path, "0" * 64, member.size))
            _check_count(len(entries))
        Manifest.of(entries)

    def _keep(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> FileEntry:
        stream = tar.extractfile(member)
        if stream is None:
            raise BadArchive(f"{member.name!r} in the archive cannot be read.")
        sha256, size = self._blobs.put(stream)  # type: ignore[arg-type]
        return FileEntry(check_path(member.name), sha256, size, bool(member.mode & 0o100))


def _check_count(count: int) -> None:
    if count > MAX_FILES:
        raise BadInput(
            f"A folder may have {MAX_FILES} files at most; leave out what is not needed."
        )
