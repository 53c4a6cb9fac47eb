"""How the shares of a service's versions change. Pure; everybody who moves traffic asks here."""

from dataclasses import replace

from modelyard.domain.services import Service
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
    return _whole(split_of(service))


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


def _whole(split: Split) -> dict[str, int]:
    if split.closed:
        return {}
    percentages = {name: share / 10 for name, share in split.given.items()}
    return {name: share for name, share in shares(percentages, split.default).items() if share}


def _owners(service: Service, wanted: Split) -> Runs:
    """Nobody's while it is closed or the default version has all."""
    whole = _whole(wanted)
    if whole in ({}, {wanted.default: BUCKETS}):
        return ()
    old = buckets(service.traffic.owners) or (service.default_version,) * BUCKETS
    return runs(reassign(old, whole))
