"""What is tested, and what counts as proof: said before the first value comes."""

from dataclasses import dataclass
from typing import Literal

from modelyard.abtest.checks import at_least, count, inside, positive
from modelyard.abtest.two_rates import Claim
from modelyard.domain.errors import BadInput

Kind = Literal["rate", "mean", "bounded", "quantile"]
KINDS = ("rate", "mean", "bounded", "quantile")


@dataclass(frozen=True, slots=True)
class Metric:
    """
    A number per version and which way is better.

    ``kind``: 'rate' for yes/no (``Counts``), 'mean' for anything with a variance (``Moments``,
    asymptotic), 'bounded' for means with known bounds (``Sums``, exact), 'quantile' for the
    ``quantile`` of values like latencies (``Histogram``). ``margin``: of the key metric the least
    improvement worth having, of a guardrail the worst change that is tolerated; with ``relative``
    as a share of the control's value (0.1: ten percent), else in the metric's own unit.
    """

    name: str
    kind: Kind
    better: Literal["higher", "lower"]
    margin: float = 0.0
    relative: bool = False
    quantile: float = 0.95

    def __post_init__(self) -> None:
        if not self.name:
            raise BadInput("name of a metric must not be empty.")
        if self.kind not in KINDS:
            raise BadInput(f"kind of '{self.name}' must be one of {', '.join(KINDS)}.")
        if self.better not in ("higher", "lower"):
            raise BadInput(f"better of '{self.name}' must be 'higher' or 'lower'.")
        at_least(f"margin of '{self.name}'", self.margin, 0)
        inside(f"quantile of '{self.name}'", self.quantile)
        if self.margin >= 1 and (self.relative or self.kind == "rate"):
            raise BadInput(f"margin of '{self.name}' must be under 1; 0.1 is ten percent.")

    def line(self, *, guardrail: bool) -> tuple[float, float]:
        """The candidate's value to compare with: (factor, shift) of the control's."""
        towards = 1 if (self.better == "higher") != guardrail else -1
        move = towards * self.margin
        return (1 + move, 0.0) if self.relative else (1.0, move)

    def claim(self, *, guardrail: bool, above: bool) -> Claim:
        """The same as a claim about two rates, to be refuted by a candidate above (or below)."""
        factor, shift = self.line(guardrail=guardrail)
        return Claim(shift, factor, above)


@dataclass(frozen=True, slots=True)
class Plan:
    """
    A test: a key metric, guardrails, and the chances of error that are accepted.

    ``alpha``: to promote what is not better or not safe, and likewise to keep what is better.
    ``breach_alpha``: to call any guardrail breached that is not, shared out over them.
    ``ratio_alpha``: to call the split of users wrong that is right. ``minimum_users`` per arm and
    ``minimum_seconds`` must have passed before promote or keep (whole days or weeks see every
    habit of users); a breach waits for nothing. At ``maximum_seconds`` what is not proven is kept.
    With ``prove_guardrails`` a promotion needs proof that each guardrail's margin is kept; without
    it is enough that none is breached. ``n_opt``: users where asymptotic bounds are tightest.
    ``units`` is what reasons call the users: 'users', or 'requests' where each stands for itself.
    """

    key: Metric | None = None
    guardrails: tuple[Metric, ...] = ()
    alpha: float = 0.05
    breach_alpha: float = 0.05
    ratio_alpha: float = 0.001
    minimum_users: int = 1000
    minimum_seconds: float = 0.0
    maximum_seconds: float | None = None
    prove_guardrails: bool = True
    n_opt: float = 5000.0
    units: str = "users"

    def __post_init__(self) -> None:
        for name in ("alpha", "breach_alpha", "ratio_alpha"):
            inside(name, getattr(self, name), 0, 0.5)
        count("minimum_users", self.minimum_users), positive("n_opt", self.n_opt)
        at_least("minimum_seconds", self.minimum_seconds, 0)
        if self.maximum_seconds is not None:
            at_least("maximum_seconds", self.maximum_seconds, self.minimum_seconds)
        if not self.metrics:
            raise BadInput("A plan needs a key metric or a guardrail.")
        names = [metric.name for metric in self.metrics]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BadInput(f"Metric '{twice[0]}' is there twice; each name once.")
        loose = [metric.name for metric in self.guardrails if not metric.margin]
        if loose and self.prove_guardrails:
            raise BadInput(
                f"Guardrail '{loose[0]}' needs a margin above 0: that nothing at all has changed"
                " can never be proven. Or say prove_guardrails=False."
            )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All of them, the key metric first."""
        return (*((self.key,) if self.key else ()), *self.guardrails)
