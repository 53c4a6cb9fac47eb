"""Images in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from modelyard.domain.errors import NotFound
from modelyard.domain.images import Image
from modelyard.testing.stores.memory import Memory, kept


class MemoryImageStore:
    """``ImageStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, image: Image) -> Image:
        with self._memory.lock:
            self._memory.check_workspace(image.workspace)
            version = self._memory.next(image.workspace, "image", image.name)
            added = kept(replace(image, version=version))
            self._memory.images[added.workspace, added.name, version] = added
            return kept(added)

    def get(self, workspace: str, name: str, version: int | None = None) -> Image:
        with self._memory.lock:
            there = (key[2] for key in self._memory.images if key[:2] == (workspace, name))
            number = max(there, default=None) if version is None else version
            return kept(self._find(workspace, name, number))

    def list(self, workspace: str, name: str | None = None) -> Sequence[Image]:
        with self._memory.lock:
            newest_first = reversed(self._memory.images.values())
            return [
                kept(image)
                for image in newest_first
                if image.workspace == workspace and name in {None, image.name}
            ]

    def change(
        self, workspace: str, name: str, version: int, decide: Callable[[Image], Image]
    ) -> Image:
        with self._memory.lock:
            before = self._find(workspace, name, version)
            after = replace(decide(kept(before)), workspace=workspace, name=name, version=version)
            self._memory.images[workspace, name, version] = kept(after)
            return after

    def remove(self, workspace: str, name: str, version: int) -> None:
        with self._memory.lock:
            self._find(workspace, name, version)
            del self._memory.images[workspace, name, version]

    def _find(self, workspace: str, name: str, version: int | None) -> Image:
        found = None
        if version is not None:
            found = self._memory.images.get((workspace, name, version))
        if found is None:
            which = name if version is None else f"{name}:{version}"
            raise NotFound(f"There is no image {which!r} in workspace {workspace!r}.")
        return found
