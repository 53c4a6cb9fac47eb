"""Rollouts in the SDK: what is sent, waiting, and what is printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest

from modelyard import Metric, Rollout
from modelyard.domain.errors import Conflict
from modelyard.sdk.errors import WebserviceException
from modelyard.sdk.rollouts import RolloutCalls
from modelyard.wire import rollouts as wire

NOW = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
FINDING = wire.Finding(
    name="error_rate",
    role="guardrail",
    control=0.01,
    candidate=0.02,
    effect=0.01,
    state="open",
    text="error_rate: +1 points",
)


def facts(**changes: Any) -> wire.Rollout:
    parts: dict[str, Any] = {
        "id": "o1", "workspace": "ws", "service": "churn", "candidate": "green",
        "control": "blue", "state": "running", "steps": [5, 50, 100], "step": 0, "share": 5.0,
        "created": NOW, "updated": NOW,
    }  # fmt: skip
    return wire.Rollout(**{**parts, **changes})


def entry(what: str, share: float, why: str = "") -> wire.RolloutStep:
    return wire.RolloutStep(time=NOW, what=what, share=share, why=why)


@dataclass
class Server:
    """Answers each look with the next of ``answers``, the last one for ever."""

    answers: list[wire.Rollout]
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def get(self, target: str, kind: type, query: Mapping[str, Any] | None = None) -> wire.Rollout:
        assert target == "/workspaces/ws/services/churn/rollouts/o1"
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def send(self, method: str, target: str, value: Any, kind: type) -> wire.Rollout:
        self.sent.append((method, target, msgspec.to_builtins(value)))
        if self.answers[0].state == "promoted":
            raise Conflict("The rollout o1 has ended.")
        return self.answers[0]


def rollout(*answers: wire.Rollout) -> tuple[Rollout, Server]:
    server = Server(list(answers))
    return Rollout(server, answers[0]), server  # type: ignore[arg-type]


def test_waiting_ends_with_the_rollout_and_tells_each_step_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = entry("step", 5)
    going = facts(history=[one], reasons=["The smaller arm has 12 requests; it asks for 100."])
    later = facts(history=[one], reasons=["The smaller arm has 80 requests; it asks for 100."])
    done = facts(
        state="promoted", share=100, history=[one, entry("promoted", 100, "proven")], reasons=["x"]
    )
    found, _ = rollout(facts(), going, later, done)

    assert found.wait(show_output=True) == "promoted"

    assert capsys.readouterr().out.splitlines() == [
        "12:30:00  5 % of the traffic",
        "          The smaller arm has 12 requests; it asks for 100.",
        "12:30:00  promoted: proven",
    ]
    assert found.share == 100


def test_waiting_ends_when_a_person_shall_decide() -> None:
    found, _ = rollout(facts(), facts(state="proposed"))

    assert found.wait() == "proposed"


def test_waiting_too_long_says_what_is_waited_for() -> None:
    found, _ = rollout(facts(waiting_for="proof"))

    with pytest.raises(WebserviceException, match=r"has not ended after 0 s\. It waits for proof"):
        found.wait(timeout_sec=0)


def test_a_decision_says_why() -> None:
    found, server = rollout(facts())

    found.rollback("bad feeling")

    assert server.sent == [
        (
            "POST",
            "/workspaces/ws/services/churn/rollouts/o1/rollback",
            {"why": "bad feeling"},
        )
    ]


def test_a_refusal_is_azures_exception_too() -> None:
    found, _ = rollout(facts(state="promoted"))

    with pytest.raises(WebserviceException, match="has ended") as raised:
        found.stop()
    assert isinstance(raised.value, Conflict)


def test_it_prints_where_it_stands() -> None:
    found, _ = rollout(
        facts(
            waiting_for="proof", units=[1200, 60], findings=[FINDING], history=[entry("step", 5)]
        )
    )

    assert str(found).splitlines() == [
        "Rollout o1 of 'green' against 'blue': running, 5 % of the traffic",
        "  waiting for: proof",
        "  requests: 1,200 of the control, 60 of the candidate",
        "  open: error_rate: +1 points",
        "  12:30:00  5 % of the traffic",
    ]
    assert found.findings[0].candidate == 0.02


def test_what_is_asked_is_sent_as_it_is_said() -> None:
    server = Server([facts()])
    calls = object.__new__(RolloutCalls)
    calls._client = server  # type: ignore[assignment]
    calls.workspace = type("W", (), {"name": "ws"})()  # type: ignore[assignment]
    calls._facts = type("F", (), {"name": "churn"})()  # type: ignore[assignment]

    calls.rollout(
        "green", [5, 50], metric=Metric("sales", "rate", margin=0.01), guardrails=["latency"]
    )

    ((method, target, body),) = server.sent
    assert (method, target) == ("POST", "/workspaces/ws/services/churn/rollouts")
    assert (body["candidate"], body["steps"], body["promote"]) == ("green", [5, 50], "propose")
    assert (body["metric"]["name"], body["metric"]["margin"]) == ("sales", 0.01)
    assert [g["name"] for g in body["guardrails"]] == ["latency"]
    assert body["prove_guardrails"] is True


def test_what_is_no_metric_is_named() -> None:
    with pytest.raises(WebserviceException, match="a Metric or its name, not 5"):
        RolloutCalls.rollout(cast(Any, object()), "green", metric=cast(Any, 5))
