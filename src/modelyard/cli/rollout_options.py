"""The options that plan a rollout; a metric is written NAME[:KIND][,KEY=VALUE]…. Pure."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import typer

from modelyard.domain.errors import BadInput
from modelyard.wire.rollouts import Metric, RolloutRequest

_SAID = tuple(name for name in Metric.__struct_fields__ if name not in {"name", "kind"})
_WRITTEN = "a metric is written NAME[:KIND][,KEY=VALUE], like sales:rate,margin=0.01"

Steps = Annotated[str | None, typer.Option(help="Its shares in percent (default 1,5,25,50,100).")]
Better = Annotated[
    str | None,
    typer.Option(help="What shall be better: NAME[:KIND][,KEY=VALUE], like sales:rate."),
]
Guardrails = Annotated[
    list[str] | None,
    typer.Option(
        help="What must not be worse, written like --metric; may be repeated (default: "
        "errors, 95th percentile of the latency, 503s)."
    ),
]
NoGuardrails = Annotated[bool, typer.Option("--no-guardrails", help="Nothing must not be worse.")]
Control = Annotated[
    str | None, typer.Option(help="What it is compared with (default: the default version).")
]
Promote = Annotated[
    str | None,
    typer.Option(help="propose: a person decides at the end (default); or automatic."),
]
StepSeconds = Annotated[
    float | None, typer.Option(help="Seconds that a step takes at least (default 60).")
]
StepUsers = Annotated[
    int | None, typer.Option(help="Units of each version in a step at least (default 100).")
]
Alpha = Annotated[
    float | None, typer.Option(help="Share of false alarms put up with (default 0.05).")
]
ProveGuardrails = Annotated[
    bool | None,
    typer.Option(
        "--prove-guardrails/--no-prove-guardrails",
        help="A promotion needs proof that each margin is kept (default), or only no breach.",
    ),
]
MaxSeconds = Annotated[
    float | None, typer.Option(help="Seconds after which it ends without proof.")
]


@dataclass(frozen=True, slots=True)
class Plan:
    """The options that say how a rollout goes; None is the server's default."""

    steps: Steps = None
    metric: Better = None
    guardrail: Guardrails = None
    no_guardrails: NoGuardrails = False
    control: Control = None
    promote: Promote = None
    step_seconds: StepSeconds = None
    step_users: StepUsers = None
    alpha: Alpha = None
    prove_guardrails: ProveGuardrails = None
    max_seconds: MaxSeconds = None

    def request(self, candidate: str) -> RolloutRequest:
        """As the server takes them. Raises ``BadInput`` naming the option."""
        if self.guardrail and self.no_guardrails:
            raise BadInput("--guardrail and --no-guardrails contradict each other.")
        guardrails = [metric(text) for text in self.guardrail or ()] or None
        said = {
            "steps": steps(self.steps),
            "metric": None if self.metric is None else metric(self.metric),
            "guardrails": [] if self.no_guardrails else guardrails,
            "control": self.control,
            "promote": self.promote,
            "step_seconds": self.step_seconds,
            "step_users": self.step_users,
            "alpha": self.alpha,
            "max_seconds": self.max_seconds,
            "prove_guardrails": self.prove_guardrails,
        }
        given: dict[str, Any] = {key: value for key, value in said.items() if value is not None}
        return RolloutRequest(candidate=candidate, **given)


def metric(text: str) -> Metric:
    """``sales:rate,margin=0.01`` as a metric. Raises ``BadInput`` naming the part."""
    head, *parts = [part.strip() for part in text.split(",")]
    name, _, kind = head.partition(":")
    if not name or "=" in head:
        raise BadInput(f"{text!r}: {_WRITTEN}.")
    values: dict[str, Any] = {"name": name, "kind": kind}
    for part in parts:
        key, sign, value = part.partition("=")
        if not sign or key not in _SAID:
            raise BadInput(f"{text!r}: {part!r} must be one of {', '.join(_SAID)} with a value.")
        values[key] = value if key in {"source", "better"} else _value(text, key, value)
    try:
        return msgspec.convert(values, Metric)
    except msgspec.ValidationError as error:
        raise BadInput(f"{text!r}: {error}") from error


def steps(text: str | None) -> list[float] | None:
    """``1,5,25,50,100`` as numbers. Raises ``BadInput``."""
    if text is None:
        return None
    try:
        return [float(part.strip().removesuffix("%")) for part in text.split(",")]
    except ValueError:
        raise BadInput(
            f"--steps {text}: write shares in percent with commas between, like 1,5,25,50,100."
        ) from None


def _value(text: str, key: str, value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        raise BadInput(f"{text!r}: {key}={value} must be a number, true or false.") from None
