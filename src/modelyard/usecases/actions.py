"""Carries out what ``plan`` decided."""

import logging
from collections.abc import Callable
from dataclasses import replace

from modelyard.domain.environments import BuildState
from modelyard.domain.errors import ModelyardError, NotLeader
from modelyard.domain.services import Revision, RevisionState, Service
from modelyard.ports import (
    EnvironmentBuilder,
    EnvironmentStore,
    RolloutStore,
    ServiceStore,
    Target,
)
from modelyard.usecases import steps
from modelyard.usecases.background import Background
from modelyard.usecases.fronts import Places, front_spec
from modelyard.usecases.layout import Layout
from modelyard.usecases.plan import Situation

_log = logging.getLogger(__name__)


class Actor:
    """Does one action at a time; laying out files happens in the background."""

    def __init__(
        self,
        services: ServiceStore,
        rollouts: RolloutStore,
        environments: EnvironmentStore,
        builder: EnvironmentBuilder,
        target: Target,
        layout: Layout,
        wake: Callable[[], None],
    ) -> None:
        self._services = services
        self._rollouts = rollouts
        self._environments = environments
        self._builder = builder
        self._target = target
        self._layout = layout
        self._pool = Background(2, wake)

    @property
    def places(self) -> Places:
        """Where revisions lie."""
        return self._layout.places

    def preparing(self) -> frozenset[str]:
        """Revisions that are being laid out now."""
        return self._pool.names()

    def act(self, situation: Situation, action: steps.Action) -> None:
        """Raises NotLeader when another control plane has taken over."""
        service, revision = situation.service, action.revision
        _log.info(
            "%s/%s version %s revision %d: %s",
            service.workspace,
            service.name,
            revision.version,
            revision.number,
            type(action).__name__,
        )
        match action:
            case steps.Prepare():
                self._pool.submit(revision.id, lambda: self._prepare(service, revision))
            case steps.Await():
                self._move(revision, RevisionState.PENDING)
            case steps.MarkReady():
                self._move(revision, RevisionState.READY)
            case steps.Fail():
                self._fail(revision, dict(action.error))
            case steps.GoLive():
                self._services.set_live(service.id, revision.version, revision.number)
            case steps.GoDark():
                self._services.set_live(service.id, revision.version, None)
            case steps.Retire():
                self._move(revision, RevisionState.DRAINING)
            case steps.Drain():
                self._target.drain(revision.id)
            case steps.Stop():
                self._target.stop(revision.id)
                self._layout.remove(revision)
                self._move(revision, RevisionState.STOPPED)
            case steps.StopFront():
                self._target.stop(revision.id)
                self._layout.remove(revision)
            case steps.Forget():
                self._layout.remove(revision)
                self._layout.remove_logs(revision)
                self._services.remove_revision(revision.id)

    def remove(self, service: Service) -> None:
        """Nothing of it runs any more: remove what is left."""
        for revision in self._services.revisions(service.id):
            self._layout.remove(revision)
            self._layout.remove_logs(revision)
        self._rollouts.remove(service.id)
        self._services.remove(service.id)

    def remove_version(self, service: Service, version: str) -> None:
        """Nothing of it runs any more: remove what is left."""
        for revision in self._services.revisions(service.id):
            if revision.version == version:
                self._layout.remove(revision)
                self._layout.remove_logs(revision)
        self._services.remove_version(service.id, version)

    def _move(self, revision: Revision, state: RevisionState) -> None:
        self._services.update_revision(replace(revision, state=state))

    def _fail(self, revision: Revision, error: dict[str, object]) -> None:
        self._target.stop(revision.id)
        self._layout.remove(revision)
        self._services.update_revision(replace(revision, state=RevisionState.FAILED, error=error))

    def _prepare(self, service: Service, revision: Revision) -> None:
        """Runs in the background; a revision that was live already keeps its state."""
        built = self._builder.find(revision.content.recipe)
        if built is None:
            self._build_again(revision)
            return
        try:
            self._layout.lay_out(revision)
            manifests = self._layout.manifests(revision)
            self._target.start(front_spec(self.places, service, revision, built, manifests))
        except NotLeader:
            raise
        except ModelyardError as error:
            if revision.state is RevisionState.PENDING:
                self._fail(revision, {"type": type(error).__name__, "message": error.message})
            else:
                _log.error("revision %s cannot be started again: %s", revision.id, error.message)
            return
        if revision.state is RevisionState.PENDING:
            self._move(revision, RevisionState.STARTING)

    def _build_again(self, revision: Revision) -> None:
        """Its environment was removed since it was built."""
        build = self._environments.get_build(revision.content.recipe)
        self._environments.update_build(
            replace(build, state=BuildState.QUEUED, finished=None, error=None)
        )
