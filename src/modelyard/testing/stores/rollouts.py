"""Rollouts in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.events import Event
from modelyard.domain.rollouts import Rollout
from modelyard.testing.stores.events import add_event
from modelyard.testing.stores.memory import Memory, kept


class MemoryRolloutStore:
    """``RolloutStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, rollout: Rollout, event: Event | None = None) -> None:
        with self._memory.lock:
            mine = [r for r in self._memory.rollouts.values() if r.service == rollout.service]
            if rollout.id in self._memory.rollouts or any(not r.ended for r in mine):
                raise Conflict(
                    f"A rollout of service {rollout.name!r} is under way. Stop it, or wait for "
                    "its end."
                )
            self._memory.rollouts[rollout.id] = kept(rollout)
            add_event(self._memory, event)

    def get(self, workspace: str, id: str) -> Rollout:
        with self._memory.lock:
            found = self._memory.rollouts.get(id)
            if found is None or found.workspace != workspace:
                raise NotFound(f"There is no rollout {id!r} in workspace {workspace!r}.")
            return kept(found)

    def list(self, service: str) -> Sequence[Rollout]:
        with self._memory.lock:
            found = reversed(self._memory.rollouts.values())
            return [kept(r) for r in found if r.service == service]

    def open(self) -> Sequence[Rollout]:
        with self._memory.lock:
            return [kept(r) for r in self._memory.rollouts.values() if not r.ended]

    def change(
        self, id: str, decide: Callable[[Rollout], Rollout], event: Event | None = None
    ) -> Rollout:
        with self._memory.lock:
            before = self._memory.rollouts.get(id)
            if before is None:
                raise NotFound(f"There is no rollout {id!r}.")
            after = replace(
                decide(kept(before)), id=id, workspace=before.workspace, service=before.service
            )
            self._memory.rollouts[id] = kept(after)
            add_event(self._memory, event)
            return after

    def remove(self, service: str) -> None:
        with self._memory.lock:
            for id in [r.id for r in self._memory.rollouts.values() if r.service == service]:
                del self._memory.rollouts[id]
