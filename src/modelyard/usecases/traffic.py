"""Traffic of a service: looked at, changed, gone back with."""

from collections.abc import Callable, Iterable, Sequence

from modelyard.domain.services import Edit, Service, ServiceVersion
from modelyard.ports import Clock, RolloutStore, ServiceStore
from modelyard.usecases.events import event, traffic_facts
from modelyard.usecases.in_force import InForce
from modelyard.usecases.rollout_guard import check_traffic_free
from modelyard.usecases.services import Services
from modelyard.usecases.traffic_changes import changed_traffic, decided, gone_back, to_wire
from modelyard.wire.endpoints import TrafficChange
from modelyard.wire.services import Traffic


class ServiceTraffic:
    """What people do with traffic. Changes return when the gateway does what they say."""

    def __init__(
        self,
        services: Services,
        store: ServiceStore,
        rollouts: RolloutStore,
        in_force: InForce,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._services = services
        self._store = store
        self._rollouts = rollouts
        self._in_force = in_force
        self._clock = clock
        self._wake = wake

    def get(self, workspace: str, service: str) -> Traffic:
        """Raises NotFound."""
        found = self._services.get(workspace, service)
        versions = self._store.versions(found.id)
        return to_wire(found, versions, in_force=self._in_force.now())

    def change(
        self, workspace: str, service: str, change: TrafficChange, who: str = ""
    ) -> Traffic:
        """Raises NotFound, BadInput, Conflict."""

        def decide(found: Service, versions: Sequence[ServiceVersion]) -> Service:
            if (change.shares, change.default, change.sticky) != (None, None, None):
                doing = "its traffic cannot be changed"
                check_traffic_free(self._rollouts, found, doing)
            return changed_traffic(found, versions, change)

        return self._move(workspace, service, decide, "traffic", who, change.why)

    def rollback(self, workspace: str, service: str, who: str = "", why: str = "") -> Traffic:
        """
        The split before the last change again; a version of it that was stopped is started.

        Raises NotFound, Conflict when there is nothing to go back to.
        """

        def decide(found: Service, versions: Sequence[ServiceVersion]) -> Service:
            doing = "its traffic cannot be rolled back alone"
            check_traffic_free(self._rollouts, found, doing)
            return gone_back(found, versions)

        return self._move(workspace, service, decide, "rollback", who, why)

    def _move(
        self,
        workspace: str,
        service: str,
        decide: Callable[[Service, Sequence[ServiceVersion]], Service],
        what: str,
        who: str,
        why: str,
    ) -> Traffic:
        found = self._services.get(workspace, service)
        now = self._clock.now()

        def edit(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            after = decide(present, versions)
            if after == present:
                return Edit(present)
            moved = decided(present, after, versions, now)
            stays = {v.name: v for v in [*versions, *moved]}
            told = event(
                present,
                now,
                who,
                what,
                before={**traffic_facts(present), "switching": _switching(versions)},
                after={**traffic_facts(after), "switching": _switching(stays.values())},
                why=why,
            )
            return Edit(after, moved, events=(told,))

        changed = self._store.edit(found.id, edit).service
        mark = self._in_force.mark()
        self._wake()
        in_force = self._in_force.wait(mark)
        return to_wire(changed, self._store.versions(changed.id), in_force=in_force)


def _switching(versions: Iterable[ServiceVersion]) -> list[str]:
    """Who takes over by itself once it is ready."""
    return [version.name for version in versions if version.switch is not None]
