"""What may become of a version of a service. Pure."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from modelyard.domain.errors import AlreadyExists, BadInput, Conflict, InUse, NotFound
from modelyard.domain.services import NEWEST, Service, ServiceVersion
from modelyard.domain.traffic import tenths
from modelyard.usecases.merging import merge_properties, merge_tags
from modelyard.usecases.near import did_you_mean
from modelyard.usecases.traffic_rules import (
    answering,
    effective,
    has_traffic,
    ready_names,
    split_of,
    unshadowed,
    with_share,
    with_split,
    with_stand_in,
)
from modelyard.wire import endpoints as wire

BLUE_GREEN = "blue-green"
_STRATEGIES = ("", BLUE_GREEN)
_LONGEST_WARM = 30 * 24 * 3600.0


def find_version(
    service: Service, versions: Sequence[ServiceVersion], name: str
) -> ServiceVersion:
    """Raises NotFound with near names."""
    found = next((version for version in versions if version.name == name), None)
    if found is None:
        raise missing_version(service, [version.name for version in versions], name)
    return found


def missing_version(service: Service, names: Iterable[str], name: str) -> NotFound:
    """The error for a version that is not among ``names``; tells of near ones."""
    near = did_you_mean(name, names)
    return NotFound(f"Service {service.name!r} has no version {name!r}. {near}")


def check_stays(service: Service, version: ServiceVersion | None = None) -> None:
    """Raises Conflict when one of them is being deleted."""
    if service.deleting:
        raise Conflict(f"Service {service.name!r} is being deleted; wait until it is gone.")
    if version is not None and version.deleting:
        raise Conflict(
            f"Version {version.name!r} of service {service.name!r} is being deleted; wait until "
            "it is gone."
        )


def check_new(
    service: Service,
    versions: Sequence[ServiceVersion],
    request: wire.VersionRequest,
    most: int,
) -> ServiceVersion | None:
    """
    The version of that name, which ``overwrite`` changes.

    Raises Conflict, AlreadyExists, BadInput.
    """
    old = next((version for version in versions if version.name == request.name), None)
    check_stays(service, old)
    if old is not None and not request.overwrite:
        raise AlreadyExists(
            f"Service {service.name!r} has a version {request.name!r} already. Update it, make it "
            "anew with overwrite, or take another name."
        )
    staying = [version.name for version in versions if not version.deleting]
    if old is None and len(staying) >= most:
        raise Conflict(
            f"Service {service.name!r} has {len(staying)} versions ({', '.join(staying)}), and "
            f"the setting MODELYARD_MAX_VERSIONS allows {most}. Delete one that has no traffic, "
            "or raise the setting.",
            details={"setting": "MODELYARD_MAX_VERSIONS"},
        )
    _check_strategy(service, request)
    return old


def _check_strategy(service: Service, request: wire.VersionRequest) -> None:
    if request.strategy not in _STRATEGIES:
        raise BadInput(
            f"{request.strategy!r} is no strategy: it must be '' or {BLUE_GREEN!r}.",
            details={"field": "strategy"},
        )
    if not 0 <= request.keep_warm <= _LONGEST_WARM or math.isnan(request.keep_warm):
        raise BadInput(
            f"keep_warm must be 0 to {_LONGEST_WARM:.0f} seconds, not {request.keep_warm:g}.",
            details={"field": "keep_warm"},
        )
    if request.strategy != BLUE_GREEN:
        return
    if request.traffic is not None or request.is_default:
        raise BadInput(
            "A blue/green deployment takes all traffic by itself once it is ready: leave out the "
            "share and is_default.",
            details={"field": "strategy"},
        )
    if has_traffic(service, request.name):
        raise Conflict(
            f"Version {request.name!r} has traffic, so it cannot take over from itself. Name "
            "another version for a blue/green deployment; or update it: then its new content is "
            "started beside the old."
        )


def made(
    service: Service,
    old: ServiceVersion | None,
    request: wire.VersionRequest,
    now: datetime,
) -> ServiceVersion:
    """The version as the request wants it; its revision comes with it."""
    base = old or ServiceVersion(service.id, request.name, wanted=0, created=now)
    noun = f"version {request.name!r}"
    return replace(
        base,
        description=request.description,
        tags=dict(request.tags),
        properties=merge_properties(noun, base.properties, request.properties),
        configuration=dict(request.configuration),
        updated=now,
        enabled=True,
        switch=NEWEST if request.strategy == BLUE_GREEN else None,
        keep_warm=request.keep_warm,
        stop_at=None,
    )


def changed(version: ServiceVersion, change: wire.VersionChange, now: datetime) -> ServiceVersion:
    """The version with all changed that needs no new revision. Raises Immutable."""
    tags = version.tags if change.tags is None else change.tags
    enabled = version.enabled if change.enabled is None else change.enabled
    keeps_stop = enabled and change.enabled is None and not change.traffic
    description = version.description if change.description is None else change.description
    noun = f"version {version.name!r}"
    return replace(
        version,
        description=description,
        tags=merge_tags(tags, remove=change.remove_tags),
        properties=merge_properties(noun, version.properties, change.properties),
        configuration={**version.configuration, **(change.configuration or {})},
        enabled=enabled,
        switch=version.switch if enabled else None,
        stop_at=version.stop_at if keeps_stop else None,
        updated=now,
    )


def with_marks(
    service: Service,
    versions: Collection[ServiceVersion],
    name: str,
    *,
    traffic: float | None = None,
    is_default: bool | None = None,
    is_control: bool | None = None,
) -> Service:
    """
    The service with a share, the default or the mark of control given to that version.

    Raises BadInput, Conflict when nobody who is ready would be left.
    """
    after = service
    if traffic is not None:
        after = with_share(after, name, tenths(traffic, name))
    if is_default is False and name == service.default_version:
        raise BadInput(
            f"Version {name!r} is the default of service {service.name!r}; make another version "
            "the default instead.",
            details={"field": "is_default"},
        )
    if is_default:
        after = with_split(after, replace(split_of(after), default=name))
        after = with_stand_in(service, _one_back(service, after), ready_names(versions))
    if is_control is not None:
        kept = "" if service.control_version == name else service.control_version
        after = replace(after, control_version=name if is_control else kept)
    check_served(service, after, versions)
    return unshadowed(after)


def _one_back(before: Service, after: Service) -> Service:
    """Several steps of one change are gone back to together."""
    if split_of(before) == split_of(after):
        return before
    return replace(after, traffic=replace(after.traffic, previous=split_of(before)))


def check_served(before: Service, after: Service, versions: Collection[ServiceVersion]) -> None:
    """
    Raises Conflict when a change takes the traffic from all who are ready, or gives some to a
    version that is stopped.
    """
    for version in versions:
        if version.enabled and not version.deleting:
            continue
        if has_traffic(after, version.name) and not has_traffic(before, version.name):
            state = "being deleted" if version.deleting else "stopped; start it first"
            raise Conflict(f"Version {version.name!r} can have no traffic: it is {state}.")
    ready = ready_names(versions)
    if answering(before, ready) and not answering(after, ready):
        raise Conflict(
            f"Nobody would answer: version {after.default_version!r} of service "
            f"{after.name!r} is not ready yet, and no version that is would have traffic. Wait "
            "until it is ready, or give a ready version a share."
        )


def check_unused(
    service: Service,
    versions: Sequence[ServiceVersion],
    name: str,
    doing: str,
) -> None:
    """
    Whether a version may go or stop, ``doing`` in words. Raises InUse, saying what to do first.
    """
    said = f"Version {name!r} of service {service.name!r}"
    if name == service.default_version:
        raise InUse(
            f"{said} is the default: it takes what no other version was given. Make another one "
            f"the default first (is_default=True, or --default), then {doing} it; or delete the "
            "service."
        )
    share = effective(service).get(name, 0)
    if share:
        raise InUse(
            f"{said} has {share / 10:g} % of the traffic. Give it 0 first, for example "
            f"traffic = {_others(service, name)}, then {doing} it."
        )
    if answering(service, ready_names(versions)) == name:
        raise InUse(
            f"{said} still answers for {service.default_version!r}, which is not ready yet. Wait "
            f"until it is, then {doing} it."
        )


def _others(service: Service, name: str) -> dict[str, float]:
    shares = {other: share for other, share in effective(service).items() if other != name}
    rest = 1000 - sum(shares.values())
    shares[service.default_version] = shares.get(service.default_version, 0) + rest
    return {other: share / 10 for other, share in shares.items()}
