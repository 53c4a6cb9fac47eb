"""How a version of a service is: one state and a few words, from everything that is known."""

from collections.abc import Sequence

from modelyard.domain.environments import Build, BuildState
from modelyard.domain.fronts import FrontState, FrontStatus
from modelyard.domain.services import (
    Revision,
    RevisionState,
    Service,
    ServiceState,
    ServiceVersion,
)

STOPPED = "Stopped"
"""A state that Azure does not have: the service is kept, nothing runs."""

_BUILD_STEPS = {
    BuildState.QUEUED: "waiting for the environment to be built",
    BuildState.RUNNING: "building the environment",
    BuildState.SUCCEEDED: "laying out the files",
    BuildState.FAILED: "the environment could not be built",
}


def state_of(
    service: Service,
    wanted: Revision | None,
    version: ServiceVersion | None,
    revisions: Sequence[Revision],
    front: FrontStatus | None,
    build: Build | None,
) -> tuple[str, str]:
    """The state, and in words what is being done or waited for. Pure."""
    active = {RevisionState.STARTING, RevisionState.READY, RevisionState.DRAINING}
    if service.deleting or (version is not None and version.deleting):
        return ServiceState.DELETING, "stopping what runs"
    if not service.enabled or (version is not None and not version.enabled):
        if any(r.state in active for r in revisions):
            return ServiceState.TRANSITIONING, "stopping"
        return STOPPED, ""
    if wanted is None or version is None:
        return ServiceState.FAILED, "nothing was deployed; deploy again with overwrite"
    if wanted.state is RevisionState.FAILED:
        return ServiceState.FAILED, ""
    if wanted.state is RevisionState.PENDING:
        step = _BUILD_STEPS[build.state] if build else "waiting for the environment to be built"
        return ServiceState.TRANSITIONING, step
    if wanted.state is RevisionState.STARTING:
        return ServiceState.TRANSITIONING, _starting(wanted, front)
    if wanted.state is not RevisionState.READY:
        return ServiceState.TRANSITIONING, "starting again"
    if version.live != wanted.number:
        return ServiceState.TRANSITIONING, "opening the address"
    return _serving(front)


def _starting(wanted: Revision, front: FrontStatus | None) -> str:
    if front is None or front.state is FrontState.GONE:
        return "starting"
    if front.ready_workers == 0:
        return "starting: init() is running"
    return f"starting: {front.ready_workers} of {wanted.content.serving.workers} workers are ready"


def _serving(front: FrontStatus | None) -> tuple[str, str]:
    if front is not None and front.state is FrontState.READY:
        return ServiceState.HEALTHY, ""
    if front is None or front.state is FrontState.GONE:
        return ServiceState.UNHEALTHY, "the front is down and being started again"
    if 0 < front.ready_workers < front.workers:  # of several fronts some are away
        answer = f"{front.ready_workers} of {front.workers} workers answer"
        return ServiceState.UNHEALTHY, f"{answer}; the others are being started again"
    if front.state is FrontState.STARTING:
        # after 'up' or a restart of the front: coming back, and waiting for it makes sense
        return ServiceState.TRANSITIONING, "coming back: init() is running"
    if front.state is FrontState.FAILED:
        return ServiceState.UNHEALTHY, "init() fails since the last restart"
    if front.asleep:
        return ServiceState.UNHEALTHY, "init() failed after a sleep; a request tries it again"
    return ServiceState.UNHEALTHY, "every worker is down and being started again"
