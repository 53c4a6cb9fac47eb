"""Garbage among manifests and the files that they name."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from modelyard.domain.clock import utc
from modelyard.stores.blobs import FileBlobStore
from modelyard.stores.sql import references
from modelyard.stores.sql.database import Database
from modelyard.usecases.collect import Kind, Removed, unwanted_manifests

_BATCH = 100


def collect_files(
    database: Database,
    blobs: FileBlobStore,
    before: float,
    *,
    pretend: bool,
    looked: Callable[[], object] = lambda: None,
) -> list[Removed]:
    """
    Remove manifests, then files, that nothing refers to and that were last touched before.

    ``looked`` is called when it is decided which manifests shall go and none has gone: tests let
    others act there.
    """
    unwanted = _unwanted(database, blobs, before)
    looked()
    if not pretend:
        unwanted = [
            d for batch in _batches(unwanted) for d in _remove(database, blobs, batch, before)
        ]
    gone = set(unwanted)
    count, size = blobs.sweep(_kept(database, gone), utc(before), pretend=pretend)
    return [Removed(Kind.MANIFESTS, len(gone), 0), Removed(Kind.FILES, count, size)]


def _unwanted(database: Database, blobs: FileBlobStore, before: float) -> list[str]:
    found: list[str] = []
    with database.read() as connection:
        used = references.manifest_references(connection)
        for digest, files in references.manifest_files(connection):
            if digest not in used:
                touched = {name: blobs.touched(name) or 0.0 for name in files}
                found += unwanted_manifests({digest: files}, used, touched, before)
    return found


def _remove(
    database: Database, blobs: FileBlobStore, digests: list[str], before: float
) -> list[str]:
    """
    Those that are really gone.

    Whoever refers to a manifest touches its files first and then makes sure that it is there. So
    one whose files are still old once it is out of everybody's sight is wanted by nobody; the look
    at what refers to it afterwards is for those who did not keep to that order.
    """
    bodies = references.manifest_bodies(database, digests)
    gone = []
    for digest, (body, files) in bodies.items():
        wanted = partial(_touched_since, blobs, files, before)
        if references.remove_manifest(database, digest, wanted):
            gone.append((digest, body))
    back = set(references.restore_manifests(database, dict(gone)))
    return [digest for digest, _ in gone if digest not in back]


def _touched_since(blobs: FileBlobStore, files: Iterable[str], before: float) -> bool:
    return any((blobs.touched(name) or 0.0) >= before for name in files)


def _kept(database: Database, gone: set[str]) -> Iterator[str]:
    with database.read() as connection:
        for digest, files in references.manifest_files(connection):
            if digest not in gone:  # a dry run has not removed them
                yield from files
        yield from references.run_file_references(connection)


def _batches(digests: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(digests), _BATCH):
        yield digests[start : start + _BATCH]
