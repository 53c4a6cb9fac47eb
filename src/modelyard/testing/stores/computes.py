"""Compute targets in memory."""

from collections.abc import Sequence

from modelyard.domain.computes import Compute
from modelyard.domain.errors import AlreadyExists, NotFound
from modelyard.testing.stores.memory import Memory, kept


class MemoryComputeStore:
    """``ComputeStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, compute: Compute) -> None:
        key = (compute.workspace, compute.name)
        with self._memory.lock:
            self._memory.check_workspace(compute.workspace)
            if key in self._memory.computes:
                raise AlreadyExists(
                    f"There is a compute target {compute.name!r} in workspace "
                    f"{compute.workspace!r} already. Delete it, or take another name."
                )
            self._memory.computes[key] = kept(compute)

    def get(self, workspace: str, name: str) -> Compute:
        with self._memory.lock:
            return kept(self._find(workspace, name))

    def list(self, workspace: str) -> Sequence[Compute]:
        with self._memory.lock:
            found = sorted(self._memory.computes.items())
            return [kept(compute) for key, compute in found if key[0] == workspace]

    def update(self, compute: Compute) -> None:
        with self._memory.lock:
            self._find(compute.workspace, compute.name)
            self._memory.computes[compute.workspace, compute.name] = kept(compute)

    def remove(self, workspace: str, name: str) -> None:
        with self._memory.lock:
            self._find(workspace, name)
            del self._memory.computes[workspace, name]

    def _find(self, workspace: str, name: str) -> Compute:
        try:
            return self._memory.computes[workspace, name]
        except KeyError:
            raise NotFound(
                f"There is no compute target {name!r} in workspace {workspace!r}."
            ) from None
