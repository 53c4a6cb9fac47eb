"""Looking at services: their state now, and their logs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from modelyard.domain.environments import Build
from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.services import Revision, RevisionState, Service
from modelyard.ports import EnvironmentStore, ServiceStore, Target
from modelyard.usecases.schema_diff import Changes, changes
from modelyard.usecases.service_view import view
from modelyard.usecases.version_rules import find_version, missing_version
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
        in_force: Callable[[], bool] = lambda: True,
    ) -> None:
        """``in_force`` says whether the gateway does what is stored."""
        self._store = store
        self._environments = environments
        self._target = target
        self._base_url = base_url
        self._open_allowed = open_allowed
        self._in_force = in_force

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
                in_force=self._in_force(),
            )
            for service in services
        ]

    def version(self, service: Service, name: str) -> wire.Version:
        """How one of its versions is now. Raises NotFound."""
        # asked once: a version may go at any moment, and what it is now decides
        views = {version.name: version for version in self.view(service).versions}
        if name not in views:
            raise missing_version(service, views, name)
        return views[name]

    def logs(self, service: Service, lines: int, version: str = "") -> list[str]:
        """
        The last lines of the revision that people ask about: the wanted one when it is starting
        or failed, else the one that serves; of the default version without ``version``.

        Raises NotFound.
        """
        revision = self._told(service, version)
        return [] if revision is None else list(self._target.logs(revision.id, lines))

    def description(self, service: Service, revision: int | None = None) -> Mapping[str, Any]:
        """
        The OpenAPI document of a revision, or of the one that people ask about.

        Raises NotFound for a revision that there is none of, Conflict before it has ever run.
        """
        found = self._numbered(service, revision)
        data = self._target.description(found.id)
        if data is None:
            raise Conflict(
                f"Revision {found.number} of service {service.name!r} has not run yet (or ran "
                "under a release that kept no schema), so what it takes is not known. Wait until "
                "it is healthy, or deploy it again."
            )
        document: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
        return document

    def diff(
        self,
        old: Service,
        new: Service,
        old_revision: int | None = None,
        new_revision: int | None = None,
    ) -> Changes:
        """What callers of ``old`` would notice of ``new``. Raises as ``description``."""
        return changes(self.description(old, old_revision), self.description(new, new_revision))

    def _numbered(self, service: Service, number: int | None) -> Revision:
        if number is None:
            told = self._told(service)
            if told is None:
                raise NotFound(f"Service {service.name!r} has no revision.")
            return told
        rows = self._rows(service, service.default_version)
        if number not in rows:
            known = ", ".join(map(str, rows)) or "none"
            raise NotFound(f"Service {service.name!r} has no revision {number}; there is {known}.")
        return rows[number]

    def _told(self, service: Service, name: str = "") -> Revision | None:
        versions = self._store.versions(service.id)
        if name:
            version = find_version(service, versions, name)
        elif found := [v for v in versions if v.name == service.default_version]:
            version = found[0]
        else:
            return None
        rows = self._rows(service, version.name)
        wanted = rows.get(version.wanted)
        live = rows.get(version.live) if version.live is not None else None
        if live is None or (wanted is not None and wanted.state is RevisionState.FAILED):
            return wanted
        return live

    def _rows(self, service: Service, version: str) -> dict[int, Revision]:
        rows = self._store.revisions(service.id)
        return {row.number: row for row in rows if row.version == version}

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
