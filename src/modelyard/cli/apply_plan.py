"""What has to be done so that an endpoint is as its file says. Pure."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelyard.cli.apply_kept import parts_as_kept, sticky_as_kept
from modelyard.cli.apply_parts import (
    APPLIED,
    CONTENT,
    DEFAULTS,
    of_version,
    of_wanted,
    same,
    told,
)
from modelyard.cli.apply_wanted import Wanted, texts
from modelyard.cli.endpoint_file import EndpointFile
from modelyard.domain.errors import BadInput
from modelyard.wire.endpoints import TrafficChange
from modelyard.wire.services import Service, ServiceChange


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: ``before`` None where it is added, ``after`` None where it is removed."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class VersionStep:
    """A version to make (``new``) or to change, and the parts in which it does."""

    wanted: Wanted
    new: bool
    parts: Mapping[str, Any]

    @property
    def content(self) -> bool:
        """Whether it needs a new revision."""
        return self.new or any(part.partition(".")[0] in CONTENT for part in self.parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """In the order in which it is done: versions, the service, traffic, removals."""

    create: str = ""
    """The version that a new service begins with; '' where there is one."""

    versions: Sequence[VersionStep] = ()
    service: ServiceChange | None = None
    traffic: TrafficChange | None = None
    remove: Sequence[str] = ()
    changes: Sequence[Change] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.changes)


def plan(file: EndpointFile, versions: Sequence[Wanted], present: Service | None) -> Plan:
    """Raises ``BadInput`` for what contradicts itself."""
    _check(file, versions)
    shares = None if file.traffic is None else {n: s for n, s in file.traffic.items() if s}
    default = _default(file, shares, present)
    steps = _steps(versions, present)
    names = {version.name for version in versions}
    remove = [v.name for v in present.versions if v.name not in names] if present else []
    _check_removed(file, present, remove)
    changes: list[Change] = []
    for step in steps:
        changes += _told(step, present)
    service = _service(file, present, changes)
    traffic = _traffic(file, shares, default, present, changes)
    changes += [Change(f"versions.{name}", "there", None) for name in remove]
    return Plan(
        "" if present else default, _ordered(steps, "" if present else default),
        service, traffic, remove, changes,
    )  # fmt: skip


def auth_of(file: EndpointFile) -> str | None:
    """The word of ours for what the file says."""
    return file.auth or {"key": "key", "aml_token": "token"}.get(file.auth_mode or "")


def mirror_of(file: EndpointFile) -> dict[str, float] | None:
    """Copies by version, of either key."""
    given = file.mirror if file.mirror is not None else file.mirror_traffic
    return None if given is None else {name: share for name, share in given.items() if share}


def _check(file: EndpointFile, versions: Sequence[Wanted]) -> None:
    names = [version.name for version in versions]
    if not names:
        raise BadInput("versions: name one at least; an endpoint without any answers nothing.")
    for key, asked in (
        ("traffic", file.traffic or {}),
        ("mirror", file.mirror or {}),
        ("mirror_traffic", file.mirror_traffic or {}),
        ("default", {file.default: 0.0} if file.default else {}),
    ):
        for name, share in asked.items():
            if name not in names:
                raise BadInput(
                    f"{key}: there is no version {name!r} in the file. {_near(name, names)}"
                )
            if not 0 <= share <= 100:
                raise BadInput(f"{key}: the share of {name!r} is {share:g}; it must be 0 to 100.")
    total = sum((file.traffic or {}).values())
    if total > 100 + 1e-6:
        raise BadInput(f"traffic: the shares are {total:g} % together; 100 is the most.")
    if sum(version.control is True for version in versions) > 1:
        raise BadInput("versions: one version at most can be the control.")


def _near(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}."


def _default(file: EndpointFile, shares: dict[str, float] | None, present: Service | None) -> str:
    if file.default:
        return file.default
    if present is not None and present.default_version in file.versions:
        return present.default_version
    by_share = sorted(shares or {}, key=lambda name: -(shares or {})[name])
    return next(iter([*by_share, *file.versions]))


def _check_removed(file: EndpointFile, present: Service | None, remove: Sequence[str]) -> None:
    if present is None or file.traffic is not None:
        return
    for version in present.versions:
        if version.name in remove and version.given:
            raise BadInput(
                f"Version {version.name!r} has {version.traffic:g} % of the traffic and is not in "
                "the file. Say in traffic: who shall get it."
            )


def _steps(versions: Sequence[Wanted], present: Service | None) -> list[VersionStep]:
    there = {version.name: version for version in present.versions} if present else {}
    found = []
    for version in versions:
        says = of_wanted(version)
        if version.name not in there:
            found.append(VersionStep(version, True, says))
            continue
        actual = of_version(there[version.name])
        before = there[version.name].configuration.get(APPLIED, [])
        # what an earlier file spoke of and this one does not goes back to what it is by itself
        dropped = {part: DEFAULTS[part] for part in before if part in DEFAULTS}
        asked = parts_as_kept({**dropped, **says}, actual)
        parts = {p: v for p, v in asked.items() if not same(p, v, actual.get(p))}
        failed = there[version.name].state == "Failed"
        if parts or failed:
            found.append(VersionStep(version, False, parts or {"models": says["models"]}))
    return found


def _ordered(steps: Sequence[VersionStep], first: str) -> list[VersionStep]:
    """The one that a new service begins with comes first; new ones before changed ones."""
    return sorted(steps, key=lambda step: (step.wanted.name != first, not step.new))


def _told(step: VersionStep, present: Service | None) -> list[Change]:
    at = f"versions.{step.wanted.name}"
    if step.new:
        parts = [(p, v) for p, v in step.parts.items() if v not in ("", [], {}, None)]
        return [
            Change(at, None, "new"),
            *(Change(f"{at}.{part}", None, told(part, value)) for part, value in parts),
        ]
    version = next(v for v in present.versions if v.name == step.wanted.name) if present else None
    actual = of_version(version) if version else {}
    return [
        Change(f"{at}.{part}", told(part, actual.get(part)), _after(version, part, value, actual))
        for part, value in step.parts.items()
    ]


def _after(version: Any, part: str, value: Any, actual: Mapping[str, Any]) -> str:
    again = same(part, value, actual.get(part)) and version.state == "Failed"
    return told(part, value) + (" (once more: it failed)" if again else "")


def _service(
    file: EndpointFile, present: Service | None, changes: list[Change]
) -> ServiceChange | None:
    auth, tags = auth_of(file), None if file.tags is None else texts(file.tags)
    if present is None:
        changes.insert(0, Change("auth", None, auth or "key"))
        asked = {"compute": file.compute, "description": file.description, "tags": tags}
        changes[1:1] = [Change(k, None, told(k, v)) for k, v in asked.items() if v]
        return None
    if file.compute is not None and file.compute != present.compute:
        raise BadInput(
            f"compute: {present.name!r} runs on {present.compute or 'the machine itself'!r} and "
            "cannot move. Delete it, or make an endpoint of another name."
        )
    change = ServiceChange()
    for name, wanted in (("auth", auth), ("description", file.description), ("tags", tags)):
        before = getattr(present, name)
        if wanted is not None and wanted != before:
            setattr(change, name, wanted)
            changes.append(Change(name, told(name, before), told(name, wanted)))
    return None if change == ServiceChange() else change


def _traffic(
    file: EndpointFile,
    shares: dict[str, float] | None,
    default: str,
    present: Service | None,
    changes: list[Change],
) -> TrafficChange | None:
    now = present.traffic if present else None
    change = TrafficChange()
    before = {n: s for n, s in now.shares.items() if s} if now else {}
    was_default = present.default_version if present else ""
    if default != was_default:
        change.default = default
        changes.append(Change("default", was_default or None, default))
    if shares is not None and not _same_shares(whole(shares, default), before):
        change.shares = dict(file.traffic or {})
        wanted = whole(shares, default)
        told_before = _listed(before) if now else None
        changes.append(Change("traffic", told_before, _listed(wanted) or "closed (404)"))
    sticky = None if file.sticky is None else sticky_as_kept(file.sticky)
    if sticky is not None and sticky != (now.sticky if now else ""):
        change.sticky = sticky
        changes.append(Change("sticky", (now.sticky if now else "") or "off", sticky or "off"))
    mirror = mirror_of(file)
    copies = dict(now.shadows) if now else {}
    if mirror is not None and not _same_shares(mirror, copies):
        change.shadows = mirror
        changes.append(Change("mirror", _listed(copies) or "none", _listed(mirror) or "none"))
    return None if change == TrafficChange() else change


def whole(shares: Mapping[str, float], default: str) -> dict[str, float]:
    """All of the traffic by version: what is left goes to the default one; {} is closed."""
    if not any(shares.values()):
        return {}
    found = {name: share for name, share in shares.items() if share}
    rest = 100 - sum(found.values())
    if rest > 1e-6:
        found[default] = found.get(default, 0.0) + rest
    return found


def _same_shares(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return one.keys() == other.keys() and all(abs(one[n] - other[n]) < 0.05 for n in one)


def _listed(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:g}" for name, share in sorted(shares.items()))
