"""The folders of jobs: laid out, read when nobody tells any more, removed."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from modelyard.domain.errors import BadArchive, DiskFull
from modelyard.domain.jobs import COLLECTED, LOG, Job, JobFolder, JobResult, JobSpec, job_key
from modelyard.domain.manifests import check_path
from modelyard.domain.runs import Run, RunFile
from modelyard.ports import BlobStore, SnapshotStore


@dataclass(frozen=True, slots=True)
class JobFolders:
    """All of them below ``root``; ``end_processes`` ends what a job, by its key, left behind."""

    root: Path
    blobs: BlobStore
    manifests: SnapshotStore
    end_processes: Callable[[str], None]

    def of(self, run: Run) -> JobFolder:
        """Where the files of the run's job lie."""
        return JobFolder(self.root / job_key(run.workspace, run.id))

    def lay_out(self, run: Run, job: Job) -> JobFolder:
        """A fresh copy of the source to work in. Raises NotFound, DiskFull."""
        folder = self.of(run)
        self.remove(folder.root.name)
        try:
            folder.root.mkdir(mode=0o700, parents=True)
            self.blobs.lay_out(self.manifests.get(job.source), folder.work)
            for name in COLLECTED:
                # a file of that name in the source is the script's own affair
                if not (folder.work / name).exists():
                    (folder.work / name).mkdir(parents=True)
            folder.log.touch(mode=0o600)
        except OSError as error:
            raise DiskFull(f"The job cannot be laid out in {folder.root}: {error}.") from error
        return folder

    def write_spec(self, folder: JobFolder, spec: JobSpec) -> None:
        """Readable for this user alone: it holds a token. Raises DiskFull."""
        try:
            descriptor = os.open(folder.spec, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(spec))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DiskFull(f"{folder.spec} cannot be written: {error}.") from error

    def result(self, run: Run) -> JobResult | None:
        """What the runner had found out before it ended; None when it had not."""
        try:
            return msgspec.json.decode(self.of(run).result.read_bytes(), type=JobResult)
        except (OSError, msgspec.DecodeError):
            return None

    def began(self, run: Run) -> bool:
        """Whether a runner has ever started."""
        return self.of(run).mark.exists()

    def salvage(self, run: Run) -> list[RunFile]:
        """Store what the script wrote and printed. Raises DiskFull."""
        return [
            RunFile(path, *self._store(place))
            for path, place in written(self.of(run))
            if place.is_file()
        ]

    def _store(self, place: Path) -> tuple[str, int]:
        with place.open("rb") as stream:
            return self.blobs.put(stream)

    def keys(self) -> set[str]:
        """The jobs that have a folder."""
        return {path.name for path in self.root.iterdir()} if self.root.is_dir() else set()

    def remove(self, key: str) -> None:
        """The folder, and processes that still work in it. Repeatable."""
        folder = self.root / key
        if folder.exists():
            self.end_processes(key)
            shutil.rmtree(folder, ignore_errors=True)


def written(folder: JobFolder) -> Iterator[tuple[str, Path]]:
    """Names in the run and places of all that is kept of a job; links are passed over."""
    for top in COLLECTED:
        for root, _, names in os.walk(folder.work / top):
            for name in sorted(names):
                place = Path(root, name)
                path = place.relative_to(folder.work).as_posix()
                if place.is_file() and not place.is_symlink() and _good(path):
                    yield path, place
    if folder.log.exists():
        yield LOG, folder.log


def _good(path: str) -> bool:
    try:
        check_path(path)
        path.encode()
    except (BadArchive, UnicodeEncodeError):
        return False
    return True
