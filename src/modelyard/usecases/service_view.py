"""How a service looks to its users: one state and a few words, from everything that is known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from modelyard.domain.environments import Build, BuildState
from modelyard.domain.fronts import FrontState, FrontStatus
from modelyard.domain.services import (
    Auth,
    Revision,
    RevisionContent,
    RevisionState,
    Service,
    ServiceKind,
    ServiceState,
    ServiceVersion,
)
from modelyard.wire import services as wire

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
    if service.deleting:
        return ServiceState.DELETING, "stopping what runs"
    if not service.enabled:
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
    return ServiceState.UNHEALTHY, "every worker is down and being started again"


def view(
    service: Service,
    versions: Sequence[ServiceVersion],
    revisions: Sequence[Revision],
    fronts: Mapping[str, FrontStatus],
    builds: Mapping[str, Build],
    base_url: str,
    *,
    open_allowed: bool = True,
) -> wire.Service:
    """Everything about a service that its users see. Pure."""
    version = next((v for v in versions if v.name == service.default_version), None)
    own = [r for r in revisions if r.version == service.default_version]
    wanted = next((r for r in own if version and r.number == version.wanted), None)
    front = fronts.get(wanted.id) if wanted else None
    build = builds.get(wanted.content.recipe) if wanted else None
    state, step = state_of(service, wanted, version, revisions, front, build)
    address = address_of(service, base_url)
    return wire.Service(
        id=service.id,
        workspace=service.workspace,
        name=service.name,
        kind=service.kind.value,
        state=str(state),
        step=step,
        auth=service.auth.value,
        scoring_uri=address + "/score",
        swagger_uri=address + "/swagger.json",
        created=service.created,
        updated=service.updated,
        error=_error(state, wanted, front),
        description=service.description,
        tags=dict(service.tags),
        properties=dict(service.properties),
        configuration=dict(service.configuration),
        models=[f"{m.name}:{m.version}" for m in wanted.content.models] if wanted else [],
        environment=dict(wanted.content.environment) if wanted else {},
        entry_script=wanted.content.entry_script if wanted else "",
        framework=_framework(wanted),
        port=service.port,
        created_by=service.created_by,
        enabled=service.enabled,
        live_revision=version.live if version else None,
        wanted_revision=version.wanted if version else None,
        revisions=[_revision(r, fronts.get(r.id)) for r in revisions],
        notes=[
            *_notes(service, state, wanted, version, open_allowed),
            *(front.notes if front else ()),
        ],
    )


def address_of(service: Service, base_url: str) -> str:
    """Where the service answers; a local one on its own port, as Azure's does."""
    if service.kind is ServiceKind.LOCAL and service.port is not None:
        return f"http://localhost:{service.port}"
    return f"{base_url}/serve/{service.workspace}/{service.name}"


def _error(
    state: str, wanted: Revision | None, front: FrontStatus | None
) -> dict[str, Any] | None:
    if state == ServiceState.FAILED and wanted is not None and wanted.error is not None:
        return dict(wanted.error)
    if state == ServiceState.UNHEALTHY and front is not None and front.error is not None:
        return dict(front.error)
    return None


def _notes(
    service: Service,
    state: str,
    wanted: Revision | None,
    version: ServiceVersion | None,
    open_allowed: bool,
) -> list[str]:
    notes = list(wanted.notes) if wanted else []
    if service.auth is Auth.OFF and (open_allowed or service.port is not None):
        notes.append("open: no key needed")
    elif service.auth is Auth.OFF:
        notes.append(
            "closed: other machines can reach this server, and the service has no key; switch "
            "keys on, or start the server with MODELYARD_ALLOW_OPEN_SERVICES=1"
        )
    if state == ServiceState.FAILED and version and version.live is not None:
        notes.append(f"revision {version.live} goes on serving")
    return notes


def _framework(wanted: Revision | None) -> str:
    """What serves the model without a script: 'ScikitLearn 1.7.2'."""
    predictor = wanted.content.predictor if wanted else None
    if predictor is None:
        return ""
    return f"{predictor.framework} {predictor.framework_version or ''}".rstrip()


def _shown(content: RevisionContent) -> dict[str, Any]:
    """The content without a model's sample rows, which nobody asked for."""
    if content.predictor is not None:
        content = replace(content, predictor=replace(content.predictor, sample=()))
    shown: dict[str, Any] = msgspec.to_builtins(content)
    return shown


def _revision(revision: Revision, front: FrontStatus | None) -> wire.Revision:
    return wire.Revision(
        id=revision.id,
        version=revision.version,
        number=revision.number,
        state=revision.state.value,
        created=revision.created,
        content=_shown(revision.content),
        error=None if revision.error is None else dict(revision.error),
        notes=list(revision.notes),
        workers=revision.content.serving.workers,
        ready_workers=front.ready_workers if front else 0,
        in_flight=front.in_flight if front else 0,
        queued=front.queued if front else 0,
        served=front.served if front else 0,
        restarts=front.restarts if front else 0,
        limits=front.limits if front else "none",
    )
