"""How the versions of a service look to its users. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from modelyard.domain.environments import Build
from modelyard.domain.fronts import FrontStatus
from modelyard.domain.services import (
    Revision,
    RevisionContent,
    Service,
    ServiceState,
    ServiceVersion,
)
from modelyard.usecases.service_states import state_of
from modelyard.usecases.traffic_rules import effective
from modelyard.wire import services as wire

_TROUBLE = {ServiceState.FAILED, ServiceState.UNHEALTHY}


@dataclass(frozen=True, slots=True)
class Known:
    """All that is stored of a service, what its fronts say, and the builds it waits for."""

    service: Service
    versions: Sequence[ServiceVersion]
    revisions: Sequence[Revision]
    fronts: Mapping[str, FrontStatus]
    builds: Mapping[str, Build]


def version_view(known: Known, version: ServiceVersion) -> wire.Version:
    """Everything about a version that its users see."""
    service = known.service
    own = [r for r in known.revisions if r.version == version.name]
    wanted = next((r for r in own if r.number == version.wanted), None)
    front = known.fronts.get(wanted.id) if wanted else None
    build = known.builds.get(wanted.content.recipe) if wanted else None
    state, step = state_of(service, wanted, version, own, front, build)
    given = service.traffic.given.get(version.name)
    return wire.Version(
        name=version.name,
        service=service.name,
        workspace=service.workspace,
        state=str(state),
        step=step,
        error=_error(state, wanted, front),
        is_default=version.name == service.default_version,
        type=_type(service, version),
        traffic=effective(service).get(version.name, 0) / 10,
        given=None if given is None else given / 10,
        shadow=service.traffic.shadows.get(version.name, 0) / 10,
        description=version.description,
        tags=dict(version.tags),
        properties=dict(version.properties),
        configuration=dict(version.configuration),
        models=[f"{m.name}:{m.version}" for m in wanted.content.models] if wanted else [],
        environment=dict(wanted.content.environment) if wanted else {},
        entry_script=wanted.content.entry_script if wanted else "",
        framework=_framework(wanted),
        enabled=version.enabled,
        created=version.created or service.created,
        updated=version.updated or service.updated,
        stop_at=version.stop_at,
        live_revision=version.live,
        wanted_revision=version.wanted,
        revisions=[_revision(r, known.fronts.get(r.id)) for r in own],
        notes=[*_notes(state, wanted, version), *(front.notes if front else ())],
    )


def nothing(known: Known) -> wire.Version:
    """What stands for the default version of a service that has none."""
    service = known.service
    state, step = state_of(service, None, None, known.revisions, None, None)
    return wire.Version(
        name=service.default_version,
        service=service.name,
        workspace=service.workspace,
        state=str(state),
        step=step,
    )


def troubles(service: Service, views: Sequence[wire.Version]) -> list[str]:
    """Notes about versions that do not do well, beside the default one."""
    return [
        f"version {view.name} is {view.state}"
        + (f": {view.error['message']}" if view.error and view.error.get("message") else "")
        for view in views
        if view.name != service.default_version and view.state in _TROUBLE
    ]


def _type(service: Service, version: ServiceVersion) -> str:
    """Azure's word; '' while no version is marked as the one that others are compared with."""
    if not service.control_version:
        return ""
    return "Control" if version.name == service.control_version else "Treatment"


def _error(
    state: str, wanted: Revision | None, front: FrontStatus | None
) -> dict[str, Any] | None:
    if state == ServiceState.FAILED and wanted is not None and wanted.error is not None:
        return dict(wanted.error)
    if state == ServiceState.UNHEALTHY and front is not None and front.error is not None:
        return dict(front.error)
    return None


def _notes(state: str, wanted: Revision | None, version: ServiceVersion) -> list[str]:
    notes = list(wanted.notes) if wanted else []
    if state == ServiceState.FAILED and version.live is not None:
        notes.append(f"revision {version.live} goes on serving")
    if version.switch is not None:
        notes.append("takes all traffic as soon as it is ready")
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
