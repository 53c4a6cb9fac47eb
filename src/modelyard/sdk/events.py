"""What was changed of an endpoint, as ``endpoint.events()`` and ``endpoint events`` tell it."""

from collections.abc import Mapping
from typing import Any

from modelyard.wire import endpoints as wire


class Event(wire.Event):
    """
    One change: ``time``, ``who``, ``what``, ``version``, ``before``, ``after``, ``why``. Printed,
    it is one line.
    """

    def __str__(self) -> str:
        time = self.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        why = f"({self.why})" if self.why else ""
        told = [time, self.who, self.what, self.version, changed(self), why]
        return "  ".join(part for part in told if part)


def changed(event: wire.Event) -> str:
    """What changed, without what is empty before and after."""
    if event.what.endswith("deleted"):
        return ""
    before, after = _flat(event.before), _flat(event.after)
    if len({**before, **after}) > 1:  # by itself it says that something did
        before.pop("fingerprint", None)
        after.pop("fingerprint", None)
    told = []
    for name in {**before, **after}:
        if name == "given" and "shares" in after:
            continue  # what the shares came from: with both, each change would stand there twice
        old, new = _short(before.get(name)), _short(after.get(name))
        if old != new:
            told.append(f"{name} {new}" if old == "none" else f"{name} {old} → {new}")
    return ", ".join(told)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options each by its own name; shares and tags stay together."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in {"limits", "serving"} and isinstance(value, dict):
            found |= value
        else:
            found[name] = value
    return found


def _short(value: Any) -> str:
    if value in (None, "", {}, []):
        return "none"
    if isinstance(value, dict):
        return " ".join(f"{key}={_short(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ",".join(map(_short, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
