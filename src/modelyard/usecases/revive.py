"""What becomes of services whose processes are all gone: after a restore they start anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modelyard.domain.services import Revision, RevisionState, ServiceVersion

_ENDED = {RevisionState.FAILED, RevisionState.STOPPED}


@dataclass(frozen=True, slots=True)
class Revival:
    """``live`` of the service version from now on, and the states that change, by revision id."""

    live: int | None
    states: Mapping[str, RevisionState] = field(default_factory=dict)


def revived(version: ServiceVersion, revisions: Sequence[Revision]) -> Revival:
    """
    How a version comes back when nothing of it runs. Pure.

    The wanted revision begins from the start, as if it had just been deployed. An older one that
    still serves, because the wanted one failed or was not ready yet, goes on serving. All others
    have ended.
    """
    older = version.live if version.live != version.wanted else None
    states = {r.id: _state(r, version.wanted, older) for r in revisions}
    changed = {r.id: states[r.id] for r in revisions if states[r.id] is not r.state}
    return Revival(older, changed)


def _state(revision: Revision, wanted: int, serving: int | None) -> RevisionState:
    if revision.number == serving:
        return RevisionState.READY
    if revision.state in _ENDED:
        return revision.state
    return RevisionState.PENDING if revision.number == wanted else RevisionState.STOPPED
