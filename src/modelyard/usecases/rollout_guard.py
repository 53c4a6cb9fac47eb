"""What nobody may change while a rollout moves the traffic of a service."""

from modelyard.domain.errors import Conflict
from modelyard.domain.rollouts import Rollout
from modelyard.domain.services import Service
from modelyard.ports import RolloutStore
from modelyard.usecases.rollout_splits import before
from modelyard.usecases.traffic_rules import whole


def rollout_of(rollouts: RolloutStore, service: str) -> Rollout | None:
    """The rollout of the service with that id that is under way, if there is one."""
    return next((r for r in rollouts.open() if r.service == service), None)


def check_traffic_free(rollouts: RolloutStore, service: Service, doing: str) -> None:
    """
    Raises Conflict while a rollout of the service is under way.

    ``doing`` is what was asked, as the end of a sentence: 'its traffic cannot be changed'.
    """
    found = rollout_of(rollouts, service.id)
    if found is not None:
        raise Conflict(_sentence(found, doing), details={"rollout": found.id})


def check_version_free(rollouts: RolloutStore, service: Service, version: str, doing: str) -> None:
    """
    Raises Conflict while a rollout of the service compares this version.

    ``doing`` as for ``check_traffic_free``: 'version 'green' cannot be deleted'.
    """
    found = rollout_of(rollouts, service.id)
    if found is not None and version in {found.candidate, found.control}:
        raise Conflict(_sentence(found, doing), details={"rollout": found.id})


def check_version_stays(
    rollouts: RolloutStore, service: Service, version: str, doing: str
) -> None:
    """
    Raises Conflict while a rollout of the service compares this version, or would give it traffic
    again when it is rolled back: another one's share may have shrunk to nothing meanwhile.
    """
    found = rollout_of(rollouts, service.id)
    if found is not None and version in {found.candidate, found.control, *whole(before(found))}:
        raise Conflict(_sentence(found, doing), details={"rollout": found.id})


def _sentence(rollout: Rollout, doing: str) -> str:
    return (
        f"The rollout {rollout.id} of version {rollout.candidate!r} of service {rollout.name!r} "
        f"is under way, so {doing}. Stop it first (traffic stays as it is then), or roll it back."
    )
