"""Manifests in memory."""

from collections.abc import Iterator

from modelyard.domain.errors import NotFound
from modelyard.domain.manifests import Manifest
from modelyard.testing.stores.memory import Memory


class MemorySnapshotStore:
    """``SnapshotStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, manifest: Manifest) -> str:
        digest = manifest.digest
        with self._memory.lock:
            self._memory.manifests[digest] = manifest
        return digest

    def get(self, digest: str) -> Manifest:
        with self._memory.lock:
            found = self._memory.manifests.get(digest)
        if found is None:
            raise NotFound(f"There is no snapshot {digest}. Upload the files again.")
        return found

    def digests(self) -> Iterator[str]:
        with self._memory.lock:
            found = sorted(self._memory.manifests)
        yield from found

    def remove(self, digest: str) -> None:
        with self._memory.lock:
            self._memory.manifests.pop(digest, None)
