"""
What a test has seen: sums per step of the rollout, and the bets won so far.

Everything is sums, so what several fronts counted merges exactly, and the whole is a few hundred
numbers that survive a restart as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from modelyard.abtest import pieces, two_rates
from modelyard.abtest.bounded import Sums
from modelyard.abtest.checks import count, inside
from modelyard.abtest.counts import Counts
from modelyard.abtest.histogram import Histogram
from modelyard.abtest.metrics import Kind, Metric, Plan
from modelyard.abtest.moments import Moments
from modelyard.domain.errors import BadInput

Tally = Counts | Moments | Sums | Histogram
Pair = tuple[Tally, Tally]
"""Of the control and of the candidate."""

TALLIES: Mapping[Kind, type[Counts] | type[Moments] | type[Sums] | type[Histogram]] = {
    "rate": Counts,
    "mean": Moments,
    "bounded": Sums,
    "quantile": Histogram,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What came in since the last look, of all fronts: users of both arms and each metric's tallies.

    A metric may be left out where nothing came in.
    """

    users: tuple[int, int] = (0, 0)
    pairs: Mapping[str, Pair] = field(default_factory=dict)

    def merged(self, other: "Batch") -> "Batch":
        """Of another front as well."""
        users = (self.users[0] + other.users[0], self.users[1] + other.users[1])
        return Batch(users, _merged(self.pairs, other.pairs))


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of time with one share of users: ``share`` is the candidate's, under 1."""

    share: float
    users: tuple[int, int] = (0, 0)
    pairs: Mapping[str, Pair] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """
    All that was seen, by step. ``bets`` holds the log evidence of each yes/no metric that its
    candidate is above, and below, its line: it is won look by look.
    """

    steps: tuple[Step, ...] = ()
    bets: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def users(self) -> tuple[int, int]:
        """Of both arms, over all steps."""
        return sum(s.users[0] for s in self.steps), sum(s.users[1] for s in self.steps)

    def of(self, name: str) -> list[Pair]:
        """A metric's tallies, step by step."""
        return [step.pairs[name] for step in self.steps if name in step.pairs]

    def total(self, name: str) -> Pair | None:
        """A metric's tallies over all steps."""
        found: Mapping[str, Pair] = {}
        for pair in self.of(name):
            found = _merged(found, {name: pair})
        return found.get(name)


def observe(plan: Plan, state: State, share: float, batch: Batch) -> State:
    """
    The state after one more batch, during which the candidate had ``share`` of the users.

    Raises BadInput for a metric that is not in the plan or whose tallies are of another kind.
    """
    inside("share", share)
    for n in batch.users:
        count("users", n)
    metrics = {metric.name: metric for metric in plan.metrics}
    for name, pair in batch.pairs.items():
        _check(metrics, name, pair)
    bets = dict(state.bets)
    for metric in plan.metrics:
        if metric.kind == "rate" and metric.name in batch.pairs:
            bets[metric.name] = _bets(plan, metric, state, batch.pairs[metric.name])
    steps = state.steps
    if not steps or steps[-1].share != share:
        steps = (*steps, Step(share))
    last = steps[-1]
    users = (last.users[0] + batch.users[0], last.users[1] + batch.users[1])
    last = Step(share, users, _merged(last.pairs, batch.pairs))
    return replace(state, steps=(*steps[:-1], last), bets=bets)


def replaced(plan: Plan, state: State, index: int, share: float, totals: Batch) -> State:
    """
    The state when the totals of step ``index`` are known anew: what came late is in them too.

    Bets on rates are made with what is more than was known, in several pieces where that is much:
    looks may be as rare as a service's requests are many. Totals that have shrunk (telemetry
    has lost rows) leave what was known. Raises as ``observe``; BadInput for a step that is beyond
    the next one.
    """
    if not 0 <= index <= len(state.steps):
        raise BadInput(f"step must be from 0 to {len(state.steps)}, not {index}.")
    known = state.steps[index] if index < len(state.steps) else Step(share)
    metrics = {metric.name: metric for metric in plan.metrics}
    bets, pairs = dict(state.bets), dict(known.pairs)
    for name, pair in totals.pairs.items():
        _check(metrics, name, pair)
        before = known.pairs.get(name)
        if metrics[name].kind == "rate":
            more = _more(before, pair)
            bets[name] = _bets(plan, metrics[name], state, more, dealt=True)
            pairs[name] = _merged({name: before} if before else {}, {name: more})[name]
        elif before is None or _sizes(pair) >= _sizes(before):
            pairs[name] = pair
    users = (
        max(known.users[0], count("users", totals.users[0])),
        max(known.users[1], count("users", totals.users[1])),
    )
    now = Step(inside("share", share), users, pairs)
    return replace(state, steps=(*state.steps[:index], now, *state.steps[index + 1 :]), bets=bets)


def to_json(state: State) -> dict[str, Any]:
    """As plain numbers, lists and names."""
    steps = [
        {
            "share": step.share,
            "users": [*step.users],
            "metrics": {
                name: [control.state(), candidate.state()]
                for name, (control, candidate) in step.pairs.items()
            },
        }
        for step in state.steps
    ]
    return {"version": 1, "steps": steps, "bets": {k: [*v] for k, v in state.bets.items()}}


def from_json(plan: Plan, data: Mapping[str, Any]) -> State:
    """What ``to_json`` gave. Raises BadInput for another version."""
    if data.get("version") != 1:
        raise BadInput(f"version of a test's state must be 1, not {data.get('version')!r}.")
    kinds = {metric.name: TALLIES[metric.kind] for metric in plan.metrics}
    steps = tuple(
        Step(
            step["share"],
            (step["users"][0], step["users"][1]),
            {
                name: (kinds[name].from_state(pair[0]), kinds[name].from_state(pair[1]))
                for name, pair in step["metrics"].items()
            },
        )
        for step in data["steps"]
    )
    return State(steps, {name: (bet[0], bet[1]) for name, bet in data["bets"].items()})


def _check(metrics: Mapping[str, Metric], name: str, pair: Sequence[Tally]) -> None:
    if name not in metrics:
        raise BadInput(f"There is no metric '{name}' in the plan: {', '.join(metrics)}.")
    kind = metrics[name].kind
    wrong = [tally for tally in pair if not isinstance(tally, TALLIES[kind])]
    if len(pair) != 2 or wrong:
        raise BadInput(f"Metric '{name}' is a {kind}: it needs two {TALLIES[kind].__name__}.")


def _bets(
    plan: Plan, metric: Metric, state: State, pair: Pair, *, dealt: bool = False
) -> tuple[float, float]:
    empty: Pair = (Counts(), Counts())
    past = state.total(metric.name) or empty
    before = state.bets.get(metric.name, (0.0, 0.0))
    arms = [tally for tally in (*past, *pair) if isinstance(tally, Counts)]
    guardrail = metric != plan.key
    claims = [metric.claim(guardrail=guardrail, above=above) for above in (True, False)]
    if dealt:
        won = [pieces.log_e(claim, (arms[0], arms[1]), (arms[2], arms[3])) for claim in claims]
    else:
        won = [two_rates.log_e(claim, *arms) for claim in claims]
    return before[0] + won[0], before[1] + won[1]


def _more(before: Pair | None, now: Pair) -> Pair:
    """What came to both arms of a yes/no metric since the last look; never less than nothing."""
    old: Any = before or (Counts(), Counts())
    found = []
    for then, total in zip(old, now, strict=True):
        assert isinstance(total, Counts)  # noqa: S101 - checked when it came in
        trials = max(0, total.trials - then.trials)
        found.append(Counts(trials, min(trials, max(0, total.events - then.events))))
    return found[0], found[1]


def _sizes(pair: Pair) -> int:
    """Values of both arms."""
    found: Any = pair
    return int(found[0].count + found[1].count)


def _merged(first: Mapping[str, Pair], second: Mapping[str, Pair]) -> dict[str, Pair]:
    found = dict(first)
    for name, (control, candidate) in second.items():
        if name in found:
            # both sides are of the metric's one kind: checked when they came in
            known: Any = found[name]
            found[name] = (known[0].merged(control), known[1].merged(candidate))
        else:
            found[name] = (control, candidate)
    return found
