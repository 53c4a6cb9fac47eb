"""Trials and events of a yes/no metric; whole numbers, so merging is exact to the bit."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelyard.abtest.checks import count
from modelyard.abtest.moments import Moments
from modelyard.domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class Counts:
    """``events`` of ``trials``: errors of requests, buyers of users."""

    trials: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        if count("events", self.events) > count("trials", self.trials):
            raise BadInput(f"events cannot be more than trials: {self.events} of {self.trials}.")

    @property
    def rate(self) -> float:
        """Events of trials; 0 without trials."""
        return self.events / self.trials if self.trials else 0.0

    def merged(self, other: "Counts") -> "Counts":
        """Of both together."""
        return Counts(self.trials + other.trials, self.events + other.events)

    def moments(self) -> Moments:
        """The same as values of 0 and 1."""
        return Moments(self.trials, self.rate, self.events * (1 - self.rate))

    def state(self) -> dict[str, float]:
        """As plain numbers, to be stored."""
        return {"trials": self.trials, "events": self.events}

    @classmethod
    def from_state(cls, state: Mapping[str, float]) -> "Counts":
        return cls(int(state["trials"]), int(state["events"]))
