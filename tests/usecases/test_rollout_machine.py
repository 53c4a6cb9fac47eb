"""Whatever happens in whatever order, a rollout is never half-way."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from modelyard.domain.errors import Conflict
from modelyard.domain.fronts import FrontState
from modelyard.domain.rollouts import Rollout, RolloutState
from modelyard.domain.traffic import Split
from modelyard.usecases.rollout_splits import at_end, at_step
from modelyard.usecases.traffic_rules import split_of, with_split
from tests.usecases.rollout_world import Killed, Life, Mortal, Truth, World

STEPS = (100, 400)


class RolloutMachine(RuleBasedStateMachine):
    """People, crashes, silence and bad luck around a rollout of 10, 40 and 100 %."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(rate=300)
        self.life = Life()
        self.foreign = False
        self.known: Rollout | None = None
        self.begin(True)

    # --- what happens

    @rule(ticks=st.integers(1, 4))
    def time_passes(self, ticks: int) -> None:
        for _ in range(ticks):
            try:
                self.world.tick()
            except Killed:
                self.revive()

    @rule(writes=st.integers(1, 6), late=st.booleans())
    def the_control_plane_will_die(self, writes: int, late: bool) -> None:
        self.life.at, self.life.late = self.life.writes + writes, late

    @rule()
    def the_control_plane_dies(self) -> None:
        self.revive()

    @rule(decision=st.sampled_from(["stop", "promote", "rollback"]))
    def a_person_decides(self, decision: str) -> None:
        try:
            getattr(self.world.people, decision)("ws", "churn", self.rollout.id, "", "ann")
        except Conflict:
            assert self.rollout.ended or self.rollout.ending

    @rule(tell=st.booleans())
    def the_gateway_is_away_or_back(self, tell: bool) -> None:
        self.world.tell = tell

    @rule(silent=st.sampled_from(["", "gone"]))
    def telemetry_is_away_or_back(self, silent: str) -> None:
        self.world.silent = silent

    @rule(state=st.sampled_from([FrontState.READY, FrontState.READY, FrontState.UNHEALTHY]))
    def the_candidate_comes_and_goes(self, state: FrontState) -> None:
        self.world.front("green", state)

    @rule(errors=st.sampled_from([0.0, 0.0, 0.5]))
    def the_candidate_turns_bad_or_good(self, errors: float) -> None:
        self.world.truths["green"] = Truth(errors=errors)

    @precondition(lambda self: not self.rollout.ended)
    @rule(share=st.integers(1, 999))
    def somebody_else_moves_traffic(self, share: int) -> None:
        self.foreign = True
        split = Split({"green": share}, "blue")
        self.world.stores.services.change("s1", lambda s: with_split(s, split))

    @precondition(lambda self: self.rollout.ended)
    @rule(automatic=st.booleans())
    def begin(self, automatic: bool) -> None:
        """Another one, from where the last one began."""
        start = Split({}, "blue")
        self.world.stores.services.change("s1", lambda s: with_split(s, start))
        for _ in self.world.stores.rollouts.open():
            return
        promote = "automatic" if automatic else "propose"
        self.world.start(steps=[10, 40, 100], step_seconds=2.0, step_users=20, promote=promote)
        self.foreign, self.known = False, None
        self.revive()

    # --- what is always true

    @property
    def rollout(self) -> Rollout:
        return self.world.rollout()

    def revive(self) -> None:
        self.life.at = 0
        stores = self.world.stores
        self.world.rolling = self.world.new_rolling(
            Mortal(stores.rollouts, self.life), Mortal(stores.services, self.life)
        )

    @invariant()
    def traffic_is_at_a_step_or_at_the_end(self) -> None:
        rollout, present = self.rollout, split_of(self.world.service)
        if self.foreign:
            return
        allowed = [at_step(rollout, rollout.step)]
        if rollout.since is None and rollout.step >= 0:
            allowed.append(at_step(rollout, rollout.step - 1))
        if rollout.ending is not None:
            target = at_end(rollout, rollout.ending)
            allowed += [target] if target else []
        if rollout.ended:
            target = at_end(rollout, rollout.state)
            allowed = [target] if target else allowed
        assert present in allowed

    @invariant()
    def an_end_is_an_end(self) -> None:
        rollout = self.rollout
        if self.known is not None and self.known.id == rollout.id and self.known.ended:
            assert replace(rollout, updated=self.known.updated) == self.known
        self.known = rollout

    @invariant()
    def steps_come_one_after_the_other(self) -> None:
        steps = [entry["share"] for entry in self.rollout.history if entry["what"] == "step"]
        assert steps == [*STEPS[: len(steps)]]

    @invariant()
    def the_history_ends_once(self) -> None:
        rollout = self.rollout
        ends = [e for e in rollout.history if e["what"] not in {"step", "proposed"}]
        assert len(ends) == int(rollout.ended)
        assert (rollout.ending is None) or not rollout.ended

    @invariant()
    def what_is_promoted_by_itself_has_its_proof(self) -> None:
        rollout = self.rollout
        by_itself = not any("decided so" in reason for reason in rollout.reasons)
        if rollout.state is RolloutState.PROMOTED and by_itself:
            assert rollout.verdict["decision"] == "promote"

    def teardown(self) -> None:
        """With everything well again it comes to an end by itself."""
        world = self.world
        self.revive()
        world.tell, world.silent = True, ""
        world.truths["green"] = Truth()
        world.front("green", FrontState.READY)
        for _ in range(400):
            if self.rollout.ended:
                break
            if self.rollout.state is RolloutState.PROPOSED and self.rollout.ending is None:
                self.a_person_decides("promote")
            world.tick()
        assert self.rollout.ended
        self.traffic_is_at_a_step_or_at_the_end()


RolloutMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestRolloutMachine = RolloutMachine.TestCase
