"""Changes of traffic that people ask for: checked, and made of what is stored. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from modelyard.domain.errors import BadInput, Conflict
from modelyard.domain.services import Service, ServiceVersion
from modelyard.domain.traffic import BUCKETS, Split, tenths
from modelyard.usecases.sticky import checked_sticky
from modelyard.usecases.traffic_rules import (
    effective,
    has_traffic,
    ready_names,
    split_of,
    unshadowed,
    whole,
    with_split,
    with_stand_in,
)
from modelyard.usecases.version_rules import (
    check_served,
    check_stays,
    find_version,
)
from modelyard.wire.endpoints import TrafficChange
from modelyard.wire.services import Traffic


def changed_traffic(
    service: Service, versions: Sequence[ServiceVersion], change: TrafficChange
) -> Service:
    """The service with its traffic as asked. Raises NotFound, BadInput, Conflict."""
    check_stays(service)
    split = split_of(service)
    if change.default is not None:
        check_stays(service, find_version(service, versions, change.default))
        split = replace(split, default=change.default)
    if change.shares is not None:
        given = _tenths(service, versions, change.shares, exact=change.exact)
        closed = not any(given.values())
        split = Split({} if closed else given, split.default, closed)
    after = with_stand_in(service, with_split(service, split), ready_names(versions))
    if change.sticky is not None:
        sticky = checked_sticky(change.sticky)
        after = replace(after, traffic=replace(after.traffic, sticky=sticky))
    check_served(service, after, versions)
    if change.shadows is None:
        return unshadowed(after)
    shadows = _shadows(after, versions, change.shadows)
    return replace(after, traffic=replace(after.traffic, shadows=shadows))


def _tenths(
    service: Service,
    versions: Sequence[ServiceVersion],
    percentages: Mapping[str, float],
    *,
    exact: bool,
) -> dict[str, int]:
    for name in percentages:
        check_stays(service, find_version(service, versions, name))
    given = {name: tenths(percent, name) for name, percent in percentages.items()}
    total = sum(given.values())
    if exact and total not in {0, BUCKETS}:
        parts = ", ".join(f"{name} {share / 10:g}" for name, share in given.items())
        raise BadInput(
            f"The shares are {total / 10:g} % together ({parts}); they must be 100 % together, "
            "or 0 to close the service.",
            details={"field": "shares"},
        )
    return given


def _shadows(
    service: Service, versions: Sequence[ServiceVersion], percentages: Mapping[str, float]
) -> dict[str, int]:
    shadows = {}
    for name, percent in percentages.items():
        check_stays(service, find_version(service, versions, name))
        share = tenths(percent, name)
        if share and has_traffic(service, name) and not service.traffic.closed:
            taken = effective(service).get(name, 0) / 10
            why = (
                f"Version {name!r} has {taken:g} % of the traffic, so it cannot be a shadow: it "
                "would get the same requests twice. Take its share away first."
                if taken
                else f"Version {name!r} is the default, which takes what no other was given, so "
                "it cannot be a shadow. Make another version the default first."
            )
            raise BadInput(
                why,
                details={"field": "shadows"},
            )
        if share:
            shadows[name] = share
    return shadows


def gone_back(service: Service, versions: Sequence[ServiceVersion]) -> Service:
    """The service with the split before the last change. Raises Conflict when there is none."""
    check_stays(service)
    previous = service.traffic.previous
    if previous is None:
        raise Conflict(
            f"There is nothing to roll back of service {service.name!r}: its traffic has not "
            "been changed yet."
        )
    there = {version.name for version in versions if not version.deleting}
    needed = {name for name, share in previous.given.items() if share} | {previous.default}
    gone = sorted(needed - there)
    if gone:
        names = ", ".join(repr(name) for name in gone)
        raise Conflict(
            f"Service {service.name!r} cannot be rolled back: the traffic before the last change "
            f"went to {names}, which is deleted. Set the shares with a change of traffic."
        )
    after = with_stand_in(service, with_split(service, previous), ready_names(versions))
    return unshadowed(after)


def running_on(
    after: Service, versions: Sequence[ServiceVersion], now: datetime
) -> tuple[ServiceVersion, ...]:
    """The versions that must run now: what has traffic is started, and nothing stops it."""
    changes = []
    for version in versions:
        if not has_traffic(after, version.name) or version.deleting:
            continue
        if not version.enabled or version.stop_at is not None:
            changes.append(replace(version, enabled=True, stop_at=None, updated=now))
    return tuple(changes)


def decided(
    before: Service, after: Service, versions: Sequence[ServiceVersion], now: datetime
) -> tuple[ServiceVersion, ...]:
    """
    The versions that change with the traffic: those that get some run, and nothing takes over by
    itself once a person has said how it shall be.
    """
    changes = {version.name: version for version in running_on(after, versions, now)}
    if split_of(before) != split_of(after):
        for version in versions:
            present = changes.get(version.name, version)
            if present.switch is not None:
                changes[version.name] = replace(present, switch=None, updated=now)
    return tuple(changes.values())


def to_wire(service: Service, versions: Sequence[ServiceVersion], *, in_force: bool) -> Traffic:
    """How the requests are shared out, in percent; every version is named."""
    traffic, shares = service.traffic, effective(service)
    previous = traffic.previous
    return Traffic(
        shares={v.name: shares.get(v.name, 0) / 10 for v in versions if not v.deleting},
        given={name: share / 10 for name, share in traffic.given.items()},
        default=service.default_version,
        closed=traffic.closed,
        sticky=traffic.sticky,
        shadows={name: share / 10 for name, share in traffic.shadows.items()},
        previous=None
        if previous is None
        else {name: share / 10 for name, share in whole(previous).items()},
        in_force=in_force,
    )
