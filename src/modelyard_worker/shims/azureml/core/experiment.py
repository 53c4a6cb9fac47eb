"""The experiment of a job, as far as a script needs it."""

from __future__ import annotations

from typing import Any, Iterator

from azureml.core.workspace import Workspace


class Experiment:
    """A named group of runs. ``Run.get_context().experiment`` gives it."""

    def __init__(self, workspace: Workspace, name: str, **_: Any) -> None:
        self.workspace = workspace
        self.name = name

    def get_runs(self, type: Any = None, tags: Any = None, **_: Any) -> Iterator[Any]:
        """The runs, newest first."""
        from azureml.core.run import Run

        return Run.list(self, type=type, tags=tags)

    def __repr__(self) -> str:
        return "Experiment(name=%r)" % self.name
