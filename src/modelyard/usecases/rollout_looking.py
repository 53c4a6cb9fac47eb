"""Asking telemetry about rollouts, and weighing what it says, beside the thread that leads."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from modelyard.domain.errors import Unavailable
from modelyard.domain.measuring import Question
from modelyard.domain.rollouts import Rollout
from modelyard.ports import Clock, Measurements
from modelyard.usecases.rollout_judging import (
    Evidence,
    Judgement,
    Window,
    judged,
    questions,
    unheard,
)

LAG = 1.0
"""Seconds until a request that has ended is sure to be in telemetry, as a rule."""

FIRST, LAST, PART = 1.0, 10.0, 1 / 30
"""Between two looks: a part of the step's time so far, in these bounds (seconds)."""

REST = 8.0
"""A look that takes a second is repeated after so many seconds at the earliest."""

Later = Callable[[str, Callable[[], None]], bool]
"""Does work of a name in the background; False while work of that name is under way."""


@dataclass(frozen=True, slots=True)
class Found:
    """
    What a look at ``rollout`` found: the evidence (None: telemetry said nothing) and what it
    means; and how many seconds it took.
    """

    rollout: Rollout
    evidence: Evidence | None
    judgement: Judgement
    seconds: float

    def of(self, rollout: Rollout) -> bool:
        """Whether it is about the rollout as it is now: what people say meanwhile is no matter."""
        was = self.rollout
        return (was.step, was.since, was.seen) == (rollout.step, rollout.since, rollout.seen)


class Looking:
    """``look`` is called by the thread that leads only; ``later`` runs the rest."""

    def __init__(self, measurements: Measurements, later: Later, clock: Clock) -> None:
        self._measurements = measurements
        self._later = later
        self._clock = clock
        self._found: dict[str, Found] = {}
        self._took: dict[str, float] = {}

    def pause(self, rollout: Rollout) -> float:
        """The least seconds between two looks."""
        if rollout.since is None:
            return FIRST
        passed = (self._clock.now() - rollout.since).total_seconds()
        slow = REST * self._took.get(rollout.id, 0.0)
        return max(FIRST, min(LAST, passed * PART), slow)

    def look(self, rollout: Rollout) -> Found | None:
        """What was found; None while it is being looked for, or there is no time to look at."""
        found = self._found.pop(rollout.id, None)
        if found is None or not found.of(rollout):
            asked = questions(rollout, self._clock.now() - timedelta(seconds=LAG))
            if not asked:
                return None
            self._later(rollout.id, lambda: self._ask(rollout, asked))
            found = self._found.pop(rollout.id, None)
        if found is not None:
            self._took[rollout.id] = found.seconds
        return found

    def forget(self, but: AbstractSet[str]) -> None:
        """All that is known of rollouts that have ended."""
        for known in (self._found, self._took):
            for id in known.keys() - but:
                known.pop(id, None)

    def _ask(self, rollout: Rollout, asked: Sequence[tuple[Window, Question]]) -> None:
        began = self._clock.monotonic()
        evidence = None
        try:
            answers = [
                (window, self._measurements.measure(question)) for window, question in asked
            ]
            # weighing quantiles takes its time too, so not in the thread that leads
            evidence, judgement = judged(rollout, answers, self._clock.now())
        except Unavailable as error:
            why = f"{error.message} Nothing is decided until telemetry answers."
            judgement = unheard(rollout, why, self._clock.now())
        seconds = self._clock.monotonic() - began
        self._found[rollout.id] = Found(rollout, evidence, judgement, seconds)
