"""The single things that are done with a revision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.services import Revision


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do with a revision."""

    revision: Revision


@dataclass(frozen=True, slots=True)
class Prepare(Action):
    """Lay out its files and ask for its front."""


@dataclass(frozen=True, slots=True)
class Await(Action):
    """Begin again: it was stopped and is wanted."""


@dataclass(frozen=True, slots=True)
class MarkReady(Action):
    """All its workers are ready: it may be routed to."""


@dataclass(frozen=True, slots=True)
class Fail(Action):
    """It will not come up; what runs of it is stopped."""

    error: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GoLive(Action):
    """The gateway leads to it: write that down."""


@dataclass(frozen=True, slots=True)
class GoDark(Action):
    """The gateway leads nowhere any more: write that down."""


@dataclass(frozen=True, slots=True)
class Retire(Action):
    """It has served: from now on it only finishes what it has."""


@dataclass(frozen=True, slots=True)
class Drain(Action):
    """Tell its front to take nothing more."""


@dataclass(frozen=True, slots=True)
class Stop(Action):
    """End its front and remove its files."""


@dataclass(frozen=True, slots=True)
class StopFront(Action):
    """End its front; its state stays."""


@dataclass(frozen=True, slots=True)
class Forget(Action):
    """Remove its record, files and logs."""
