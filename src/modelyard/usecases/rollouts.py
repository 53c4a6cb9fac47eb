"""What people do with rollouts. A leader's ``Rolling`` moves them on."""

import threading
from collections.abc import Callable, Sequence

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.rollouts import Rollout, RolloutState
from modelyard.domain.services import Service
from modelyard.ports import Clock, RolloutStore, ServiceStore
from modelyard.usecases import rollout_writes as writes
from modelyard.usecases.rollout_guard import check_traffic_free
from modelyard.usecases.rollout_standing import rows, stored
from modelyard.usecases.rollout_start import made
from modelyard.usecases.rollout_view import view
from modelyard.wire import rollouts as wire

PATIENCE = 5.0
"""Seconds that a decision waits at most until traffic has moved."""

_LOOK = 0.02
_ASKED = {
    RolloutState.PROMOTED: "promote",
    RolloutState.ROLLED_BACK: "rollback",
    RolloutState.STOPPED: "stop",
}


class Rollouts:
    """
    Begin, look at, decide.

    A decision is written down at once and brought about by whoever leads; it returns when that
    is done, or after ``patience`` seconds.
    """

    def __init__(
        self,
        rollouts: RolloutStore,
        services: ServiceStore,
        clock: Clock,
        wake: Callable[[], None],
        patience: float = PATIENCE,
    ) -> None:
        self._rollouts = rollouts
        self._services = services
        self._clock = clock
        self._wake = wake
        self._patience = patience

    def start(
        self, workspace: str, service: str, request: wire.RolloutRequest, who: str = ""
    ) -> wire.Rollout:
        """
        Raises NotFound, BadInput, and Conflict while another of the service is under way.
        """
        found = self._services.get(workspace, service)
        check_traffic_free(self._rollouts, found, "another cannot begin")
        versions, revisions = self._services.versions(found.id), self._services.revisions(found.id)
        rollout = made(found, versions, revisions, request, self._clock.now(), who)
        why = f"from {rollout.control!r} in steps of {_steps(rollout)} %"
        self._rollouts.add(rollout, writes.told(rollout, rollout, who, "started", why))
        self._wake()
        return self._view(rollout, found)

    def list(self, workspace: str, service: str) -> Sequence[wire.Rollout]:
        """Newest first. Raises NotFound."""
        found = self._services.get(workspace, service)
        return [self._view(rollout, found) for rollout in self._rollouts.list(found.id)]

    def get(self, workspace: str, service: str, id: str) -> wire.Rollout:
        """Raises NotFound."""
        found = self._services.get(workspace, service)
        return self._view(self._find(found, id), found)

    def stop(
        self, workspace: str, service: str, id: str, why: str = "", who: str = ""
    ) -> wire.Rollout:
        """End it; traffic stays as it is. Raises NotFound, Conflict when it has ended."""
        return self._decide(workspace, service, id, RolloutState.STOPPED, why, who)

    def promote(
        self, workspace: str, service: str, id: str, why: str = "", who: str = ""
    ) -> wire.Rollout:
        """
        All traffic to the candidate, also without proof.

        Raises NotFound, Conflict when it has ended or the candidate is not ready.
        """
        return self._decide(workspace, service, id, RolloutState.PROMOTED, why, who)

    def rollback(
        self, workspace: str, service: str, id: str, why: str = "", who: str = ""
    ) -> wire.Rollout:
        """Traffic as before it began. Raises NotFound, Conflict when it has ended."""
        return self._decide(workspace, service, id, RolloutState.ROLLED_BACK, why, who)

    def _decide(
        self, workspace: str, service: str, id: str, state: RolloutState, why: str, who: str
    ) -> wire.Rollout:
        found = self._services.get(workspace, service)
        rollout = self._find(found, id)
        if state is RolloutState.PROMOTED:
            self._check_ready(found, rollout)
        now = self._clock.now()
        said = f"{who or 'Somebody'} decided so" + (f": {why}" if why else ".")

        def decide(present: Rollout) -> Rollout:
            _check_open(present)
            return writes.ending(present, state, (said,), now)

        asked = writes.ending(rollout, state, (said,), now)
        self._rollouts.change(
            rollout.id, decide, writes.told(rollout, asked, who, _ASKED[state], why or said)
        )
        self._wake()
        return self._view(self._ended(rollout), self._services.get(workspace, service))

    def _check_ready(self, service: Service, rollout: Rollout) -> None:
        versions = self._services.versions(service.id)
        found = rows(versions, self._services.revisions(service.id), rollout.candidate)
        standing = stored(found)
        if not standing.ready or standing.failed:
            raise Conflict(
                f"Version {rollout.candidate!r} of service {service.name!r} is not ready, so it "
                "cannot take all traffic. Wait until it is, or roll back."
            )

    def _ended(self, rollout: Rollout) -> Rollout:
        """As it is when it has ended, or when patience has."""
        pause = threading.Event()
        for _ in range(int(self._patience / _LOOK)):
            present = self._rollouts.get(rollout.workspace, rollout.id)
            if present.ended:
                return present
            pause.wait(_LOOK)
        return self._rollouts.get(rollout.workspace, rollout.id)

    def _find(self, service: Service, id: str) -> Rollout:
        found = self._rollouts.get(service.workspace, id)
        if found.service != service.id:
            raise NotFound(f"Service {service.name!r} has no rollout {id!r}.")
        return found

    def _view(self, rollout: Rollout, service: Service | None) -> wire.Rollout:
        return view(rollout, service, self._clock.now())


def _check_open(rollout: Rollout) -> None:
    if rollout.ended:
        raise Conflict(
            f"The rollout {rollout.id} of version {rollout.candidate!r} has ended: it was "
            f"{rollout.state.value}. Begin a new one."
        )
    if rollout.ending is not None:
        raise Conflict(
            f"The end of the rollout {rollout.id} is decided already ({rollout.ending.value}); "
            "traffic is being moved."
        )


def _steps(rollout: Rollout) -> str:
    return ", ".join(f"{share / 10:g}" for share in rollout.steps)
