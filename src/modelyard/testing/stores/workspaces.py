"""Workspaces in memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modelyard.domain.errors import AlreadyExists, InUse
from modelyard.domain.workspaces import Workspace
from modelyard.testing.stores.memory import Memory, kept


class MemoryWorkspaceStore:
    """``WorkspaceStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, workspace: Workspace) -> None:
        with self._memory.lock:
            if workspace.name in self._memory.workspaces:
                raise AlreadyExists(f"There is a workspace {workspace.name!r} already.")
            self._memory.workspaces[workspace.name] = kept(workspace)

    def get(self, name: str) -> Workspace:
        with self._memory.lock:
            self._memory.check_workspace(name)
            return kept(self._memory.workspaces[name])

    def list(self) -> Sequence[Workspace]:
        with self._memory.lock:
            return [kept(found) for _, found in sorted(self._memory.workspaces.items())]

    def update(self, workspace: Workspace) -> None:
        with self._memory.lock:
            self._memory.check_workspace(workspace.name)
            present = self._memory.workspaces[workspace.name]
            changed = replace(present, tags=workspace.tags, cloud=workspace.cloud)
            self._memory.workspaces[workspace.name] = kept(changed)

    def remove(self, name: str) -> None:
        memory = self._memory
        with memory.lock:
            memory.check_workspace(name)
            names = sorted(s.name for s in memory.services.values() if s.workspace == name)
            if names:
                raise InUse(
                    f"Workspace {name!r} still has services: {', '.join(names)}. "
                    "Delete them first.",
                    details={"services": names},
                )
            del memory.workspaces[name]
            memory.events[:] = [event for event in memory.events if event.workspace != name]
            tables: tuple[dict[Any, Any], ...] = (
                memory.experiments,
                memory.runs,
                memory.metrics,
                memory.files,
                memory.models,
                memory.environments,
                memory.images,
                memory.computes,
                memory.counters,
            )
            for table in tables:
                for key in [key for key in table if key[0] == name]:
                    del table[key]
