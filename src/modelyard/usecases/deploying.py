"""What a deployment makes of a service, or of what is there already. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from modelyard.domain.errors import Conflict
from modelyard.domain.names import short_id
from modelyard.domain.services import Auth, Edit, Keys, Service, ServiceKind, ServiceVersion
from modelyard.domain.traffic import tenths
from modelyard.usecases.contents import Resolved
from modelyard.usecases.events import content_facts, event, service_facts, traffic_facts
from modelyard.usecases.service_rules import new_revision
from modelyard.usecases.sticky import checked_sticky
from modelyard.usecases.traffic_rules import unshadowed, with_share
from modelyard.wire.services import ServiceRequest


@dataclass(frozen=True, slots=True)
class Deployment:
    """
    A request that was checked.

    ``version`` is the one that gets the revision, ``keys`` are the new ones or None, ``share`` in
    tenths of a percent. ``again``: the service is there already.
    """

    request: ServiceRequest
    kind: ServiceKind
    auth: Auth
    version: str
    port: int | None
    resolved: Resolved
    keys: Keys | None
    now: datetime
    who: str
    again: bool
    share: int | None = field(init=False)

    def __post_init__(self) -> None:
        checked_sticky(self.request.sticky)
        given = self.request.traffic
        share = None if given is None else tenths(given, self.version)
        object.__setattr__(self, "share", share)  # frozen: said once, here

    def first(self, workspace: str) -> Service:
        """The service as it is before its first version."""
        return Service(
            id=short_id("s"),
            workspace=workspace,
            name=self.request.name,
            created=self.now,
            created_by=self.who,
            default_version=self.version,
            **self._fields(),
        )

    def edit(self, service: Service, versions: Sequence[ServiceVersion]) -> Edit:
        """Raises Conflict when it is being deleted, BadInput for shares over 100 %."""
        after = self._service(service, versions)
        told = event(
            service,
            self.now,
            self.who,
            "deployed",
            version=self.version,
            before=_facts(service) if self.again else {},
            after=_facts(after) | content_facts(self.resolved.content),
        )
        revision = new_revision(service, self.version, self.resolved, self.now)
        version = self._version(service, versions)
        return Edit(after, (version,), revision, self.keys, (told,))

    def _fields(self) -> Mapping[str, Any]:
        request = self.request
        return {
            "kind": self.kind,
            "auth": self.auth,
            "updated": self.now,
            "description": request.description,
            "tags": request.tags,
            "properties": request.properties,
            "configuration": request.configuration,
            "port": self.port,
            "enabled": True,
            "compute": request.compute,
        }

    def _service(self, service: Service, versions: Sequence[ServiceVersion]) -> Service:
        """Without a share and a rule of stickiness they stay."""
        if service.deleting:
            raise Conflict(f"Service {service.name!r} is being deleted; wait until it is gone.")
        after = replace(service, **self._fields())
        if self.request.sticky:
            sticky = checked_sticky(self.request.sticky)
            after = replace(after, traffic=replace(after.traffic, sticky=sticky))
        if self.share is None:
            return after
        if not versions:  # the first: there is no traffic yet to go back to
            given = {self.version: self.share}
            return replace(after, traffic=replace(after.traffic, given=given))
        return unshadowed(with_share(after, self.version, self.share))

    def _version(self, service: Service, versions: Sequence[ServiceVersion]) -> ServiceVersion:
        """
        It runs from now on. What a deployment says of a version that it names is the version's
        too, as in Azure.
        """
        found = next((version for version in versions if version.name == self.version), None)
        base = found or ServiceVersion(service.id, self.version, wanted=0, created=self.now)
        if self.request.version:
            said = {"tags": self.request.tags, "description": self.request.description}
            base = replace(base, **said)  # type: ignore[arg-type]
        return replace(
            base,
            configuration=self.request.configuration,
            updated=self.now,
            enabled=True,
            switch=None,
            stop_at=None,
        )


def _facts(service: Service) -> dict[str, Any]:
    return service_facts(service) | traffic_facts(service)
