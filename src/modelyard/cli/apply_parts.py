"""The parts of a version that can be compared, by name: of what is wanted and of what is. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import msgspec

from modelyard.cli.apply_wanted import Wanted
from modelyard.domain.services import Serving
from modelyard.wire.contents import Content, Limits, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.services import Version

APPLIED = "applied"
"""Where a version's configuration says which parts a file spoke of."""

CHOSEN = "chosen for the model"
CONTENT = ("models", "script", "files", "environment", "variables", "limits", "serving")
"""Parts, or beginnings of them, that make a new revision."""

_OFF = ("max_workers", "idle_timeout")
"""Options that 0 switches off, which is kept as nothing."""

DEFAULTS: Mapping[str, Any] = {
    "variables": {},
    "description": "",
    "tags": {},
    "control": False,
    **{f"limits.{name}": None for name in ("cpu", "memory_gb", "gpu")},
    **{f"serving.{name}": value for name, value in asdict(Serving()).items()},
    "serving.cors_origins": [],
}


def of_wanted(wanted: Wanted) -> dict[str, Any]:
    """What the file says, by part."""
    content = wanted.content
    environment = content.environment
    found: dict[str, Any] = {
        "models": list(content.models),
        "script": content.entry_script,
        "files": content.source,
        "environment": CHOSEN if environment is None else msgspec.to_builtins(environment),
        "variables": dict(content.variables),
        "description": wanted.description,
        "tags": dict(wanted.tags),
        "control": bool(wanted.control),
    }
    for part, value in (("limits", content.limits), ("serving", content.serving)):
        for name, one in msgspec.to_builtins(value).items():
            found[f"{part}.{name}"] = None if name in _OFF and not one else one
    return {name: value for name, value in found.items() if name in wanted.said}


def of_version(version: Version) -> dict[str, Any]:
    """What is, by part."""
    content = content_of(version)
    limits, serving = content.get("limits", {}), content.get("serving", {})
    memory = limits.get("memory")
    chosen = content.get("chosen_environment")
    return {
        "models": list(version.models),
        "script": content.get("entry_script", ""),
        "files": content.get("source", ""),
        "environment": CHOSEN if chosen else _definition(content.get("environment", {})),
        "variables": dict(content.get("variables", {})),
        "description": version.description,
        "tags": dict(version.tags),
        "control": version.type == "Control",
        "limits.cpu": limits.get("cpu"),
        "limits.memory_gb": None if memory is None else memory / 1e9,
        "limits.gpu": limits.get("gpu"),
        **{f"serving.{name}": value for name, value in serving.items()},
    }


def content_of(version: Version) -> Mapping[str, Any]:
    """The content that it is to have."""
    wanted = (r for r in version.revisions if r.number == version.wanted_revision)
    return next((r.content for r in wanted), {})


def merged(wanted: Content, version: Version, parts: Mapping[str, Any]) -> Content:
    """The version's content with these parts as they are wanted; all others stay."""
    content = content_of(version)
    limits = dict(content.get("limits", {}))
    memory = limits.pop("memory", None)
    limits["memory_gb"] = None if memory is None else memory / 1e9
    serving = {**content.get("serving", {})}
    for name, value in parts.items():
        head, _, tail = name.partition(".")
        if head == "limits":
            limits[tail] = value
        elif head == "serving":
            serving[tail] = value
    for name in _OFF:
        serving[name] = serving.get(name) or 0
    variables = parts["variables"] if "variables" in parts else content.get("variables", {})
    return msgspec.structs.replace(
        wanted,
        variables=dict(variables),
        limits=msgspec.convert(limits, Limits),
        serving=msgspec.convert(serving, ServingOptions),
    )


def told(part: str, value: Any) -> str:
    """A value as people read it."""
    if value in (None, "", {}, []) and value is not False:
        return "none"
    if part == "files":
        return str(value)[:12]
    if part == "environment":
        return value if isinstance(value, str) else _environment(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return " ".join(f"{key}={one}" for key, one in sorted(value.items()))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def same(part: str, one: Any, other: Any) -> bool:
    """Whether two values of a part mean the same."""
    if part.startswith("limits.") and one is not None and other is not None:
        return abs(float(one) - float(other)) < 1e-6
    return bool(one == other)


def _definition(environment: Mapping[str, Any]) -> Any:
    return msgspec.to_builtins(msgspec.convert({"name": "", **environment}, EnvironmentDefinition))


def _environment(value: Mapping[str, Any]) -> str:
    parts = [str(value["name"])] if value.get("name") else []
    if value.get("python_version"):
        parts.append(f"python {value['python_version']}")
    parts += [str(package) for package in value.get("pip_packages", ())]
    parts += [str(package) for package in value.get("conda_packages", ())]
    if value.get("conda_file"):
        parts.append(f"conda file {sha256(str(value['conda_file']).encode()).hexdigest()[:8]}")
    rest = {k: v for k, v in value.items() if v and k in {"pip_options", "docker", "variables"}}
    if rest:
        parts.append(json.dumps(rest, sort_keys=True))
    return " ".join(parts)
