"""A builder of environments that builds nothing, for tests of what stands on it."""

import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from packaging.requirements import Requirement

from modelyard.domain.environments import BuiltEnvironment, EnvironmentDefinition, Recipe
from modelyard.domain.errors import EnvironmentBuildFailed
from modelyard.environments import resolution

OWN_VERSION = ".".join(str(part) for part in sys.version_info[:3])


class FakeBuilder:
    """
    ``ports.EnvironmentBuilder`` in memory; definitions are understood as the real one does.

    Every environment runs on this very Python. ``unknown`` are packages that no index has;
    ``builds`` are the digests built, in order.
    """

    def __init__(self, unknown: Collection[str] = (), default_python: str = "3.11") -> None:
        self.builds: list[str] = []
        self._unknown = frozenset(unknown)
        self._default_python = default_python
        self._built: dict[str, BuiltEnvironment] = {}
        self._guard = threading.Lock()

    def resolve(
        self, definition: EnvironmentDefinition, records: Sequence[Mapping[str, Any]] = ()
    ) -> Recipe:
        if definition.user_managed:
            path = definition.interpreter or sys.executable
            note = f"{path} is used as it is: you manage its packages."
            return Recipe(OWN_VERSION, (), notes=(note,), interpreter=path)
        return resolution.resolve(
            definition, records, self._default_python, lambda: ("3.7.16", "3.8.18", OWN_VERSION)
        )

    def find(self, digest: str) -> BuiltEnvironment | None:
        return self._built.get(digest)

    def build(self, recipe: Recipe, log: Callable[[str], None]) -> BuiltEnvironment:
        with self._guard:
            built = self._built.get(recipe.digest)
            if built is None:
                built = self._make(recipe, log)
                self.builds.append(recipe.digest)
                self._built[recipe.digest] = built
            return built

    def digests(self) -> Sequence[str]:
        return sorted(self._built)

    def remove(self, digest: str) -> int:
        removed = self._built.pop(digest, None)
        return removed.size if removed else 0

    def _make(self, recipe: Recipe, log: Callable[[str], None]) -> BuiltEnvironment:
        for note in recipe.notes:
            log(note)
        packages = {}
        for line in recipe.requirements:
            requirement = Requirement(line)
            if requirement.name in self._unknown:
                raise EnvironmentBuildFailed(
                    f"Because {requirement.name} was not found in the package registry and you "
                    f"require {line}, we can conclude that your requirements are unsatisfiable."
                )
            packages[requirement.name] = _version(requirement)
        log(f"Ready: Python {OWN_VERSION}, {len(packages)} packages.")
        return BuiltEnvironment(
            digest=recipe.digest,
            python=recipe.interpreter or sys.executable,
            python_version=OWN_VERSION,
            packages=packages,
            lock="".join(f"{name}=={version}\n" for name, version in sorted(packages.items())),
            size=1000 * (1 + len(packages)),
        )


def _version(requirement: Requirement) -> str:
    exact = [clause.version for clause in requirement.specifier if clause.operator == "=="]
    return exact[0] if exact else "1.0"
