"""Carries out what is left of a plan: weighs each server alone, then asks all in turns."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from benchmarks.serving_peers.asking import Unfit
from benchmarks.serving_peers.base import Peer
from benchmarks.serving_peers.plan import LOOP, Plan
from benchmarks.serving_peers.results import Case, Results, Sample
from benchmarks.serving_peers.starting import Ground, Running, say
from benchmarks.serving_peers.weighing import weigh

WARM_SECONDS = 0.5


class Race:
    """
    One plan, carried out; what it finds is in ``results``, and what is there is not done again.

    ``saved`` is called whenever there is more. When it is ``late`` nothing further is begun.
    """

    def __init__(
        self,
        plan: Plan,
        ground: Ground,
        results: Results,
        saved: Callable[[], None],
        late: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._ground = ground
        self._results = results
        self._saved = saved
        self._late = late

    def run(self) -> None:
        """All models, one after the other."""
        for kind in self._plan.kinds:
            peers = [peer for peer in self._plan.for_kind(kind) if self._left(peer, kind)]
            for peer in peers:
                if self._plan.weighs(kind) and not self._late():
                    self._weigh(peer, kind)
            fit = [p for p in peers if not self._results.weight(p.key, kind).problem]
            # what uses the core also when nobody asks cannot run beside others
            for restless in (peer for peer in fit if peer.restless):
                self._ask_in_turns([restless], kind)
            self._ask_in_turns([peer for peer in fit if not peer.restless], kind)
            if self._plan.loop:
                self._loop(kind)

    def _left(self, peer: Peer, kind: str) -> bool:
        """Whether something was not measured; what did not run is tried again."""
        weight = self._results.weight(peer.key, kind)
        if weight.problem or (self._plan.weighs(kind) and not weight.memory):
            return True
        return any(self._missing(peer.key, case) for case in self._plan.cases(kind))

    def _missing(self, key: str, case: Case) -> list[int]:
        rounds = range(self._plan.rounds_of(case))
        return [number for number in rounds if not self._results.has(key, case, number)]

    def _weigh(self, peer: Peer, kind: str) -> None:
        if not self._results.weight(peer.key, kind).memory:
            self._results.put(weigh(self._ground, self._plan, peer, kind))
            self._saved()

    def _ask_in_turns(self, peers: Sequence[Peer], kind: str) -> None:
        """Every case: A, B, C, A, B, C …, so that a busy minute of the machine hits all alike."""
        cases = [c for c in self._plan.cases(kind) if any(self._missing(p.key, c) for p in peers)]
        if not cases:
            return
        with ExitStack() as stack:
            fit = [running for peer in peers if (running := self._start(peer, kind, stack))]
            for case in cases:
                if self._late():
                    return
                warm = case is cases[0] or self._plan.rounds_of(case) > 1
                self._case(fit, case, warm=warm)
                self._saved()

    def _start(self, peer: Peer, kind: str, stack: ExitStack) -> Running | None:
        """Started for as long as the stack lasts; None when late, or when it does not run."""
        if self._late():
            return None
        weight = self._results.weight(peer.key, kind)
        try:
            running = stack.enter_context(self._ground.started(peer, kind))
            if not self._plan.weighs(kind):
                sizes = {case.rows for case in self._plan.cases(kind)}
                self._ground.check(running, kind, tuple(sorted(sizes)))
                weight.packages = self._ground.packages(peer)
                weight.ready, weight.problem = [running.ready], ""
        except (Unfit, OSError) as error:
            self._fail(peer, kind, error)
            return None
        return running

    def _fail(self, peer: Peer, kind: str, error: Exception) -> None:
        self._results.weight(peer.key, kind).problem = str(error)
        say(f"{kind}: {peer.title}: {error}")
        self._saved()

    def _case(self, fit: list[Running], case: Case, *, warm: bool) -> None:
        """All rounds of a case; who ends meanwhile is out, also of the cases to come."""
        for number in range(-1 if warm else 0, self._plan.rounds_of(case)):
            for running in list(fit):
                if number >= 0 and self._results.has(running.peer.key, case, number):
                    continue
                try:
                    self._run(running, case, number)
                except Unfit as error:
                    self._fail(running.peer, case.kind, error)
                    fit.remove(running)

    def _run(self, running: Running, case: Case, number: int) -> None:
        if number < 0:
            self._ground.load(running, case.rows, case.connections, WARM_SECONDS)
            return
        before = running.server.processor()
        found = self._ground.load(running, case.rows, case.connections, self._plan.seconds)
        spent = running.server.processor() - before
        sample = Sample(
            running.peer.key, case, number, found["rate"], found["p50"], found["p99"],
            found["failed"], 1000 * spent / max(1, found["count"]),
        )  # fmt: skip
        self._results.samples.append(sample)
        where = f"{case.kind} {case.rows} rows, {case.connections} connections"
        failed = f" {sample.failed}" if sample.failed else ""
        say(f"{where}: {sample.server}: {sample.rate:.1f}/s, p50 {sample.p50:.2f} ms{failed}")

    def _loop(self, kind: str) -> None:
        for rows in sorted({case.rows for case in self._plan.cases(kind)}):
            case = Case(kind, rows, 1)
            for number in self._missing(LOOP, case):
                if self._late():
                    return
                found = self._ground.loop(kind, rows, self._plan.seconds)
                sample = Sample(LOOP, case, number, found["rate"], found["p50"], found["p99"])
                self._results.samples.append(sample)
        self._saved()
