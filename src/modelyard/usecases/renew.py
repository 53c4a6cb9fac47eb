"""After an upgrade: fronts that the release before started are replaced, one after the other."""

import logging
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from modelyard.domain.names import short_id
from modelyard.domain.services import Revision, RevisionState, Service, ServiceVersion
from modelyard.ports import Clock, ServiceStore
from modelyard.usecases.leading import Steps
from modelyard.usecases.plan import runs
from modelyard.usecases.reconcile import IDLE, SOON

_log = logging.getLogger(__name__)


def outdated(
    service: Service,
    version: ServiceVersion,
    revisions: Sequence[Revision],
    old_fronts: AbstractSet[str],
) -> Revision | None:
    """
    The revision of this version that shall be replaced by an equal one, if any. Pure.

    Only one that serves and is wanted: what is on its way is left alone, and when an equal one has
    failed to come up, the old front goes on serving.
    """
    if not runs(service, version) or version.live != version.wanted:
        return None
    found = next((r for r in revisions if r.number == version.wanted), None)
    if found is None or found.version != version.name or found.state is not RevisionState.READY:
        return None
    return found if found.id in old_fronts else None


class Renewing:
    """
    Steps of a leader that also renews: a new revision of the same content is started beside the
    old, routed to, and the old one drained, as for any other change. No request fails.

    ``old_fronts`` gives the revisions whose fronts another release started.
    """

    def __init__(
        self,
        inner: Steps,
        services: ServiceStore,
        old_fronts: Callable[[], AbstractSet[str]],
        clock: Clock,
        release: str,
    ) -> None:
        self._inner = inner
        self._services = services
        self._old_fronts = old_fronts
        self._clock = clock
        self._release = release
        self._done = False

    def step(self) -> float:
        pause = self._inner.step()
        if self._done or pause < IDLE:
            return pause  # one at a time: what is under way comes first
        if self._renew_one():
            return SOON
        self._done = True  # every later front is started by this release
        return pause

    def _renew_one(self) -> bool:
        old = self._old_fronts()
        for service in self._services.list() if old else ():
            revisions = self._services.revisions(service.id)
            for version in self._services.versions(service.id):
                own = [r for r in revisions if r.version == version.name]
                found = outdated(service, version, own, old)
                if found is not None:
                    self._replace(service, found)
                    return True
        return False

    def _replace(self, service: Service, old: Revision) -> None:
        _log.info("renewing %s/%s revision %d", service.workspace, service.name, old.number)
        note = f"Started anew by Modelyard {self._release}; nothing else changed."
        self._services.add_revision(
            replace(
                old,
                id=short_id("r"),
                number=0,
                state=RevisionState.PENDING,
                created=self._clock.now(),
                error=None,
                notes=(note,),
            )
        )
