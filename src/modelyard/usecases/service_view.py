"""How a service looks to its users: one state and a few words, from everything that is known."""

from collections.abc import Mapping, Sequence

from modelyard.domain.environments import Build
from modelyard.domain.fronts import FrontStatus
from modelyard.domain.services import Auth, Revision, Service, ServiceKind, ServiceVersion
from modelyard.usecases.traffic_changes import to_wire as traffic_view
from modelyard.usecases.version_view import Known, nothing, troubles, version_view
from modelyard.wire import services as wire


def view(
    service: Service,
    versions: Sequence[ServiceVersion],
    revisions: Sequence[Revision],
    fronts: Mapping[str, FrontStatus],
    builds: Mapping[str, Build],
    base_url: str,
    *,
    open_allowed: bool = True,
    in_force: bool = True,
) -> wire.Service:
    """Everything about a service that its users see; its state is the default version's. Pure."""
    known = Known(service, versions, revisions, fronts, builds)
    views = [version_view(known, version) for version in versions]
    name = service.default_version
    default = next((v for v in views if v.name == name), None) or nothing(known)
    address = address_of(service, base_url)
    return wire.Service(
        id=service.id,
        workspace=service.workspace,
        name=service.name,
        kind=service.kind.value,
        state=default.state,
        step=default.step,
        auth=service.auth.value,
        scoring_uri=address + "/score",
        swagger_uri=address + "/swagger.json",
        created=service.created,
        updated=service.updated,
        error=default.error,
        description=service.description,
        tags=dict(service.tags),
        properties=dict(service.properties),
        configuration=dict(service.configuration),
        models=default.models,
        environment=default.environment,
        entry_script=default.entry_script,
        framework=default.framework,
        port=service.port,
        created_by=service.created_by,
        enabled=service.enabled,
        live_revision=default.live_revision,
        wanted_revision=default.wanted_revision,
        revisions=[revision for view in views for revision in view.revisions],
        notes=[
            *default.notes,
            *_notes(service, open_allowed),
            *troubles(service, views),
        ],
        default_version=name,
        versions=views,
        traffic=traffic_view(service, versions, in_force=in_force),
        compute=service.compute,
    )


def address_of(service: Service, base_url: str) -> str:
    """Where the service answers; a local one on its own port, as Azure's does."""
    if service.kind is ServiceKind.LOCAL and service.port is not None:
        return f"http://localhost:{service.port}"
    return f"{base_url}/serve/{service.workspace}/{service.name}"


def _notes(service: Service, open_allowed: bool) -> list[str]:
    if service.auth is not Auth.OFF:
        return []
    if open_allowed or service.port is not None:
        return ["open: no key needed"]
    return [
        "closed: other machines can reach this server, and the service has no key; switch "
        "keys on, or start the server with MODELYARD_ALLOW_OPEN_SERVICES=1"
    ]
