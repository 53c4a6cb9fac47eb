"""Moves rollouts on: looks at where each stands, does what is next, again and again."""

import logging
from collections.abc import Sequence
from typing import Protocol

from modelyard.domain.errors import Conflict, ModelyardError, NotFound, NotLeader
from modelyard.domain.events import Event
from modelyard.domain.rollouts import Rollout
from modelyard.domain.services import Edit, Service, ServiceVersion
from modelyard.domain.traffic import Split
from modelyard.ports import Clock, Measurements, RolloutStore, ServiceStore, Target
from modelyard.usecases import rollout_writes as writes
from modelyard.usecases.rollout_looking import Later, Looking
from modelyard.usecases.rollout_moves import (
    Begin,
    End,
    Finish,
    Look,
    Move,
    Next,
    Propose,
    Situation,
    Wait,
    Want,
)
from modelyard.usecases.rollout_rules import next_move, share_now
from modelyard.usecases.rollout_standing import Standings

_log = logging.getLogger(__name__)

IDLE, SOON = 1.0, 0.01
MOVES = 16
"""Moves in a row until others have their turn."""


class Marks(Protocol):
    """When what was stored is in force; ``usecases.in_force.InForce``."""

    def mark(self) -> int:
        """A mark for what is stored now."""

    def reached(self, mark: int) -> bool:
        """Whether the gateway does all that was stored before the mark was made."""


_Key = tuple[str, int, str | None]
"""A rollout with the step or the end that is being brought about."""


class Rolling:
    """
    Steps of a leader: every rollout that has not ended. Called by one thread only.

    ``later`` runs the questions to telemetry and weighs the answers, so that this holds up nothing
    else; whoever gives it wakes the leader when it is done.
    """

    def __init__(
        self,
        rollouts: RolloutStore,
        services: ServiceStore,
        target: Target,
        measurements: Measurements,
        marks: Marks,
        later: Later,
        clock: Clock,
    ) -> None:
        self._rollouts = rollouts
        self._services = services
        self._marks = marks
        self._clock = clock
        self._standings = Standings(services, target, clock)
        self._looking = Looking(measurements, later, clock)
        self._marked: dict[_Key, int] = {}

    def step(self) -> float:
        """Raises NotLeader when another control plane has taken over."""
        open_ = self._rollouts.open()
        self._forget({rollout.id for rollout in open_})
        return min((self._advance(rollout) for rollout in open_), default=IDLE)

    def _advance(self, rollout: Rollout) -> float:
        """One rollout's trouble does not hold up the others."""
        try:
            return self._go(rollout)
        except NotLeader:
            raise
        except NotFound:
            return IDLE  # removed meanwhile, with its service
        except Conflict:
            return SOON  # a person has decided meanwhile
        except ModelyardError as error:
            _log.warning("rollout %s: %s", rollout.id, error.message)
        except Exception:  # noqa: BLE001 - the other rollouts go on
            _log.exception("rollout %s", rollout.id)
        return IDLE

    def _go(self, rollout: Rollout) -> float:
        for _ in range(MOVES):
            # read anew each time: what was stored decides, not what we think we stored
            rollout = self._rollouts.get(rollout.workspace, rollout.id)
            if rollout.ended:
                return SOON
            situation = self._situation(rollout)
            move = next_move(situation)
            if isinstance(move, Wait):
                self._say(rollout, move.why)
                return max(SOON, min(move.seconds, IDLE))
            if isinstance(move, Look):
                if not self._look(rollout):
                    return IDLE
            else:
                self._do(situation, move)
        return SOON

    def _situation(self, rollout: Rollout) -> Situation:
        service = self._service(rollout)
        now = self._clock.now()
        if service is None:
            return Situation(rollout, None, now)
        candidate, control = self._standings.of(service.id, rollout.candidate, rollout.control)
        return Situation(
            rollout=rollout,
            service=service,
            now=now,
            candidate=candidate,
            control=control,
            in_force=self._in_force(rollout),
            pause=self._looking.pause(rollout),
        )

    def _service(self, rollout: Rollout) -> Service | None:
        try:
            found = self._services.get(rollout.workspace, rollout.name)
        except NotFound:
            return None
        return found if found.id == rollout.service else None

    def _in_force(self, rollout: Rollout) -> bool:
        """Whether the gateway has been told since the wanted split was found stored."""
        if rollout.since is not None and rollout.ending is None:
            return True
        key = _key(rollout)
        if key not in self._marked:
            # only now: the split may have been set a moment ago, or by a control plane before us
            self._marked[key] = self._marks.mark()
            return False
        return self._marks.reached(self._marked[key])

    # --- what is written

    def _do(self, s: Situation, move: Next) -> None:
        now = s.now
        match move:
            case Want(step):
                self._change(s.rollout, writes.wanted(s.rollout, step, now))
            case Move(split):
                self._move(s, split)
            case Begin():
                self._change(s.rollout, writes.begun(s.rollout, now), event=True)
            case Propose():
                self._change(s.rollout, writes.proposed(s.rollout, now), event=True)
            case End(state, reasons):
                self._change(s.rollout, writes.ending(s.rollout, state, reasons, now))
            case Finish(state, reasons):
                share = share_now(s.rollout, s.service)
                after = writes.ended(s.rollout, state, reasons, share, now)
                self._change(s.rollout, after, event=True)

    def _change(self, before: Rollout, after: Rollout, *, event: bool = False) -> None:
        """Raises Conflict when a person has decided since ``before`` was read."""

        def decide(present: Rollout) -> Rollout:
            if present != before:
                raise Conflict(f"Rollout {before.id} was changed meanwhile.")
            return after

        note: Event | None = writes.told(before, after) if event else None
        self._rollouts.change(before.id, decide, note)

    def _move(self, s: Situation, split: Split) -> None:
        assert s.service is not None  # noqa: S101 - only what is there is moved
        known = s.service
        self._marked.pop(_key(s.rollout), None)

        def edit(present: Service, versions: Sequence[ServiceVersion]) -> Edit:
            if writes.traffic(present) != writes.traffic(known):
                raise Conflict(f"Traffic of service {present.name!r} was changed meanwhile.")
            return writes.moved(s.rollout, present, versions, split, s.now)

        self._services.edit(known.id, edit)

    def _say(self, rollout: Rollout, why: str) -> None:
        if rollout.ending is None and rollout.reasons != ((why,) if why else ()):
            self._change(rollout, writes.said(rollout, why, self._clock.now()))

    def _look(self, rollout: Rollout) -> bool:
        """Write down what was found; False while it is still being looked for."""
        found = self._looking.look(rollout)
        if found is None:
            return False
        now = self._clock.now()
        self._change(rollout, writes.looked(rollout, found.evidence, found.judgement, now))
        return True

    def _forget(self, open_: set[str]) -> None:
        for key in [key for key in self._marked if key[0] not in open_]:
            del self._marked[key]
        self._looking.forget(open_)


def _key(rollout: Rollout) -> _Key:
    return rollout.id, rollout.step, rollout.ending
