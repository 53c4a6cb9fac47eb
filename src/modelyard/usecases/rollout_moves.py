"""What is known when a rollout's next move is decided, and the moves that there are."""

from dataclasses import dataclass
from datetime import datetime

from modelyard.domain.rollouts import Rollout, RolloutState
from modelyard.domain.services import Service
from modelyard.domain.traffic import Split


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How a version stands.

    ``there``: it exists and is not being deleted. ``content`` is the fingerprint of what shall
    serve. ``ready``: that is routed to. ``failed`` says why it will never be. ``away``: seconds
    for which a version that was ready has had no worker.
    """

    there: bool = True
    content: str = ""
    ready: bool = True
    failed: str = ""
    away: float = 0.0


@dataclass(frozen=True, slots=True)
class Situation:
    """
    A rollout as it is; ``service`` None when there is none any more.

    ``in_force``: the gateway shares out as the service's row says. ``pause``: the least seconds
    between two looks.
    """

    rollout: Rollout
    service: Service | None
    now: datetime
    candidate: Standing = Standing()
    control: Standing = Standing()
    in_force: bool = True
    pause: float = 1.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for ``seconds``; ``why`` is what is waited for, when it is not time alone."""

    seconds: float = 1.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """Write down that step ``step`` is wanted."""

    step: int


@dataclass(frozen=True, slots=True)
class Move:
    """Split the service's traffic so."""

    split: Split


@dataclass(frozen=True, slots=True)
class Begin:
    """Write down that the wanted step is in force."""


@dataclass(frozen=True, slots=True)
class Look:
    """Measure, and write down what it means."""


@dataclass(frozen=True, slots=True)
class Propose:
    """Write down that a person shall decide."""


@dataclass(frozen=True, slots=True)
class End:
    """Write down which end is wanted, and why."""

    state: RolloutState
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """Write down that it has ended so; ``reasons`` are added to those known."""

    state: RolloutState
    reasons: tuple[str, ...] = ()


Next = Wait | Want | Move | Begin | Look | Propose | End | Finish
"""Every move but Wait changes what the next one is."""
