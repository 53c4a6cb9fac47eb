"""How traffic is split at each point of a rollout. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from modelyard.domain.rollouts import Rollout, RolloutState
from modelyard.domain.services import Service
from modelyard.domain.traffic import BUCKETS, Split
from modelyard.usecases.traffic_rules import split_of, whole


def before(rollout: Rollout) -> Split:
    """The split when the rollout began."""
    return msgspec.convert(rollout.before, Split)


def begun_from(service: Service) -> Mapping[str, Any]:
    """What a rollout keeps of the traffic that it finds, in ``Rollout.before``."""
    present: dict[str, Any] = msgspec.to_builtins(split_of(service))
    return {**present, "previous": msgspec.to_builtins(service.traffic.previous)}


def to_go_back_to(rollout: Rollout, split: Split) -> Split | None:
    """
    What ``rollback()`` of the service brings back after a move to ``split``.

    A rollout is one change: from its steps and its promotion the way back is to the split before
    it. Once that is in force again, it is what it was then; never a step of the rollout.
    """
    if split != before(rollout):
        return before(rollout)
    return msgspec.convert(rollout.before.get("previous"), Split | None)


def at_step(rollout: Rollout, step: int) -> Split:
    """
    The split of a step; that of before for -1.

    The candidate's share is taken from all others by what they had, so that the control keeps
    something as long as anybody does.
    """
    if step < 0:
        return before(rollout)
    start = before(rollout)
    share = rollout.steps[step]
    others = {name: n for name, n in whole(start).items() if name != rollout.candidate}
    found = {rollout.candidate: share, **_shrunk(others, BUCKETS - share, rollout.control)}
    return Split({name: n for name, n in found.items() if name != start.default}, start.default)


def at_end(rollout: Rollout, state: RolloutState) -> Split | None:
    """The split that an end asks for; None where traffic stays as it is."""
    if state is RolloutState.PROMOTED:
        return Split({}, rollout.candidate)
    return None if state is RolloutState.STOPPED else before(rollout)


def compared_share(rollout: Rollout, step: int) -> float:
    """The candidate's part of what it and the control get together."""
    found = whole(at_step(rollout, step))
    candidate, control = found.get(rollout.candidate, 0), found.get(rollout.control, 0)
    return candidate / (candidate + control)


def _shrunk(others: Mapping[str, int], left: int, control: str) -> dict[str, int]:
    """``left`` tenths by what each had; what rounding leaves over is the control's."""
    total = sum(others.values())
    found = {name: n * left // total for name, n in others.items()}
    found[control] += left - sum(found.values())
    return {name: n for name, n in found.items() if n}
