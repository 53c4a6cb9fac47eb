"""``run/desired.json``: text in, value out, and back; no file is touched here."""

import json
import signal
from collections.abc import Mapping
from typing import Any

from modelyard.domain.processes import DESIRED_VERSION, Desired, ProcessSpec, Restart


class Unreadable(ValueError):
    """The text is torn, of another shape, or of a later version."""


def dumps(desired: Desired) -> str:
    """The value as JSON."""
    processes = [_spec_to_json(desired.processes[name]) for name in sorted(desired.processes)]
    document = {"version": desired.version, "epoch": desired.epoch, "processes": processes}
    return json.dumps(document, indent=1)


def loads(text: str) -> Desired:
    """The value; raises Unreadable saying why."""
    try:
        document = json.loads(text)
        version = int(document["version"])
        if version > DESIRED_VERSION:
            raise Unreadable(
                f"it has version {version} and this release reads {DESIRED_VERSION} at most"
            )
        specs = [_spec_from_json(entry) for entry in document["processes"]]
        return Desired({spec.name: spec for spec in specs}, int(document["epoch"]), version)
    except Unreadable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(f"it is damaged ({type(error).__name__}: {error})") from error


def _spec_to_json(spec: ProcessSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "argv": list(spec.argv),
        "log": spec.log,
        "env": dict(spec.env),
        "cwd": spec.cwd,
        "restart": str(spec.restart),
        "stop_signal": spec.stop_signal,
        "stop_timeout": spec.stop_timeout,
        "order": spec.order,
    }


def _spec_from_json(entry: Mapping[str, Any]) -> ProcessSpec:
    spec = ProcessSpec(
        name=_text(entry["name"]),
        argv=tuple(_text(argument) for argument in entry["argv"]),
        log=_text(entry["log"]),
        env={_text(name): _text(value) for name, value in entry.get("env", {}).items()},
        cwd=None if entry.get("cwd") is None else _text(entry["cwd"]),
        restart=Restart(entry.get("restart", "always")),
        stop_signal=_text(entry.get("stop_signal", "SIGTERM")),
        stop_timeout=float(entry.get("stop_timeout", 10.0)),
        order=int(entry.get("order", 50)),
    )
    if not spec.argv:
        raise ValueError(f"process {spec.name!r} has no argv")
    if spec.stop_signal not in signal.Signals.__members__:
        raise ValueError(f"process {spec.name!r} has an unknown stop_signal")
    return spec


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(f"{value!r} is not a text")
    return value
