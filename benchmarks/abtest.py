"""
How often each way of testing promotes what is not better, and how soon it finds what is.

    python -m benchmarks.abtest [--runs 2000] [--only WORDS]

Every run is a whole test: 20,000 users per version, looked at every 200 of each. Beside
Modelyard's ``decide`` stand a z-test repeated at every look (what one does who just watches the
numbers), a z-test at the end alone (the textbook), and ``ville.AsymptoticABTest`` where ville is
installed (``pip install ville`` brings numpy and SciPy; left out without it). All are one-sided at
5 %; ville's interval is at 10 %, of which the lower end is looked at. What is slow to
simulate gets fewer runs, as said in its row. ``median`` is of the users per version at the stop.
Prints Markdown.
"""

import argparse
import importlib
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log, log1p, sqrt
from typing import Any

from modelyard.abtest.counts import Counts
from modelyard.abtest.decision import decide
from modelyard.abtest.histogram import Histogram
from modelyard.abtest.metrics import Metric, Plan
from modelyard.abtest.moments import Moments
from modelyard.abtest.tallies import Batch, State, observe

LOOK, USERS = 200, 20_000
Arm = Callable[[random.Random, int], Any]
SALES = Plan(key=Metric("value", "rate", "higher"), minimum_users=LOOK)
REVENUE = Plan(key=Metric("value", "mean", "higher"), minimum_users=LOOK)
LATENCY = Plan(key=Metric("value", "quantile", "lower"), minimum_users=LOOK)
STEPS = (0.05, 0.25, 0.5)
ERRORS = Plan(guardrails=(Metric("value", "rate", "lower", 0.001),), minimum_users=10**9)


@dataclass(frozen=True)
class Case:
    """
    One row: the plan, what both versions are like, and what is counted.

    ``share``: the row gets this part of the runs. ``shares``: the candidate's, one after another.
    """

    name: str
    plan: Plan
    control: Arm
    candidate: Arm
    counted: str = "promote"
    share: int = 1
    shares: tuple[float, ...] = (0.5,)


def rate(p: float) -> Arm:
    """Yes/no with this rate: jumps from event to event, so that rare ones cost little."""

    def drawn(chance: random.Random, n: int) -> Counts:
        scale, at, events = log1p(-p), 0, 0
        while True:
            at += int(log(1 - chance.random()) / scale) + 1
            if at > n:
                return Counts(n, events)
            events += 1

    return drawn


def revenue(mean: float) -> Arm:
    """Exponential: most pay little, some much."""

    def drawn(chance: random.Random, n: int) -> Moments:
        values = [-mean * log(1 - chance.random()) for _ in range(n)]
        total, squares = sum(values), sum(x * x for x in values)
        return Moments(n, total / n, max(0.0, squares - total * total / n))

    return drawn


def latency(scale: float) -> Arm:
    """Log-normal, in milliseconds."""
    return lambda chance, n: Histogram().observed(
        scale * chance.lognormvariate(3, 0.4) for _ in range(n)
    )


CASES = (
    Case("rate 5 %, no difference", SALES, rate(0.05), rate(0.05)),
    Case("rate 0.2 %, no difference", SALES, rate(0.002), rate(0.002)),
    Case("revenue, no difference", REVENUE, revenue(1), revenue(1), share=4),
    Case("p95 latency, no difference", LATENCY, latency(1), latency(1), share=20),
    Case("rate 5 %, shares 5, 25, 50 %", SALES, rate(0.05), rate(0.05), share=2, shares=STEPS),
    Case("error rate just at its margin", ERRORS, rate(0.002), rate(0.003), "breach"),
    Case("rate 5 % against 6 %", SALES, rate(0.05), rate(0.06), share=4),
    Case("rate 0.2 % against 0.6 %", SALES, rate(0.002), rate(0.006), share=4),
    Case("revenue 1 against 1.05", REVENUE, revenue(1), revenue(1.05), share=4),
    Case("p95 latency 10 % lower", LATENCY, latency(1), latency(0.9), share=20),
    Case("error rate 0.2 % against 1 %", ERRORS, rate(0.002), rate(0.01), "breach", share=4),
)


def batches(case: Case, chance: random.Random) -> Iterator[tuple[float, tuple[int, int], Any]]:
    """What each look brings; both versions get 20,000 users where they share equally."""
    looks = USERS // LOOK
    for look in range(looks):
        share = case.shares[look * len(case.shares) // looks]
        users = round(2 * LOOK * (1 - share)), round(2 * LOOK * share)
        yield share, users, (case.control(chance, users[0]), case.candidate(chance, users[1]))


def ours(case: Case, looks: list[Any]) -> int | None:
    """Users per version at which ``decide`` says what is counted; None: never."""
    state, seen = State(), 0
    for share, users, pair in looks:
        state = observe(case.plan, state, share, Batch(users, {"value": pair}))
        seen += sum(users) // 2
        verdict = decide(case.plan, state, seen)
        # it goes on after "keep", which would end a real test: one chance more to go wrong
        if verdict.decision == case.counted:
            return seen
    return None


def z_test(case: Case, looks: list[Any], *, peeking: bool) -> int | None:
    """The same by a one-sided z-test, at every look or at the last alone."""
    if isinstance(looks[0][2][0], Histogram):
        return None
    margin = case.plan.guardrails[0].margin if case.plan.guardrails else 0.0
    arms, seen = [Moments(), Moments()], 0
    for number, (_, users, pair) in enumerate(looks, 1):
        moments = [x.moments() if isinstance(x, Counts) else x for x in pair]
        arms = [arm.merged(new) for arm, new in zip(arms, moments, strict=True)]
        seen += sum(users) // 2
        if not peeking and number < len(looks):
            continue
        error = sqrt(sum(arm.variance / max(arm.count, 1) for arm in arms))
        if error and (arms[1].mean - arms[0].mean - margin) / error > 1.645:
            return seen
    return None


def villes(looks: list[Any], chance: random.Random) -> int | None:
    """The same by ville, fed user by user in random order, looked at as often as the others."""
    numpy, ville = importlib.import_module("numpy"), importlib.import_module("ville")
    values, treated = [], []
    for _, users, pair in looks:
        one = [(1.0, arm) for arm in (0, 1) for _ in range(pair[arm].events)]
        one += [(0.0, arm) for arm in (0, 1) for _ in range(users[arm] - pair[arm].events)]
        chance.shuffle(one)
        values += [value for value, _ in one]
        treated += [arm for _, arm in one]
    test = ville.AsymptoticABTest(alpha=0.1, t_opt=5000, min_samples=2 * LOOK)
    test.update(numpy.array(values), numpy.array(treated))
    lower = numpy.asarray(test.lower_)[2 * LOOK - 1 :: 2 * LOOK]
    found = numpy.nonzero(lower > 0)[0]
    return int(found[0] + 1) * LOOK if found.size else None


def has_ville() -> bool:
    try:
        importlib.import_module("ville")
    except ImportError:
        return False
    return True


def cell(stops: list[int | None]) -> str:
    """'94.1 % (7,600)': the share that was called, and after how many users in the median."""
    called = [stop for stop in stops if stop is not None]
    if not called:
        return f"{0:.1%}"
    return f"{len(called) / len(stops):.1%} ({statistics.median(called):,.0f})"


def row(case: Case, runs: int, *, ville: bool) -> str:
    chance = random.Random(case.name)
    found: dict[str, list[int | None]] = {"ours": [], "peeking": [], "end": [], "ville": []}
    rates = isinstance(case.control(chance, 1), Counts) and case.counted == "promote"
    equal = len(case.shares) == 1
    for number in range(runs):
        looks = list(batches(case, chance))
        found["ours"].append(ours(case, looks))
        found["peeking"].append(z_test(case, looks, peeking=True))
        found["end"].append(z_test(case, looks, peeking=False))
        # a fifth of the runs: ville goes through every user
        if ville and rates and equal and number % 5 == 0:
            found["ville"].append(villes(looks, chance))
    histogram = isinstance(looks[0][2][0], Histogram)
    cells = [
        case.name,
        f"{runs:,}",
        cell(found["ours"]),
        "" if histogram else cell(found["peeking"]),
        "" if histogram else cell(found["end"]),
        cell(found["ville"]) if found["ville"] else "",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--only", default="", help="rows whose name has these words")
    asked = parser.parse_args()
    ville, began = has_ville(), time.perf_counter()
    print(f"Python {sys.version.split()[0]}, {platform.machine()}, {asked.runs:,} runs\n")
    if not ville:
        print("ville is not installed: its column stays empty.\n")
    print("| test | runs | Modelyard | z-test at every look | z-test at the end | ville |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for case in CASES:
        if asked.only in case.name:
            print(row(case, max(1, asked.runs // case.share), ville=ville), flush=True)
    print(f"\n{time.perf_counter() - began:,.0f} seconds")


if __name__ == "__main__":
    main()
