"""Laying out a revision's files on the disk, and removing them."""

import shutil

from modelyard.domain.errors import DiskFull
from modelyard.domain.manifests import Manifest
from modelyard.domain.services import ModelRef, Revision
from modelyard.ports import BlobStore, SnapshotStore
from modelyard.usecases.fronts import MODELS, Places, app_source, model_folder

_MARK = ".laid-out"


class Layout:
    """Source and models of revisions as folders; a folder without its mark is not complete."""

    def __init__(self, places: Places, blobs: BlobStore, manifests: SnapshotStore) -> None:
        self.places = places
        self._blobs = blobs
        self._manifests = manifests

    def manifests(self, revision: Revision) -> dict[ModelRef, Manifest]:
        """The files of its models. Raises NotFound."""
        return {m: self._manifests.get(m.manifest) for m in revision.content.models}

    def lay_out(self, revision: Revision) -> None:
        """Repeatable: what is complete stays. Raises NotFound, DiskFull."""
        folder = self.places.folder(revision.id)
        mark = folder / _MARK
        if mark.exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        digest = revision.content.source
        source = self._manifests.get(digest) if digest else None
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            if source is not None:
                self._blobs.lay_out(source, app_source(self.places, revision))
            for model, manifest in self.manifests(revision).items():
                self._blobs.lay_out(manifest, model_folder(self.places, revision, model))
            (self.places.app_root(revision.id) / MODELS).mkdir(parents=True, exist_ok=True)
            self.places.worker_log(revision.id).parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        except OSError as error:
            self.remove(revision)
            raise DiskFull(f"The files cannot be laid out in {folder}: {error}.") from error

    def remove(self, revision: Revision) -> None:
        """Its files, not its logs. Repeatable."""
        shutil.rmtree(self.places.folder(revision.id), ignore_errors=True)

    def remove_logs(self, revision: Revision) -> None:
        """Its logs, rotated ones and those of all its fronts too. Repeatable."""
        for log in (self.places.worker_log(revision.id), self.places.front_log(revision.id)):
            for path in log.parent.glob(f"{log.stem}.*"):
                path.unlink(missing_ok=True)
