"""The workspace of a job, as far as a script needs it."""

from __future__ import annotations

from typing import Any, Optional

import _modelyard_http


class Workspace:
    """Where the run lives. ``Run.get_context().experiment.workspace`` gives it."""

    def __init__(self, name: str, server: Optional[Any] = None) -> None:
        self.name = name
        self._server = server or _modelyard_http.Server.from_environment()

    def get_run(self, run_id: str) -> Any:
        """The run of that id."""
        from azureml.core.run import Run

        return Run.get(self, run_id)

    def __repr__(self) -> str:
        return "Workspace(name=%r)" % self.name
