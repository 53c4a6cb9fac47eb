"""What is stored when a version is made, changed or deleted. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from modelyard.domain.services import (
    Edit,
    Revision,
    RevisionContent,
    Service,
    ServiceVersion,
)
from modelyard.usecases.contents import Resolved
from modelyard.usecases.events import content_facts, event, traffic_facts
from modelyard.usecases.service_rules import new_revision
from modelyard.usecases.traffic_changes import running_on
from modelyard.usecases.traffic_rules import without_version
from modelyard.usecases.version_rules import changed, made, with_marks
from modelyard.wire.endpoints import VersionChange, VersionRequest


@dataclass(frozen=True, slots=True)
class Present:
    """A service as it is in the moment of a change; ``content`` is what the version runs."""

    service: Service
    versions: Sequence[ServiceVersion]
    content: RevisionContent | None
    now: datetime
    who: str


def created(
    present: Present, old: ServiceVersion | None, request: VersionRequest, resolved: Resolved
) -> Edit:
    """A new version, or a new revision of ``old``. Raises BadInput, Conflict."""
    version = made(present.service, old, request, present.now)
    after = with_marks(
        present.service,
        _with(version, present.versions),
        version.name,
        traffic=request.traffic,
        is_default=request.is_default or None,
        is_control=request.is_control or None,
    )
    what = "version created" if old is None else "version updated"
    why = f"strategy {request.strategy}" if request.strategy else ""
    return _edit(present, old, version, after, resolved, what, why)


def updated(
    present: Present, old: ServiceVersion, change: VersionChange, resolved: Resolved | None
) -> Edit:
    """The version changed; its content too when ``resolved``. Raises BadInput, Conflict."""
    version = changed(old, change, present.now)
    after = with_marks(
        present.service,
        _with(version, present.versions),
        version.name,
        traffic=change.traffic,
        is_default=change.is_default,
        is_control=change.is_control,
    )
    what = "version updated"
    if old.enabled != version.enabled:
        what = "version started" if version.enabled else "version stopped"
    return _edit(present, old, version, after, resolved, what)


def deleted(present: Present, old: ServiceVersion) -> Edit:
    """The version on its way out; it has no traffic."""
    after = without_version(present.service, old.name)
    told = event(
        present.service,
        present.now,
        present.who,
        "version deleted",
        version=old.name,
        before=_facts(present.service, old, present.content),
        after=traffic_facts(after),
    )
    gone = replace(old, deleting=True, switch=None, stop_at=None, updated=present.now)
    return Edit(after, (gone,), events=(told,))


def wanted_revision(
    version: ServiceVersion | None, revisions: Sequence[Revision]
) -> Revision | None:
    """What a version shall run."""
    if version is None:
        return None
    key = (version.name, version.wanted)
    return next((r for r in revisions if (r.version, r.number) == key), None)


def _edit(
    present: Present,
    old: ServiceVersion | None,
    version: ServiceVersion,
    after: Service,
    resolved: Resolved | None,
    what: str,
    why: str = "",
) -> Edit:
    """Nothing is told of a change that changes nothing."""
    content = resolved.content if resolved else present.content
    told = event(
        present.service,
        present.now,
        present.who,
        what,
        version=version.name,
        before=_facts(present.service, old, present.content),
        after=_facts(after, version, content),
        why=why,
    )
    revision = None
    if resolved is not None:
        revision = new_revision(present.service, version.name, resolved, present.now)
    changes = _with(version, running_on(after, present.versions, present.now))
    return Edit(after, changes, revision, events=(told,) if told.before or told.after else ())


def _with(version: ServiceVersion, others: Sequence[ServiceVersion]) -> tuple[ServiceVersion, ...]:
    return (version, *(other for other in others if other.name != version.name))


def _facts(
    service: Service, version: ServiceVersion | None, content: RevisionContent | None
) -> Mapping[str, Any]:
    if version is None:
        return traffic_facts(service)
    return {
        **traffic_facts(service),
        **content_facts(content),
        "description": version.description,
        "tags": dict(version.tags),
        "properties": dict(version.properties),
        "enabled": version.enabled,
    }
