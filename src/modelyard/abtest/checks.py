"""What every number that comes in must be; a refusal names the argument."""

from math import isfinite

from modelyard.domain.errors import BadInput


def finite(name: str, value: float) -> float:
    """``value`` as a float. Raises BadInput for what is no number, NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise BadInput(f"{name} must be a finite number, not {value!r}.")
    return float(value)


def at_least(name: str, value: float, least: float) -> float:
    """A finite number that is not under ``least``."""
    if finite(name, value) < least:
        raise BadInput(f"{name} must be {least:g} or more, not {value!r}.")
    return float(value)


def positive(name: str, value: float) -> float:
    """A finite number above zero."""
    if finite(name, value) <= 0:
        raise BadInput(f"{name} must be above 0, not {value!r}.")
    return float(value)


def inside(name: str, value: float, low: float = 0.0, high: float = 1.0) -> float:
    """A number strictly between two others: levels, probabilities, quantiles."""
    if not low < finite(name, value) < high:
        raise BadInput(f"{name} must be between {low:g} and {high:g}, not {value!r}.")
    return float(value)


def count(name: str, value: int) -> int:
    """A whole number, zero or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInput(f"{name} must be a whole number, 0 or more, not {value!r}.")
    return value
