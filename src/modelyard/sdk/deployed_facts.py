"""What services and their versions alike say of themselves."""

from typing import Any

import modelyard
from modelyard.sdk.described import Described
from modelyard.sdk.environments import definition_of
from modelyard.wire.services import Service, Version


class DeployedFacts(Described):
    """Attributes of what was deployed, read from the server's facts of it."""

    workspace: "modelyard.Workspace"
    _facts: Service | Version

    @property
    def error(self) -> dict[str, Any] | None:
        return self._facts.error

    @property
    def notes(self) -> list[str]:
        """Sentences of the server: what was pinned, that no key is needed."""
        return [*self._facts.notes]

    @property
    def models(self) -> "list[modelyard.Model]":
        """The registered models it serves."""
        ids = [m for m in self._facts.models if not m.endswith(":0")]
        return [modelyard.Model(self.workspace, id=id) for id in ids]

    @property
    def environment(self) -> "modelyard.Environment | None":
        found = self._facts.environment
        if not found.get("name"):
            return None
        return modelyard.Environment._from_definition(definition_of(found))

    @property
    def entry_script(self) -> str | None:
        """The scoring script; None for a model that is served without one."""
        return self._facts.entry_script or None
