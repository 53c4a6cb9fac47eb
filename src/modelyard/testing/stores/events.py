"""Events in memory."""

from collections.abc import Sequence
from dataclasses import replace

from modelyard.domain.events import Event
from modelyard.testing.stores.memory import Memory, kept


class MemoryEventStore:
    """``EventStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, event: Event) -> Event:
        with self._memory.lock:
            add_event(self._memory, event)
            return kept(self._memory.events[-1])

    def list(
        self,
        workspace: str,
        service: str | None = None,
        *,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[Event]:
        with self._memory.lock:
            mine = [
                event
                for event in reversed(self._memory.events)
                if event.workspace == workspace
                and service in {None, event.service}
                and (before is None or event.number < before)
            ]
        return [kept(event) for event in mine[:limit]]


def add_event(memory: Memory, event: Event | None) -> None:
    """Keep one, or nothing; the caller holds the lock."""
    if event is not None:
        memory.events.append(kept(replace(event, number=memory.next("event"))))
