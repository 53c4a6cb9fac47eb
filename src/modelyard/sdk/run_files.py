"""The files of a run."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from modelyard import settings
from modelyard.sdk import downloads, folders, ignore, transfer
from modelyard.sdk.client import Client, path
from modelyard.sdk.errors import UserErrorException, not_supported, raised_as
from modelyard.wire import runs as wire


def normal(name: str) -> str:
    """A file's name in a run: './outputs//x' and 'outputs/x' are one."""
    parts = [part for part in str(name).replace("\\", "/").split("/") if part not in {"", "."}]
    return "/".join(parts)


class HasFiles(ABC):
    """Uploading, listing and downloading."""

    _client: Client

    @property
    @abstractmethod
    def _path(self) -> str:
        """Where the API keeps the run."""

    @property
    @abstractmethod
    def id(self) -> str:
        """The run's id."""

    def upload_file(
        self, name: str, path_or_stream: Any, datastore_name: str | None = None
    ) -> dict[str, Any]:
        """Keep a file or a stream of bytes under ``name``."""
        _no_datastore(datastore_name)
        if hasattr(path_or_stream, "read"):
            self._put_stream(name, path_or_stream)
        else:
            self._put({normal(name): _file(path_or_stream)})
        return {"name": normal(name), "run_id": self.id}

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[str],
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
    ) -> dict[str, Any] | None:
        """Keep several files, each under its name."""
        _no_datastore(datastore_name)
        if len(names) != len(paths):
            raise UserErrorException(
                f"upload_files() got {len(names)} names for {len(paths)} paths; they go in pairs."
            )
        self._put({normal(n): _file(p) for n, p in zip(names, paths, strict=True)})
        return {normal(n): {"run_id": self.id} for n in names} if return_artifacts else None

    def upload_folder(self, name: str, path: str, datastore_name: str | None = None) -> list[str]:
        """Keep all files below a folder, under ``name/``; their names."""
        _no_datastore(datastore_name)
        folder = Path(path)
        if not folder.is_dir():
            raise UserErrorException(f"There is no folder {str(path)!r} (in {Path.cwd()}).")
        top = normal(name)
        files = {f"{top}/{p}" if top else p: source for p, source in folders.walk(folder)}
        self._put(files)
        return list(files)

    def get_file_names(self) -> list[str]:
        """All files of the run, sorted."""
        return sorted(self._files())

    def download_file(
        self, name: str, output_file_path: str | None = None, _validate_checksum: bool = False
    ) -> None:
        """Save a file, under its own name here unless told; a folder may be given."""
        wanted = normal(name)
        files = self._files()
        if wanted not in files:
            raise UserErrorException(
                f"Run {self.id!r} has no file {wanted!r}. It has: {_some(files)}."
            )
        base = wanted.rsplit("/", 1)[-1]
        target = Path(output_file_path) if output_file_path else Path(base)
        into_folder = target.is_dir() or str(output_file_path or "").endswith("/")
        with raised_as(UserErrorException):
            downloads.download_blob(
                self._client, files[wanted].sha256, target / base if into_folder else target
            )

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | None = None,
        output_paths: Sequence[str] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: float | None = None,
    ) -> None:
        """Save all files whose name begins with ``prefix``."""
        start = normal(prefix or "")
        chosen = [f for n, f in sorted(self._files().items()) if n.startswith(start)]
        if output_paths is not None and len(output_paths) != len(chosen):
            raise UserErrorException(
                f"output_paths names {len(output_paths)} files, but {len(chosen)} are downloaded."
            )
        root = Path(output_directory or ".")
        for index, file in enumerate(chosen):
            name = file.path if append_prefix else file.path.removeprefix(start).lstrip("/")
            target = root / (output_paths[index] if output_paths else name or Path(file.path).name)
            with raised_as(UserErrorException):
                downloads.download_blob(self._client, file.sha256, target)

    def take_snapshot(self, file_or_folder_path: str) -> str:
        """Keep a file or folder as the run's snapshot; the snapshot's id."""
        bundle = snapshot_of(Path(file_or_folder_path))
        with raised_as(UserErrorException):
            digest = transfer.upload(self._client, bundle, "Uploading the snapshot")
            self._client.tell("PATCH", self._path, wire.RunChange(snapshot=digest))
        return digest

    def get_snapshot_id(self) -> str:
        """The id of the snapshot. Raises when the run has none."""
        snapshot = self._client.get(self._path, wire.Run).snapshot
        if snapshot is None:
            raise UserErrorException(f"Run {self.id!r} has no snapshot.")
        return snapshot

    def restore_snapshot(self, snapshot_id: str | None = None, path: str | None = None) -> str:
        """Lay the snapshot out in a folder; the folder's path."""
        with raised_as(UserErrorException):
            manifest = downloads.manifest_of(self._client, snapshot_id or self.get_snapshot_id())
            target = Path(path or ".") / (snapshot_id or manifest.digest)[:12]
            downloads.download_files(self._client, manifest.files, target, "Restoring")
        return str(target)

    def _put_stream(self, name: str, stream: Any) -> None:
        with tempfile.NamedTemporaryFile() as spool:
            _copy(stream, spool)
            self._put({normal(name): Path(spool.name)})

    def _bytes(self, name: str) -> bytes:
        """The content of a file of the run."""
        file = self._files()[normal(name)]
        return self._client.request("GET", path("blobs", file.sha256)).data

    def _files(self) -> dict[str, wire.RunFile]:
        with raised_as(UserErrorException):
            found = self._client.items(f"{self._path}/files", wire.RunFile)
            return {f.path: f for f in found}

    def _put(self, files: Mapping[str, Path]) -> None:
        with raised_as(UserErrorException):
            bundle = folders.bundle(files)
            transfer.send_files(self._client, bundle, f"Uploading {len(files)} files")
            rows = [
                wire.RunFile(path=f.path, sha256=f.sha256, size=f.size)
                for f in bundle.manifest.files
            ]
            self._client.tell("POST", f"{self._path}/files", wire.RunFiles(files=rows))


SNAPSHOT_LIMIT = 300 * 1024 * 1024
_NOT_IN_SNAPSHOTS = ("/outputs/", "/logs/")


def snapshot_of(source: Path) -> folders.Bundle:
    """What a snapshot of a file or folder holds. Raises ``UserErrorException`` over 300 MB."""
    if source.is_file():
        return folders.bundle({source.name: source})
    if not source.is_dir():
        raise UserErrorException(f"There is no folder {str(source)!r} to take a snapshot of.")
    rules = ignore.of_folder(source, ".amlignore", ".gitignore")
    own = ignore.Ignore.of(_NOT_IN_SNAPSHOTS)
    rules = ignore.Ignore((*rules.rules, *own.rules))
    files, size = {}, 0
    home = settings.read().home
    for name, file in folders.walk(source, rules, readable_only=True, without=home):
        size += file.stat().st_size
        if size > SNAPSHOT_LIMIT:
            raise UserErrorException(
                f"While taking a snapshot of {str(source.resolve())!r}: your total snapshot size "
                f"exceeds the limit of {SNAPSHOT_LIMIT / 1024**2:.1f} MB. Leave large files out "
                "with a .amlignore file, or pass another snapshot_directory (None for none)."
            )
        files[name] = file
    return folders.bundle(files)


def _no_datastore(name: str | None) -> None:
    if name is not None:
        raise not_supported("datastore_name", "Files of runs are kept in Modelyard's own store.")


def _file(source: Any) -> Path:
    file = Path(source)
    if not file.is_file():
        raise UserErrorException(f"There is no file {str(source)!r} (in {Path.cwd()}).")
    return file


def _copy(stream: Any, spool: Any) -> None:
    target: BinaryIO = spool
    while piece := stream.read(1024 * 1024):
        target.write(piece.encode() if isinstance(piece, str) else piece)
    target.flush()


def _some(files: Mapping[str, Any]) -> str:
    names = sorted(files)
    shown = ", ".join(names[:10]) or "none"
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")
