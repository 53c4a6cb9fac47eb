"""Promote, keep, undecided, breach: each for its reason, said with numbers."""

import random
from dataclasses import replace

import pytest

from modelyard.abtest.bounded import Sums
from modelyard.abtest.counts import Counts
from modelyard.abtest.decision import Verdict, decide
from modelyard.abtest.histogram import Histogram
from modelyard.abtest.metrics import Metric, Plan
from modelyard.abtest.moments import Moments
from modelyard.abtest.tallies import Batch, State, observe

SALES = Metric("sales", "rate", "higher")
ERRORS = Metric("errors", "rate", "lower", 0.01)
PLAN = Plan(key=SALES, guardrails=(ERRORS,), minimum_users=1000)


def seen(plan: Plan, rates: dict[str, tuple[float, float]], looks: int = 20) -> State:
    """A state in which every look had exactly these rates: no chance involved."""
    found = State()
    for _ in range(looks):
        pairs = {
            name: (Counts(1000, round(1000 * low)), Counts(1000, round(1000 * high)))
            for name, (low, high) in rates.items()
        }
        found = observe(plan, found, 0.5, Batch((1000, 1000), pairs))
    return found


def verdict(sales: tuple[float, float], errors: tuple[float, float], **changed) -> Verdict:
    plan = replace(PLAN, **changed)
    return decide(plan, seen(plan, {"sales": sales, "errors": errors}), 3600)


def test_what_sells_more_and_does_no_harm_is_promoted() -> None:
    found = verdict((0.05, 0.07), (0.002, 0.002))

    assert found.decision == "promote"
    assert found.reasons[0].startswith("sales: +2 points (+1.")
    assert "on 5 %: better by more than 0 points (evidence " in found.reasons[0]
    assert found.reasons[1].startswith("errors: +0 points")
    assert "within 1 points" in found.reasons[1]


def test_what_sells_less_is_kept_out() -> None:
    found = verdict((0.07, 0.05), (0.002, 0.002))

    assert found.decision == "keep"
    assert "sales: -2 points" in found.reasons[0]
    assert "worse" in found.reasons[0]


def test_no_difference_is_undecided_and_says_what_is_missing() -> None:
    found = verdict((0.05, 0.05), (0.002, 0.002))

    assert found.decision == "undecided"
    assert "not proven better by more than 0 points" in found.reasons[0]
    assert "20 to 1 is enough" in found.reasons[0]


def test_no_difference_when_the_time_is_up_keeps_the_control() -> None:
    found = verdict((0.05, 0.05), (0.002, 0.002), maximum_seconds=3600.0)

    assert found.decision == "keep"
    assert found.reasons[0].startswith("The time is up after 60 minutes")


def test_a_breach_wins_over_better_sales_and_waits_for_no_minimum() -> None:
    found = verdict((0.05, 0.10), (0.002, 0.05), minimum_users=10**9, minimum_seconds=1e9)

    assert found.decision == "breach"
    assert "errors: +4.8 points" in found.reasons[0]
    assert "worse by more than 1 points" in found.reasons[0]


def test_a_small_rise_of_errors_within_the_margin_is_no_breach() -> None:
    assert verdict((0.05, 0.07), (0.002, 0.004)).decision == "promote"


def test_a_guardrail_that_is_not_proven_holds_a_promotion_back() -> None:
    found = verdict((0.05, 0.10), (0.002, 0.0115))

    assert found.decision == "undecided"
    assert "errors" in found.reasons[0]
    assert "not proven to stay within 1 points" in found.reasons[0]


def test_without_the_wish_for_proof_an_unbreached_guardrail_is_enough() -> None:
    found = verdict((0.05, 0.10), (0.002, 0.0115), prove_guardrails=False)

    assert found.decision == "promote"
    assert "not breached" in found.reasons[1]


def test_an_improvement_under_the_least_worth_having_is_kept_out() -> None:
    plan = Plan(key=replace(SALES, margin=0.05), minimum_users=1000)

    found = decide(plan, seen(plan, {"sales": (0.05, 0.06)}), 3600)

    assert found.decision == "keep"
    assert "not better by 5 points" in found.reasons[0]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"minimum_users": 50_000}, "smaller arm has 20,000 users; the plan asks for 50,000"),
        ({"minimum_seconds": 7 * 86400.0}, "60 minutes have passed; the plan asks for 7 days"),
    ],
)
def test_before_the_minimum_nothing_is_promoted(changed: dict, reason: str) -> None:
    found = verdict((0.05, 0.10), (0.002, 0.002), **changed)

    assert found.decision == "undecided"
    assert reason in found.reasons[0]


def test_users_that_are_not_split_as_asked_let_nothing_be_concluded() -> None:
    pairs = {"sales": (Counts(5000, 250), Counts(4000, 400)), "errors": (Counts(9), Counts(9))}
    found = State()
    for _ in range(5):
        found = observe(PLAN, found, 0.5, Batch((5000, 4000), pairs))

    result = decide(PLAN, found, 3600)

    assert result.decision == "undecided"
    assert "20,000 of 45,000 came to the candidate, 22,500 should have" in result.reasons[0]


def test_a_right_split_at_any_share_raises_no_alarm() -> None:
    found = State()
    for share, users in ((0.01, (9900, 100)), (0.1, (9000, 1000)), (0.5, (5000, 5000))):
        found = observe(PLAN, found, share, Batch(users))

    assert decide(PLAN, found, 0).ratio < 0


def test_nothing_seen_is_undecided() -> None:
    found = decide(PLAN, State(), 0)

    assert found.decision == "undecided"
    assert found.findings["sales"].effect is None


def test_guardrails_alone_promote_when_they_are_proven() -> None:
    plan = Plan(guardrails=(ERRORS,), minimum_users=1000)

    found = decide(plan, seen(plan, {"errors": (0.002, 0.002)}), 3600)

    assert found.decision == "promote"


def test_the_chance_of_a_false_alarm_is_shared_out_over_the_guardrails() -> None:
    more = tuple(replace(ERRORS, name=f"errors {k}") for k in range(4))
    plan = Plan(guardrails=more, minimum_users=1000)

    found = decide(plan, seen(plan, {"errors 0": (0.002, 0.05)}), 3600)

    assert found.decision == "breach"
    assert "80 to 1 is enough" in found.reasons[0]


def test_days_with_more_sales_at_a_larger_share_do_not_look_like_a_better_version() -> None:
    # pooled, the candidate sells 9.2 % and the control 5.9 %; on each day they are equal
    plan = Plan(key=SALES, minimum_users=100)
    found = State()
    for share, users, rate in ((0.1, (9000, 1000), 0.05), (0.5, (5000, 5000), 0.1)):
        for _ in range(10):
            n0, n1 = users[0] // 10, users[1] // 10
            pair = (Counts(n0, round(n0 * rate)), Counts(n1, round(n1 * rate)))
            found = observe(plan, found, share, Batch((n0, n1), {"sales": pair}))

    result = decide(plan, found, 3600)

    assert result.decision == "undecided"
    assert abs(result.findings["sales"].effect or 0) < 1e-9


KINDS = {
    "mean": lambda chance, at: Moments.of(chance.gauss(10 * at, 2) for _ in range(300)),
    "bounded": lambda chance, at: Sums().observed(
        min(1.0, max(0.0, chance.gauss(0.5 * at, 0.1))) for _ in range(300)
    ),
    "quantile": lambda chance, at: Histogram().observed(
        at * chance.lognormvariate(0, 0.3) for _ in range(300)
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("better", "at", "decision"),
    [
        ("higher", 1.4, "promote"),
        ("higher", 0.7, "keep"),
        ("lower", 0.7, "promote"),
        ("lower", 1.4, "keep"),
        ("higher", 1.0, "undecided"),
    ],
)
@pytest.mark.parametrize("relative", [True, False])
def test_every_kind_of_metric_is_decided_in_both_directions(
    kind: str, better: str, at: float, decision: str, relative: bool
) -> None:
    chance = random.Random(11)
    metric = Metric("value", kind, better, 0.02, relative=relative)  # type: ignore[arg-type]
    plan = Plan(key=replace(metric, margin=0.0), minimum_users=1000)
    found = State()
    for share in (0.2, 0.5, 0.5, 0.5):
        pair = (KINDS[kind](chance, 1.0), KINDS[kind](chance, at))
        users = (1200, 300) if share == 0.2 else (300, 300)
        found = observe(plan, found, share, Batch(users, {"value": pair}))

    assert decide(plan, found, 3600).decision == decision


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_guardrail_is_breached_and_proven(kind: str) -> None:
    plan = Plan(
        guardrails=(Metric("value", kind, "lower", 0.2, relative=True),),  # type: ignore[arg-type]
        minimum_users=1000,
    )
    chance, decisions = random.Random(12), {}
    for at in (1.0, 1.6):
        found = State()
        for _ in range(6):
            pair = (KINDS[kind](chance, 1.0), KINDS[kind](chance, at))
            found = observe(plan, found, 0.5, Batch((300, 300), {"value": pair}))
        decisions[at] = decide(plan, found, 3600).decision

    assert decisions == {1.0: "promote", 1.6: "breach"}
