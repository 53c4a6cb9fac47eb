"""Whether an environment has what a model was trained with."""

import re
from collections.abc import Mapping
from typing import Any

from modelyard.domain.environments import BuiltEnvironment, Recipe
from modelyard.domain.framework_packages import canonical

_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?\s*===?\s*([^\s;,*]+)\s*(?:;|$)")
"""``name[extras]==version``, with a marker or not."""

_SHOWN = 5


def pinned(requirements: tuple[str, ...]) -> dict[str, str]:
    """The versions that requirement lines fix, by canonical name."""
    found = (_PINNED.match(line) for line in requirements)
    return {canonical(match[1]): match[2] for match in found if match}


def version_notes(
    model: str, record: Mapping[str, Any], recipe: Recipe, built: BuiltEnvironment | None
) -> list[str]:
    """
    Sentences on how the environment differs from what the model was trained with.

    A pickle read by another version than it was written with may fail, or worse, answer otherwise.
    """
    packages = record.get("packages")
    trained = packages if isinstance(packages, dict) else {}
    present = dict(built.packages) if built else pinned(recipe.requirements)
    present = {canonical(name): version for name, version in present.items()}
    differing = [
        f"{name} {version} (here {present[key]})"
        for name, version in sorted(trained.items())
        if (key := canonical(str(name))) in present and present[key] != version
    ]
    notes = []
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        notes.append(
            f"Model {model} was trained with {', '.join(differing[:_SHOWN])}{more}: pin the same "
            "versions in the environment if its answers matter."
        )
    python = record.get("python")
    here = built.python_version if built else recipe.python
    if isinstance(python, str) and python and _minor(python) != _minor(here):
        notes.append(
            f"Model {model} was trained with Python {python}; this environment has {here}."
        )
    return notes


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
