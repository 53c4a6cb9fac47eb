"""Whatever people do to versions and traffic, in any order, the rules hold."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from modelyard.domain.errors import Conflict, ModelyardError
from modelyard.domain.fronts import FrontState
from modelyard.domain.services import Service, ServiceVersion
from modelyard.domain.traffic import BUCKETS, Split, buckets
from modelyard.usecases.traffic_rules import effective, has_traffic, split_of
from modelyard.wire.services import ServiceChange
from tests.usecases.yard import Yard
from tests.waiting import wait_until

NAMES = st.sampled_from(["blue", "green", "red"])
PERCENT = st.integers(0, 1000).map(lambda tenths: tenths / 10)


class Versions(RuleBasedStateMachine):
    """Calls of people, fronts that come up or fail, and time that goes, in any order."""

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.yard = Yard(Path(self._folder.name))
        self.yard.workspace()
        self.yard.deploy(version="blue", kind="ACI")
        self.yard.settle()
        self.yard.target.first = FrontState.STARTING
        self.yard.traffic(shares={"blue": 100})
        self.seen = ["deployed", "traffic"]

    def teardown(self) -> None:
        if hasattr(self, "_folder"):
            self._folder.cleanup()

    @property
    def service(self) -> Service:
        return self.yard.stores.services.get("ws", "salary")

    @property
    def versions(self) -> dict[str, ServiceVersion]:
        return self.yard.versions()

    @rule(
        name=NAMES,
        share=st.none() | PERCENT,
        is_default=st.booleans(),
        strategy=st.sampled_from(["", "blue-green"]),
        overwrite=st.booleans(),
        keep_warm=st.sampled_from([0.0, 5.0]),
    )
    def make(
        self,
        name: str,
        share: float | None,
        *,
        is_default: bool,
        strategy: str,
        overwrite: bool,
        keep_warm: float,
    ) -> None:
        before = self.versions
        try:
            self.yard.make(
                name,
                traffic=share,
                is_default=is_default,
                strategy=strategy,
                overwrite=overwrite,
                keep_warm=keep_warm,
            )
        except ModelyardError:
            assert self.versions == before
        else:
            assert name not in before or overwrite

    @rule(name=NAMES, share=st.none() | PERCENT, is_default=st.none() | st.booleans())
    def change(self, name: str, share: float | None, *, is_default: bool | None) -> None:
        before = self.service
        try:
            self.yard.change(name, traffic=share, is_default=is_default)
        except ModelyardError:
            assert self.service == before
            return
        if share is not None:
            others = {n: s for n, s in before.traffic.given.items() if n != name}
            assert self.service.traffic.given == {**others, name: round(share * 10)}

    @rule(name=NAMES, enabled=st.booleans())
    def switch_on_or_off(self, name: str, *, enabled: bool) -> None:
        before = self.service
        try:
            self.yard.change(name, enabled=enabled)
        except ModelyardError:
            return
        assert enabled or not has_traffic(before, name)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        before = self.service
        try:
            self.yard.cases.versions.delete("ws", "salary", name)
        except ModelyardError:
            return
        assert not has_traffic(before, name)

    @rule(
        shares=st.none() | st.dictionaries(NAMES, PERCENT, max_size=3),
        default=st.none() | NAMES,
        shadows=st.none() | st.dictionaries(NAMES, PERCENT, max_size=1),
    )
    def traffic(
        self,
        shares: dict[str, float] | None,
        default: str | None,
        shadows: dict[str, float] | None,
    ) -> None:
        before = self.service
        try:
            self.yard.traffic(shares=shares, default=default, shadows=shadows)
        except ModelyardError:
            assert self.service == before
            return
        after = self.service
        if shares is not None and any(shares.values()):
            assert after.traffic.given == {n: round(s * 10) for n, s in shares.items()}
        if split_of(after) != split_of(before):
            assert after.traffic.previous == split_of(before)
            assert all(v.switch is None for v in self.versions.values())

    @rule()
    def roll_back(self) -> None:
        before = self.service
        try:
            self.yard.cases.traffic.rollback("ws", "salary")
        except Conflict:
            assert self.service == before
            gone = before.traffic.previous
            assert gone is None or not self._all_there(gone)
            return
        assert split_of(self.service) == before.traffic.previous
        assert all(v.enabled for v in self.versions.values() if has_traffic(self.service, v.name))

    @rule(state=st.sampled_from([FrontState.READY, FrontState.FAILED]))
    def fronts_come_up_or_fail(self, state: FrontState) -> None:
        for id, status in self.yard.target.observe(self.yard.target.running()).items():
            if status.state is FrontState.STARTING:
                error = {"type": "E", "message": "no"} if state is FrontState.FAILED else None
                self.yard.target.say(id, state, ready_workers=1, error=error)

    @rule(seconds=st.sampled_from([0.0, 1.0, 10.0]))
    def time_goes(self, seconds: float) -> None:
        self.yard.clock.advance(seconds)
        self._step()

    @rule()
    def the_control_plane_is_killed(self) -> None:
        self.yard.reconciler = self.yard.new_reconciler()

    @rule(enabled=st.booleans())
    def the_service_stops_or_starts(self, *, enabled: bool) -> None:
        self.yard.cases.services.update("ws", "salary", ServiceChange(enabled=enabled))

    def _step(self) -> None:
        """What runs in the background ends before the next thing: the same calls, the same end."""
        self.yard.reconciler.step()
        wait_until(lambda: not self.yard.actor.preparing() and not self.yard.builds.under_way())

    def _all_there(self, split: Split) -> bool:
        there = {v.name for v in self.versions.values() if not v.deleting}
        return {n for n, s in split.given.items() if s} | {split.default} <= there

    @invariant()
    def the_default_is_always_there(self) -> None:
        if hasattr(self, "yard"):
            version = self.versions[self.service.default_version]
            assert version.enabled
            assert not version.deleting

    @invariant()
    def everybody_has_the_buckets_of_their_share(self) -> None:
        if hasattr(self, "yard"):
            service, shares = self.service, effective(self.service)
            assert sum(shares.values()) == (0 if service.traffic.closed else BUCKETS)
            owners = Counter(buckets(service.traffic.owners))
            assert owners == (shares if owners else {})
            assert owners or len(shares) <= 1

    @invariant()
    def who_has_traffic_is_there_and_runs(self) -> None:
        if hasattr(self, "yard"):
            for name in effective(self.service):
                assert self.versions[name].enabled
                assert not self.versions[name].deleting
                assert self.versions[name].stop_at is None
                assert name not in self.service.traffic.shadows

    @invariant()
    def callers_meet_somebody_once_the_gateway_knows(self) -> None:
        if not hasattr(self, "yard"):
            return
        self._step()
        service = self.service
        if not service.enabled:
            return
        [route] = self.yard.gateway.table.routes
        for backend in {route.backend, *route.versions.values()} - {None}:
            assert backend in self.yard.gateway.table.backends
        live = any(v.live for v in self.versions.values() if has_traffic(service, v.name))
        if live and not service.traffic.closed:
            assert self.yard.gateway.ask("POST", "/serve/ws/salary/score").status == 200

    @invariant()
    def events_are_only_added(self) -> None:
        if hasattr(self, "yard"):
            told = [e.what for e in reversed(self.yard.cases.events.list("ws", "salary", 10_000))]
            assert told[: len(self.seen)] == self.seen
            self.seen = told


@pytest.mark.parametrize("examples", [pytest.param(15), pytest.param(300, marks=pytest.mark.slow)])
def test_versions_and_traffic_keep_their_rules(examples: int) -> None:
    machine = Versions.TestCase
    machine.settings = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    machine().runTest()
