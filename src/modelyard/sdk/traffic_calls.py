"""How an endpoint's requests are shared out among its versions, and what was changed."""

from collections.abc import Mapping
from typing import Any

from modelyard.sdk.endpoint_versions import plain
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.sdk.events import Event
from modelyard.sdk.service_facts import ServiceFacts
from modelyard.wire import services
from modelyard.wire.base import Page
from modelyard.wire.endpoints import TrafficChange


class TrafficCalls(ServiceFacts):
    """The part of an endpoint that is about its traffic."""

    @property
    def traffic(self) -> dict[str, float]:
        """
        The share of each version in percent, as it is in force; all are there.

        Set all at once, together 100, or 0 to close the endpoint (404, but for requests that name
        a version): ``endpoint.traffic = {"blue": 90, "green": 10}``. In force when it returns.
        """
        return _plain(self._traffic().shares)

    @traffic.setter
    def traffic(self, shares: Mapping[str, float]) -> None:
        self._change_traffic(TrafficChange(shares=_numbers("traffic", shares), exact=True))

    @property
    def mirror_traffic(self) -> dict[str, float]:
        """
        The percentage of requests that is copied to a version whose answers nobody gets, by
        version; set it all at once, {} for none.
        """
        return _plain(self._traffic().shadows)

    @mirror_traffic.setter
    def mirror_traffic(self, shares: Mapping[str, float] | None) -> None:
        shadows = _numbers("mirror_traffic", shares or {})
        self._change_traffic(TrafficChange(shadows=shadows))

    @property
    def sticky(self) -> str:
        """
        What tells users apart, so that each stays with a version: 'header:NAME', 'cookie:NAME',
        'cookie' (the gateway sets one), or '' for by chance.
        """
        return self._traffic().sticky

    @sticky.setter
    def sticky(self, by: str | None) -> None:
        self._change_traffic(TrafficChange(sticky=by or ""))

    @property
    def default_version(self) -> str:
        """The version that takes what no other was given; set it by name."""
        return self._traffic().default

    @default_version.setter
    def default_version(self, name: str) -> None:
        self._change_traffic(TrafficChange(default=name))

    def rollback(self) -> dict[str, float]:
        """Give the traffic back to those that had it before the last change; the new shares."""
        with raised_as(WebserviceException):
            target = f"{self._path}/rollback"
            found = self._client.send("POST", target, None, services.Traffic)
        return _plain(found.shares)

    def events(self, limit: int = 100) -> list[Event]:
        """
        What was changed, newest first: ``time``, ``who``, ``what``, ``version``, ``before``,
        ``after``, ``why``; printed, each is one line.
        """
        found: list[Event] = []
        target, before = f"{self._path}/events", None
        with raised_as(WebserviceException):
            while len(found) < limit:
                asked = {"limit": min(limit - len(found), 1000), "before": before}
                page = self._client.get(target, Page[Event], asked)
                found += page.items
                before = page.next
                if before is None:
                    break
        return found

    def _traffic(self) -> services.Traffic:
        with raised_as(WebserviceException):
            return self._client.get(f"{self._path}/traffic", services.Traffic)

    def _change_traffic(self, change: TrafficChange) -> None:
        with raised_as(WebserviceException):
            self._client.send("PATCH", f"{self._path}/traffic", change, services.Traffic)


def _plain(shares: Mapping[str, float]) -> dict[str, float]:
    return {name: plain(share) for name, share in shares.items()}


def _numbers(what: str, shares: Any) -> dict[str, float]:
    if not isinstance(shares, Mapping):
        raise WebserviceException(
            f'{what} is a dict of percentages by version, like {{"blue": 90, "green": 10}}; '
            f"not {shares!r}."
        )
    for name, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise WebserviceException(f"{what} of {name!r} must be a percentage, not {share!r}.")
    return {str(name): share for name, share in shares.items()}
