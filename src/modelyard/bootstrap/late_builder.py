"""The builder of environments, loaded when the server answers already."""

import importlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from modelyard.domain.environments import BuiltEnvironment, EnvironmentDefinition, Recipe


class LateBuilder:
    """
    ``ports.EnvironmentBuilder``: the uv builder, imported at its first use or by ``load``.

    It parses YAML and requirements, which takes a quarter of a second to import and is not needed
    before the first deployment.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._builder: Any = None

    def load(self) -> Any:
        """The builder itself. Repeatable."""
        with self._lock:
            if self._builder is None:
                module = importlib.import_module("modelyard.environments.uv_builder")
                self._builder = module.UvBuilder(self._folder)
            return self._builder

    def resolve(
        self, definition: EnvironmentDefinition, records: Sequence[Mapping[str, Any]] = ()
    ) -> Recipe:
        recipe: Recipe = self.load().resolve(definition, records)
        return recipe

    def find(self, digest: str) -> BuiltEnvironment | None:
        found: BuiltEnvironment | None = self.load().find(digest)
        return found

    def build(self, recipe: Recipe, log: Callable[[str], None]) -> BuiltEnvironment:
        built: BuiltEnvironment = self.load().build(recipe, log)
        return built

    def digests(self) -> Sequence[str]:
        digests: Sequence[str] = self.load().digests()
        return digests

    def remove(self, digest: str) -> int:
        return int(self.load().remove(digest))

    def close(self) -> None:
        """End builds that run. Repeatable."""
        with self._lock:
            if self._builder is not None:
                self._builder.close()
