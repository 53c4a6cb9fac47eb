"""Registered models in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from modelyard.domain.errors import NotFound
from modelyard.domain.models import Model
from modelyard.testing.stores.memory import Memory, has_entries, kept


class MemoryModelStore:
    """``ModelStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, model: Model) -> Model:
        with self._memory.lock:
            self._memory.check_workspace(model.workspace)
            version = self._memory.next(model.workspace, "model", model.name)
            added = kept(replace(model, version=version))
            self._memory.models[added.workspace, added.name, version] = added
            return kept(added)

    def get(self, workspace: str, name: str, version: int | None = None) -> Model:
        with self._memory.lock:
            number = self._latest(workspace, name) if version is None else version
            return kept(self._find(workspace, name, number))

    def list(
        self,
        workspace: str,
        *,
        name: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        run_id: str | None = None,
        framework: str | None = None,
        latest: bool = False,
    ) -> Sequence[Model]:
        wanted = {"name": name, "run_id": run_id, "framework": framework}

        def fits(model: Model) -> bool:
            return (
                model.workspace == workspace
                and all(v is None or getattr(model, k) == v for k, v in wanted.items())
                and (not latest or model.version == self._latest(workspace, model.name))
                and has_entries(model.tags, tags)
                and has_entries(model.properties, properties)
            )

        with self._memory.lock:
            newest_first = reversed(self._memory.models.values())
            found = [model for model in newest_first if fits(model)]
        return [kept(replace(model, sample_input=(), sample_output=())) for model in found]

    def change(
        self, workspace: str, name: str, version: int, decide: Callable[[Model], Model]
    ) -> Model:
        with self._memory.lock:
            before = self._find(workspace, name, version)
            after = replace(decide(kept(before)), workspace=workspace, name=name, version=version)
            self._memory.models[workspace, name, version] = kept(after)
            return after

    def remove(self, workspace: str, name: str, version: int) -> None:
        with self._memory.lock:
            self._find(workspace, name, version)
            del self._memory.models[workspace, name, version]

    def _latest(self, workspace: str, name: str) -> int | None:
        there = (key[2] for key in self._memory.models if key[:2] == (workspace, name))
        return max(there, default=None)

    def _find(self, workspace: str, name: str, version: int | None) -> Model:
        found = None
        if version is not None:
            found = self._memory.models.get((workspace, name, version))
        if found is None:
            which = name if version is None else f"{name}:{version}"
            raise NotFound(f"There is no model {which!r} in workspace {workspace!r}.")
        return found
