"""The pure parts of rollouts on the command line."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from modelyard.cli.rollout_options import metric, steps
from modelyard.cli.rollout_view import line, view
from modelyard.domain.errors import BadInput
from modelyard.wire.rollouts import Finding, Metric, Rollout, RolloutStep

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def rollout(**more: Any) -> Rollout:
    base = {
        "id": "ro-1", "workspace": "lab", "service": "churn", "candidate": "green",
        "control": "blue", "state": "running", "steps": [1.0, 25.0, 100.0], "step": 1,
        "share": 25.0, "created": NOW, "updated": NOW, "since": NOW - timedelta(seconds=90),
        "units": [3000, 1000], "decision": "undecided",
    }  # fmt: skip
    return Rollout(**{**base, **more})


def drawn(found: Rollout) -> str:
    console = Console(width=160, highlight=False, markup=False)
    with console.capture() as held:
        console.print(view(found, NOW))
    return held.get()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("sales", Metric(name="sales")),
        ("sales:rate", Metric(name="sales", kind="rate")),
        ("latency,quantile=0.99, margin=20", Metric(name="latency", quantile=0.99, margin=20)),
        ("x:mean,better=lower,relative=true,source=metric",
         Metric(name="x", kind="mean", better="lower", relative=True, source="metric")),
    ],
)  # fmt: skip
def test_a_metric_is_a_name_a_kind_and_what_else_is_known_of_it(text: str, meant: Metric) -> None:
    assert metric(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "NAME[:KIND]"),
        ("margin=1", "NAME[:KIND]"),
        ("sales,margn=1", "'margn=1' must be one of source, better, margin"),
        ("sales,margin", "'margin' must be one of"),
        ("sales,margin=much", "margin=much must be a number"),
        ("sales,margin=[1]", "margin"),
    ],
)
def test_a_metric_that_cannot_be_read_is_told_by_its_part(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        metric(text)

    assert said in refused.value.message


def test_steps_are_shares_with_commas_between() -> None:
    assert steps("1, 5%,100") == [1.0, 5.0, 100.0]
    assert steps(None) is None
    with pytest.raises(BadInput, match="1,5,25,50,100"):
        steps("1;5")


def test_the_view_has_step_share_units_evidence_and_reasons() -> None:
    found = rollout(
        findings=[
            Finding(name="sales", role="metric", control=0.1, candidate=0.12, effect=0.02,
                    low=-0.01, high=0.05, text="not proven yet"),
            Finding(name="latency", role="guardrail", effect=-3.0, high=2.5, state="holds"),
        ],
        reasons=["More users are needed."],
        waiting_for="120 more users of green",
        history=[RolloutStep(time=NOW, what="step", share=25.0)],
    )  # fmt: skip

    text = drawn(found)

    for part in (
        "2 of 3 (1 → 25 → 100 %), for 90 s", "25 %", "blue 3,000, green 1,000", "undecided",
        "+0.02", "-0.01 … 0.05", "not proven yet", "-∞ … 2.5", "holds",
        "More users are needed.", "120 more users of green",
    ):  # fmt: skip
        assert part in text, part


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("rolled back", "traffic is as it was before"),
        ("promoted", "all traffic"),
        ("kept", "not proven better"),
        ("stopped", "as it was when it was stopped"),
        ("proposed", "promote it, or roll it back"),
    ],
)
def test_each_end_says_what_it_means(state: str, says: str) -> None:
    assert says in drawn(rollout(state=state))


def test_before_the_first_step_nothing_is_counted() -> None:
    found = rollout(step=-1, share=0.0, since=None, units=[0, 0], decision="")

    assert "before the first of 3 steps" in drawn(found)
    assert line(found) == (
        "running: before the first of 3 steps (1 → 25 → 100 %), green 0 %, 0 / 0 requests, "
        "no evidence yet"
    )
