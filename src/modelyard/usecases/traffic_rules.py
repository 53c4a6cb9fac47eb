"""How the shares of a service's versions change. Pure; everybody who moves traffic asks here."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from modelyard.domain.services import Service, ServiceVersion
from modelyard.domain.traffic import BUCKETS, Runs, Split, buckets, reassign, runs, shares


def split_of(service: Service) -> Split:
    """How its traffic is split now: what a later change can go back to."""
    traffic = service.traffic
    return Split(dict(traffic.given), service.default_version, traffic.closed)


def effective(service: Service) -> dict[str, int]:
    """
    Tenths of a percent by version, all of the traffic; none while the service is closed.

    Versions without any are not in it.
    """
    return whole(split_of(service))


def has_traffic(service: Service, version: str) -> bool:
    """Whether requests reach it, now or as soon as the service is open again."""
    return version == service.default_version or bool(effective(service).get(version))


def with_split(service: Service, split: Split) -> Service:
    """
    The service with its traffic split so; as few buckets change their owner as can be.

    The split so far can be gone back to. The same split again changes nothing, so that saying it
    twice does not lose what there is to go back to. ``default`` '' stays the version that it is.
    Raises BadInput when the shares are over 100 % together.
    """
    present = split_of(service)
    wanted = replace(split, default=split.default or service.default_version)
    owners = _owners(service, wanted)
    if wanted == present:
        return service
    return replace(
        service,
        default_version=wanted.default,
        traffic=replace(
            service.traffic,
            given=dict(wanted.given),
            closed=wanted.closed,
            owners=owners,
            previous=present,
        ),
    )


def with_share(service: Service, version: str, share: int) -> Service:
    """
    The service with that version's given share replaced; tenths of a percent.

    A closed service opens with it. Raises BadInput when the shares are over 100 % together.
    """
    present = split_of(service)
    closed = present.closed and share == 0
    given = {**present.given, version: share}
    return with_split(service, Split(given, present.default, closed))


def without_version(service: Service, version: str) -> Service:
    """The service as if that version had never been given anything; it has no traffic."""
    traffic = service.traffic
    return replace(
        service,
        control_version="" if service.control_version == version else service.control_version,
        traffic=replace(
            traffic,
            given={name: share for name, share in traffic.given.items() if name != version},
            shadows={name: share for name, share in traffic.shadows.items() if name != version},
        ),
    )


def unshadowed(service: Service) -> Service:
    """Who has a share of the requests gets no copies of them."""
    traffic, shares = service.traffic, effective(service)
    shadows = {name: share for name, share in traffic.shadows.items() if name not in shares}
    if shadows == traffic.shadows:
        return service
    return replace(service, traffic=replace(traffic, shadows=shadows))


def answering(service: Service, ready: AbstractSet[str]) -> str:
    """
    Who takes the default version's requests: itself when it is ready, else its stand-in, else the
    one with the largest share; '' when none of them is ready.
    """
    traffic = service.traffic
    by_share = sorted(traffic.given, key=lambda name: (-traffic.given[name], name))
    given = [name for name in by_share if traffic.given[name]]
    candidates = [service.default_version, traffic.stand_in, *given]
    return next((name for name in candidates if name in ready), "")


def with_stand_in(before: Service, after: Service, ready: AbstractSet[str]) -> Service:
    """
    A new default version that is not ready yet is stood in for by who answered before it.

    One that is ready needs nobody: were it to start again later, nobody would stand in either.
    """
    if after.default_version in ready:
        name = ""
    elif after.default_version == before.default_version:
        name = before.traffic.stand_in
    else:
        name = answering(before, ready)
    return replace(after, traffic=replace(after.traffic, stand_in=name))


def ready_names(versions: Iterable[ServiceVersion]) -> frozenset[str]:
    """The versions that can be reached."""
    return frozenset(
        v.name for v in versions if v.live is not None and v.enabled and not v.deleting
    )


def whole(split: Split) -> dict[str, int]:
    """Tenths of a percent by version, all of the traffic; none when it is closed."""
    if split.closed:
        return {}
    percentages = {name: share / 10 for name, share in split.given.items()}
    return {name: share for name, share in shares(percentages, split.default).items() if share}


def _owners(service: Service, wanted: Split) -> Runs:
    """Nobody's while it is closed or the default version has all."""
    all_of_it = whole(wanted)
    if all_of_it in ({}, {wanted.default: BUCKETS}):
        return ()
    old = buckets(service.traffic.owners) or (service.default_version,) * BUCKETS
    return runs(reassign(old, all_of_it))
