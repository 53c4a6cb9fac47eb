"""Tells fronts which versions get copies of their requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelyard.domain.services import Revision, RevisionState, Service, ServiceVersion
from modelyard.domain.shadows import Shadow
from modelyard.ports import Clock, ServiceStore, Target
from modelyard.usecases.reconcile import IDLE

AGAIN = 30.0
"""Seconds until a front that did not understand is told again."""

_RUNS = {RevisionState.STARTING, RevisionState.READY}
Told = tuple[Shadow, ...]


def wanted(
    service: Service, versions: Sequence[ServiceVersion], revisions: Sequence[Revision]
) -> Mapping[str, Told]:
    """
    What the front of each revision is to be told, by its id. Pure.

    A version is the shadow of all others. While it has no front that is ready, nothing is copied
    for it.
    """
    if service.deleting or not service.enabled:
        return {}
    shadows = [
        Shadow(version.name, front, share)
        for version in versions
        if (share := service.traffic.shadows.get(version.name, 0)) > 0
        and (front := _front(version, revisions))
    ]
    return {
        revision.id: tuple(shadow for shadow in shadows if shadow.version != revision.version)
        for revision in revisions
        if revision.state in _RUNS
    }


def _front(version: ServiceVersion, revisions: Sequence[Revision]) -> str:
    """The revision that is routed to, else the newest that is ready; '' for none."""
    ready = [r for r in revisions if r.version == version.name and r.state is RevisionState.READY]
    live = [r for r in ready if r.number == version.live]
    found = live or sorted(ready, key=lambda r: r.number)
    return found[-1].id if found and version.enabled and not version.deleting else ""


class Shadowing:
    """
    Steps of a leader. Fronts keep what they are told, also when they start anew, so it is said
    once; a new leader says it to all.
    """

    def __init__(self, services: ServiceStore, target: Target, clock: Clock) -> None:
        self._services = services
        self._target = target
        self._clock = clock
        self._told: dict[str, dict[str, _Said]] = {}  # by service and front

    def step(self) -> float:
        """Tell those whose shadows are others now; seconds until the next look."""
        services = self._services.list()
        for service in services:
            told = self._told.get(service.id)
            if service.traffic.shadows or told is None or any(s.open for s in told.values()):
                self._told[service.id] = self._look(service, told or {})
        for id in self._told.keys() - {service.id for service in services}:
            del self._told[id]
        return IDLE

    def _look(self, service: Service, told: Mapping[str, "_Said"]) -> dict[str, "_Said"]:
        versions = self._services.versions(service.id)
        found = wanted(service, versions, self._services.revisions(service.id))
        return {
            front: self._tell(front, shadows, told.get(front)) for front, shadows in found.items()
        }

    def _tell(self, front: str, shadows: Told, before: "_Said | None") -> "_Said":
        now = self._clock.monotonic()
        same = before is not None and before.shadows == shadows
        if before is not None and same and (before.understood or now - before.when < AGAIN):
            return before
        return _Said(shadows, self._target.shadow(front, shadows), now)


@dataclass(frozen=True, slots=True)
class _Said:
    shadows: Told
    understood: bool
    when: float

    @property
    def open(self) -> bool:
        """Whether there may be something to take back, or to say again."""
        return bool(self.shadows) or not self.understood
