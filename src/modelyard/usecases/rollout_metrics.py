"""What people ask to compare, with all filled in that they left out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from modelyard.abtest.metrics import KINDS
from modelyard.domain.errors import BadInput
from modelyard.domain.measuring import OUTCOME_NAME, Source, names_outcome
from modelyard.usecases.rollout_terms import Term
from modelyard.wire.rollouts import Metric

SOURCES: tuple[str, ...] = get_args(Source)

ERROR_RATE = Metric(name="error_rate")
UNAVAILABLE_RATE = Metric(name="unavailable_rate")
LATENCY = Metric(name="latency", quantile=0.95)
GUARDRAILS = (ERROR_RATE, LATENCY, UNAVAILABLE_RATE)
"""When nobody says which."""

_KNOWN: Mapping[str, Mapping[str, Any]] = {
    "error_rate": {"source": "errors", "kind": "rate", "margin": 0.01, "relative": False},
    "unavailable_rate": {
        "source": "unavailable",
        "kind": "rate",
        "margin": 0.01,
        "relative": False,
    },
    "latency": {"source": "latency", "kind": "quantile", "margin": 0.25, "relative": True},
}
"""What these names stand for: rates in points (0.01 is one), latencies as a share."""

MOST = 50
"""Guardrails of a rollout: telemetry is asked for each of them at every look."""

_SOURCE_KINDS = {"errors": ("rate",), "unavailable": ("rate",), "latency": ("quantile", "mean")}
_LOSS = 0.1
"""Share of the control's value that another guardrail may lose when nothing is said."""


def guardrails(asked: Sequence[Metric] | None) -> tuple[Term, ...]:
    """All of them, the usual ones for None. Raises BadInput naming the one that cannot be."""
    metrics = GUARDRAILS if asked is None else asked
    if len(metrics) > MOST:
        raise BadInput(
            f"{len(metrics):,} guardrails are too many; {MOST} are the most, and each of them "
            "makes all of them slower to prove."
        )
    return tuple(term(metric, guardrail=True) for metric in metrics)


def term(asked: Metric, *, guardrail: bool) -> Term:
    """One metric with its defaults. Raises BadInput naming it and what is allowed."""
    if not asked.name:
        raise BadInput("The name of a metric must not be empty.")
    known = _KNOWN.get(asked.name, {})
    source = asked.source or known.get("source", "feedback")
    if source not in SOURCES:
        raise BadInput(
            f"source of metric {asked.name!r} must be one of {', '.join(SOURCES)}, "
            f"not {asked.source!r}."
        )
    if source == "feedback" and not names_outcome(asked.name):
        raise BadInput(
            f"No feedback can be told under the name {asked.name[:100]!r} of a metric: it must be "
            f"{OUTCOME_NAME}."
        )
    kind = asked.kind or known.get("kind") or _kind_of(source)
    _check_kind(asked.name, source, kind)
    if asked.better not in {"", "higher", "lower"}:
        raise BadInput(
            f"better of metric {asked.name!r} must be 'higher' or 'lower', not {asked.better!r}."
        )
    if kind == "bounded" and not asked.low < asked.high:
        raise BadInput(f"low of metric {asked.name!r} must be under its high.")
    if kind == "bounded" and not math.isfinite(asked.high - asked.low):
        raise BadInput(f"low and high of metric {asked.name!r} are too far apart to count with.")
    quantile = 0.95 if asked.quantile is None else asked.quantile
    margin, relative = _margin(asked, known, guardrail=guardrail)
    made = Term(
        name=_name(asked.name, source, kind, quantile),
        kind=kind,  # type: ignore[arg-type]
        source=source,  # type: ignore[arg-type]
        of=asked.name if source in {"feedback", "metric"} else "",
        better=asked.better or ("higher" if source in {"feedback", "metric"} else "lower"),  # type: ignore[arg-type]
        margin=margin,
        relative=relative,
        quantile=quantile,
        low=asked.low,
        high=asked.high,
    )
    made.metric()  # raises for a margin or quantile that cannot be
    return made


def _kind_of(source: str) -> str:
    return _SOURCE_KINDS.get(source, ("mean",))[0]


def _check_kind(name: str, source: str, kind: str) -> None:
    allowed = _SOURCE_KINDS.get(source, KINDS)
    if kind not in allowed:
        raise BadInput(
            f"kind of metric {name!r} must be {' or '.join(map(repr, allowed))}, not {kind!r}."
        )


def _margin(asked: Metric, known: Mapping[str, Any], *, guardrail: bool) -> tuple[float, bool]:
    """
    The margin and whether it is a share of the control's value.

    Of a guardrail the loss that is put up with; of the key metric any gain is enough.
    """
    relative = asked.relative
    if asked.margin is not None:
        if relative is None:
            relative = bool(known.get("relative", False))
        if relative and asked.margin >= 1:
            raise BadInput(
                f"margin of metric {asked.name!r} is a share of the control's value: 0.1 is ten "
                f"percent. Say relative=False for {asked.margin:g} of its own unit."
            )
        return asked.margin, relative
    if not guardrail:
        return 0.0, bool(relative)
    if known and relative in {None, known["relative"]}:
        return known["margin"], known["relative"]
    if relative is False:
        raise BadInput(f"Guardrail {asked.name!r} with relative=False needs a margin.")
    return _LOSS, True


def _name(name: str, source: str, kind: str, quantile: float) -> str:
    """Two quantiles of the latency are two metrics."""
    if source == "latency" and kind == "quantile" and 0 < quantile < 1:
        return f"{name}_p{100 * quantile:g}"
    return name
