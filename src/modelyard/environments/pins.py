"""Pins that make an environment like the one that trained the model."""

from collections.abc import Mapping, Sequence
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from modelyard.environments.pythons import minor

Records = Sequence[Mapping[str, Any]]


def recorded_python(records: Records) -> str | None:
    """The Python version that the first record with one names, like '3.11.7'."""
    for record in records:
        version = str(record.get("python") or "")
        if version.count(".") >= 1 and version.replace(".", "").isdecimal():
            return version
    return None


def python_notes(python: str, records: Records) -> list[str]:
    """A warning for each model that another Python trained."""
    notes = []
    for record in records:
        recorded = recorded_python([record])
        if recorded and minor(recorded) != minor(python):
            notes.append(
                f"WARNING: {_trained(record)} with Python {recorded}, but runs on Python {python};"
                " files that pickle wrote may not load."
            )
    return notes


def pin(requirement: Requirement, records: Records) -> tuple[Requirement, list[str]]:
    """
    The requirement, pinned to what the first record says unless the user pinned it, and notes.

    A range is not a pin: the recorded version is taken when the range allows it.
    """
    notes: list[str] = []
    for record, version in _versions(canonicalize_name(requirement.name), records):
        name = requirement.name
        fits = not requirement.url and requirement.specifier.contains(version, prereleases=True)
        if fits and not _pinned(requirement):
            requirement.specifier = SpecifierSet(f"=={version}")
            model = f"model {record['model']}" if record.get("model") else "model"
            notes.append(f"{name} pinned to {version}, the version the {model} was trained with.")
        elif not fits:
            notes.append(
                f"WARNING: {_trained(record)} with {name} {version}, but "
                f"{str(requirement.specifier) or requirement.url} is installed."
            )
    return requirement, notes


def _versions(name: str, records: Records) -> list[tuple[Mapping[str, Any], str]]:
    found = []
    for record in records:
        packages = record.get("packages") or {}
        versions = {str(canonicalize_name(key)): str(value) for key, value in packages.items()}
        if name in versions:
            found.append((record, _public(versions[name])))
    return [(record, version) for record, version in found if version]


def _public(version: str) -> str:
    """Without the local part: '2.1.0+cpu' is on no index, and '==2.1.0' takes it too."""
    try:
        return Version(version).public
    except InvalidVersion:
        return ""


def _pinned(requirement: Requirement) -> bool:
    return any(clause.operator in {"==", "==="} for clause in requirement.specifier)


def _trained(record: Mapping[str, Any]) -> str:
    return (
        f"model {record['model']} was trained" if record.get("model") else "the model was trained"
    )
