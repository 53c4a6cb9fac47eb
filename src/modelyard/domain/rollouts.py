"""Rollouts: traffic moved to a new version step by step, on evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RolloutState(StrEnum):
    """Where a rollout stands; the last four are ends."""

    RUNNING = "running"  # a step is being watched
    PROPOSED = "proposed"  # proven better; a person decides
    PROMOTED = "promoted"  # the candidate has all traffic
    ROLLED_BACK = "rolled back"  # a guardrail was breached, or a person asked
    KEPT = "kept"  # proven not better, or not proven in time: traffic as before
    STOPPED = "stopped"  # a person stopped it; traffic stays as it was then


ENDED = frozenset(
    {
        RolloutState.PROMOTED,
        RolloutState.ROLLED_BACK,
        RolloutState.KEPT,
        RolloutState.STOPPED,
    }
)


@dataclass(frozen=True, slots=True)
class Rollout:
    """
    One rollout of ``candidate`` against ``control``, both versions of one service.

    ``service`` is the service's id, ``name`` its name. ``steps`` are the candidate's shares in
    tenths of a percent, growing; ``step`` is the index of the present one, -1 before the first.
    ``since`` is when the present step came into force, None while it is still being brought about.
    ``ending`` is the end that was decided while traffic is still being moved for it. ``plan`` is
    what was said at the start: metrics, guardrails, levels, seconds of each step, how it is
    promoted. ``seen`` is all that was measured, ``verdict`` what it means, both as
    ``modelyard.abtest`` writes them. ``before`` is the split to go back to. ``reasons`` are
    sentences. ``history`` has one entry for each step that came into force, and the end.
    """

    id: str
    workspace: str
    service: str
    name: str
    candidate: str
    control: str
    steps: tuple[int, ...]
    created: datetime
    updated: datetime
    plan: Mapping[str, Any] = field(default_factory=dict)
    step: int = -1
    state: RolloutState = RolloutState.RUNNING
    ending: RolloutState | None = None
    since: datetime | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    created_by: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself or by a decision."""
        return self.state in ENDED
