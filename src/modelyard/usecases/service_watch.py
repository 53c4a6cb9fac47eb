"""Looking at services: their state now, and their logs."""

from collections.abc import Sequence

from modelyard.domain.environments import Build
from modelyard.domain.errors import NotFound
from modelyard.domain.services import Revision, RevisionState, Service
from modelyard.ports import EnvironmentStore, ServiceStore, Target
from modelyard.usecases.service_view import view
from modelyard.wire import services as wire

_RUNS = {RevisionState.STARTING, RevisionState.READY, RevisionState.DRAINING}


class ServiceWatch:
    """Puts together what is stored with what the fronts say."""

    def __init__(
        self,
        store: ServiceStore,
        environments: EnvironmentStore,
        target: Target,
        base_url: str,
        *,
        open_allowed: bool = True,
    ) -> None:
        self._store = store
        self._environments = environments
        self._target = target
        self._base_url = base_url
        self._open_allowed = open_allowed

    def view(self, service: Service) -> wire.Service:
        """How it is now."""
        return self.views([service])[0]

    def views(self, services: Sequence[Service]) -> list[wire.Service]:
        """How they are now; all their fronts are asked at once."""
        revisions = {s.id: self._store.revisions(s.id) for s in services}
        running = [r.id for rows in revisions.values() for r in rows if r.state in _RUNS]
        fronts = self._target.observe(running) if running else {}
        return [
            view(
                service,
                self._store.versions(service.id),
                revisions[service.id],
                fronts,
                self._builds(revisions[service.id]),
                self._base_url,
                open_allowed=self._open_allowed,
            )
            for service in services
        ]

    def logs(self, service: Service, lines: int) -> list[str]:
        """
        The last lines of the revision that people ask about: the wanted one when it is starting
        or failed, else the one that serves.
        """
        revision = self._told(service)
        return [] if revision is None else list(self._target.logs(revision.id, lines))

    def _told(self, service: Service) -> Revision | None:
        version = next(
            (v for v in self._store.versions(service.id) if v.name == service.default_version),
            None,
        )
        if version is None:
            return None
        rows = {
            r.number: r for r in self._store.revisions(service.id) if r.version == version.name
        }
        wanted = rows.get(version.wanted)
        live = rows.get(version.live) if version.live is not None else None
        if live is None or (wanted is not None and wanted.state is RevisionState.FAILED):
            return wanted
        return live

    def _builds(self, revisions: Sequence[Revision]) -> dict[str, Build]:
        builds = {}
        for revision in revisions:
            if revision.state is RevisionState.PENDING:
                try:
                    build = self._environments.get_build(revision.content.recipe)
                except NotFound:
                    continue
                builds[build.digest] = build
        return builds
