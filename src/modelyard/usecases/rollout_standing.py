"""How the two versions of a rollout stand, from what is stored and what their fronts say."""

from collections.abc import Sequence
from dataclasses import dataclass

from modelyard.domain.fronts import FrontState, FrontStatus
from modelyard.domain.services import Revision, RevisionState, ServiceVersion
from modelyard.ports import Clock, ServiceStore, Target
from modelyard.usecases.rollout_moves import Standing
from modelyard.usecases.rollout_terms import fingerprint


def answers(front: FrontStatus) -> bool:
    """
    Whether requests are answered; one that sleeps says that it is ready: it wakes when asked. Of
    several fronts some may be away. Pure.
    """
    return front.state is FrontState.READY or front.ready_workers > 0


@dataclass(frozen=True, slots=True)
class Rows:
    """What is stored of one version: itself, what shall serve, and what is routed to."""

    version: ServiceVersion
    wanted: Revision | None
    serving: Revision | None


def rows(
    versions: Sequence[ServiceVersion], revisions: Sequence[Revision], name: str
) -> Rows | None:
    """Of the version of that name; None when there is none, or it is being deleted. Pure."""
    version = next((v for v in versions if v.name == name and not v.deleting), None)
    if version is None:
        return None
    own = {r.number: r for r in revisions if r.version == name}
    ready = {n: r for n, r in own.items() if r.state is RevisionState.READY}
    serving = ready.get(version.wanted) or ready.get(version.live or 0)
    return Rows(version, own.get(version.wanted), serving)


def stored(found: Rows | None) -> Standing:
    """As far as the stores tell. Pure."""
    if found is None:
        return Standing(there=False, ready=False)
    wanted = found.wanted
    failed = ""
    if found.serving is None and wanted is not None and wanted.state is RevisionState.FAILED:
        error = wanted.error or {}
        failed = str(error.get("message") or "its workers did not come up; see its log.")
    elif not found.version.enabled:
        failed = "it was stopped."
    return Standing(
        content=fingerprint(wanted.content) if wanted else "",
        ready=found.serving is not None,
        failed=failed,
    )


class Standings:
    """Remembers since when a version has had no worker."""

    def __init__(self, services: ServiceStore, target: Target, clock: Clock) -> None:
        self._services = services
        self._target = target
        self._clock = clock
        self._away: dict[str, float] = {}

    def of(self, service: str, *names: str) -> list[Standing]:
        """One for each name."""
        versions, revisions = self._services.versions(service), self._services.revisions(service)
        return [self._one(rows(versions, revisions, name)) for name in names]

    def _one(self, found: Rows | None) -> Standing:
        standing = stored(found)
        if found is None or found.serving is None:
            return standing
        id = found.serving.id
        if answers(self._target.observe([id])[id]):
            self._away.pop(id, None)
            return standing
        now = self._clock.monotonic()
        away = now - self._away.setdefault(id, now)
        return Standing(content=standing.content, ready=False, failed=standing.failed, away=away)
