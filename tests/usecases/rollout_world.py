"""
A service with two versions, callers with true rates, and time that goes when told.

Everything that rollouts use is real but telemetry, the gateway and the fronts.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modelyard.abtest.bounded import Sums
from modelyard.abtest.counts import Counts
from modelyard.abtest.histogram import Histogram
from modelyard.abtest.moments import Moments
from modelyard.domain.errors import Unavailable
from modelyard.domain.fronts import FrontSpec, FrontState
from modelyard.domain.measuring import Measure, Measured, Question
from modelyard.domain.rollouts import Rollout
from modelyard.domain.services import (
    Auth,
    Keys,
    Revision,
    RevisionContent,
    RevisionState,
    Service,
    ServiceKind,
)
from modelyard.domain.traffic import BUCKETS
from modelyard.domain.workspaces import Workspace
from modelyard.ports import RolloutStore, ServiceStore
from modelyard.stores.stores import Stores
from modelyard.testing.clock import FakeClock
from modelyard.testing.stores import memory_stores
from modelyard.testing.target import FakeTarget
from modelyard.usecases.rolling import Rolling
from modelyard.usecases.rollouts import Rollouts
from modelyard.usecases.traffic_rules import effective
from modelyard.wire import rollouts as wire


@dataclass(frozen=True)
class Truth:
    """What is true of a version: chances per request, milliseconds, sales per request."""

    errors: float = 0.0
    unavailable: float = 0.0
    latency: float = 20.0
    sales: float = 0.05


@dataclass
class Seen:
    """What came to one version within one tick."""

    count: int = 0
    errors: int = 0
    unavailable: int = 0
    sales: int = 0
    latency: Histogram = field(default_factory=Histogram)


class Marks:
    """A gateway that is told at each ``apply``."""

    def __init__(self) -> None:
        self.begun = 0
        self.done = 0

    def mark(self) -> int:
        return self.begun + 1

    def reached(self, mark: int) -> bool:
        return self.done >= mark


class World:
    """``rate`` requests a second; ``tell`` False has the gateway not do what is stored."""

    def __init__(self, seed: int = 1, rate: int = 200, **truths: Truth) -> None:
        self.chance = random.Random(seed)
        self.rate = rate
        self.truths = {"blue": Truth(), "green": Truth(), **truths}
        self.clock = FakeClock()
        self.stores: Stores = memory_stores()
        self.target = FakeTarget()
        self.marks = Marks()
        self.tell = True
        self.silent = ""
        self.latencies = False
        self.skew: dict[str, float] = {}
        self.applied: Mapping[str, int] = {"blue": BUCKETS}
        self.splits: list[Mapping[str, int]] = [self.applied]
        self.ticks: list[tuple[datetime, dict[str, Seen]]] = []
        self._service()
        self.people = Rollouts(
            self.stores.rollouts, self.stores.services, self.clock, lambda: None, patience=0
        )
        self.rolling = self.new_rolling()

    def new_rolling(
        self,
        rollouts: RolloutStore | None = None,
        services: ServiceStore | None = None,
    ) -> Rolling:
        """What a control plane that has just begun to lead would use."""
        return Rolling(
            rollouts or self.stores.rollouts,
            services or self.stores.services,
            self.target,
            self,
            self.marks,
            self._at_once,
            self.clock,
        )

    @staticmethod
    def _at_once(_name: str, work: Callable[[], None]) -> bool:
        work()
        return True

    def _service(self) -> None:
        now = self.clock.now()
        self.stores.workspaces.add(Workspace("ws-1", "ws", now))
        self.stores.services.add(
            Service("s1", "ws", "churn", ServiceKind.NATIVE, Auth.KEY, now, now, "blue"),
            Keys("k", "l"),
        )
        for name in self.truths:
            self.version(name)

    def version(
        self, name: str, state: RevisionState = RevisionState.READY, script: str = "score.py"
    ) -> Revision:
        """A new revision of a version, and its front."""
        content = RevisionContent("a" * 64, script, (), "b" * 64, variables={"V": name})
        id = f"r-{name}-{len(self.stores.services.revisions('s1'))}"
        revision = self.stores.services.add_revision(
            Revision(id, "s1", name, 0, content, state, self.clock.now())
        )
        self.target.start(_front(id, name))
        if state is RevisionState.READY:
            self.stores.services.set_live("s1", name, revision.number)
        return revision

    @property
    def service(self) -> Service:
        return self.stores.services.get("ws", "churn")

    def start(self, **asked: Any) -> wire.Rollout:
        request = wire.RolloutRequest(**{"candidate": "green", **SHORT, **asked})
        return self.people.start("ws", "churn", request, "ann")

    def rollout(self) -> Rollout:
        return self.stores.rollouts.list("s1")[0]

    def view(self) -> wire.Rollout:
        return self.people.get("ws", "churn", self.rollout().id)

    def events(self) -> list[str]:
        """What was done with rollouts, oldest first."""
        found = self.stores.events.list("ws", "churn", limit=1000)
        return [event.what for event in reversed(found)]

    def front(self, name: str, state: FrontState) -> None:
        """Let the fronts of a version say something else of themselves."""
        for revision in self.stores.services.revisions("s1"):
            if revision.version == name:
                ready = int(state is FrontState.READY)
                self.target.say(revision.id, state, ready_workers=ready)

    def reconcile(self) -> None:
        """What the reconciler does: read what is stored, and tell the gateway."""
        self.marks.begun += 1
        if self.tell:
            self.applied = effective(self.service)
            if self.splits[-1] != self.applied:
                self.splits.append(self.applied)
            self.marks.done = self.marks.begun

    def look(self) -> None:
        """One round of the leader."""
        self.reconcile()
        self.rolling.step()

    def tick(self, seconds: float = 1.0) -> None:
        """Requests come, time passes, the leader looks until nothing changes."""
        self.serve(seconds)
        self.clock.advance(seconds)
        for _ in range(3):
            self.look()

    def run(self, ticks: int = 400) -> wire.Rollout:
        """Until it has ended, or waits for a person."""
        for _ in range(ticks):
            self.tick()
            if self.rollout().state.value != "running":
                break
        return self.view()

    def serve(self, seconds: float) -> None:
        found: dict[str, Seen] = {}
        for name, share in self.applied.items():
            expected = self.rate * seconds * share / BUCKETS * self.skew.get(name, 1.0)
            truth, seen = self.truths[name], Seen()
            seen.count = int(expected) + (self.chance.random() < expected % 1)
            seen.errors = self._some(seen.count, truth.errors)
            seen.unavailable = self._some(seen.count, truth.unavailable)
            seen.sales = self._some(seen.count, truth.sales)
            if self.latencies:
                slow = self.chance.expovariate
                seen.latency = Histogram().observed(
                    slow(1 / truth.latency) for _ in range(seen.count)
                )
            found[name] = seen
        self.ticks.append((self.clock.now(), found))

    def _some(self, count: int, chance: float) -> int:
        if not chance:
            return 0
        return sum(self.chance.random() < chance for _ in range(count))

    # --- ``Measurements``

    def measure(self, question: Question) -> Measured:
        if self.silent:
            raise Unavailable(self.silent)
        inside = [seen for at, seen in self.ticks if question.since <= at < question.until]
        arms = [
            [seen[name] for seen in inside if name in seen]
            for name in (question.control, question.candidate)
        ]
        units = tuple(sum(seen.count for seen in arm) for arm in arms)
        tallies = {
            m.name: tuple(_tally(m, arm).state() for arm in arms) for m in question.measures
        }
        return Measured(units, tallies)  # type: ignore[arg-type]


SHORT: Mapping[str, Any] = {
    "steps": [5, 25, 50, 100],
    "step_seconds": 5.0,
    "step_users": 20,
    "promote": "automatic",
    "guardrails": [wire.Metric(name="error_rate")],
}
"""A rollout of seconds, with the guardrail that is quickest to compute."""


def _tally(measure: Measure, arm: list[Seen]) -> Any:
    count = sum(seen.count for seen in arm)
    if measure.source == "latency":
        merged = Histogram()
        for seen in arm:
            merged = merged.merged(seen.latency)
        return merged
    events = {
        "errors": sum(seen.errors for seen in arm),
        "unavailable": sum(seen.unavailable for seen in arm),
    }.get(measure.source, sum(seen.sales for seen in arm))
    if measure.kind == "mean":
        return Moments.of([1.0] * events + [0.0] * (count - events))
    if measure.kind == "bounded":
        return Sums().observed([1.0] * events + [0.0] * (count - events))
    return Counts(count, events)


def _front(id: str, version: str) -> FrontSpec:
    return FrontSpec(
        id=id, workspace="ws", service="churn", service_version=version, revision=1, python="",
        runtime="", app_root="", entry_script="score.py", model_dir="", socket="",
        control_socket="", log_file="",
    )  # fmt: skip


class Killed(BaseException):
    """The process is gone: nothing that it held in memory is left."""


class Mortal:
    """A store that dies at one of its writes: before it, or just after."""

    WRITES = frozenset({"add", "change", "edit", "change_version"})

    def __init__(self, store: Any, life: "Life") -> None:
        self._store = store
        self._life = life

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        if name not in self.WRITES:
            return real

        def write(*args: Any, **more: Any) -> Any:
            self._life.before()
            found = real(*args, **more)
            self._life.after()
            return found

        return write


@dataclass
class Life:
    """Ends at write number ``at`` (from 1; 0 never), before it or after it."""

    at: int = 0
    late: bool = False
    writes: int = 0

    def before(self) -> None:
        self.writes += 1
        if self.writes == self.at and not self.late:
            raise Killed

    def after(self) -> None:
        if self.writes == self.at and self.late:
            raise Killed
