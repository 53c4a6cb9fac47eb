"""How metrics are written on the command line: NAME[:KIND][,KEY=VALUE]…. Pure."""

from typing import Any

import msgspec

from modelyard.domain.errors import BadInput
from modelyard.wire.rollouts import Metric

_SAID = tuple(name for name in Metric.__struct_fields__ if name not in {"name", "kind"})
_WRITTEN = "a metric is written NAME[:KIND][,KEY=VALUE], like sales:rate,margin=0.01"


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
