"""Experiments: named groups of runs."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import modelyard
from modelyard.domain.names import check_name
from modelyard.sdk import starting
from modelyard.sdk.client import path
from modelyard.sdk.errors import UserErrorException, raised_as
from modelyard.sdk.workspaces import texts, wanted
from modelyard.wire import experiments as wire


class Experiment:
    """An experiment; made when there is none of that name in the workspace."""

    def __init__(
        self,
        workspace: "modelyard.Workspace",
        name: str,
        _skip_name_validation: bool = False,
        _found: wire.Experiment | None = None,
        **_: Any,
    ) -> None:
        self._workspace = workspace
        self._client = workspace.service_context
        with raised_as(UserErrorException):
            check_name("experiment", name)
            self._facts = _found or self._client.send(
                "POST", path("workspaces", workspace.name, "experiments"),
                wire.ExperimentRequest(name=name), wire.Experiment,
            )  # fmt: skip

    def start_logging(
        self,
        *_: Any,
        outputs: Any = "outputs",
        snapshot_directory: str | None = ".",
        display_name: str | None = None,
        run_id: str | None = None,
        **__: Any,
    ) -> "modelyard.Run":
        """
        Start an interactive run that this process reports on.

        ``outputs/`` is made here and what appears in it is kept with the run; a snapshot of
        ``snapshot_directory`` is taken (None: none).
        """
        with raised_as(UserErrorException):
            folders = starting.output_folders(outputs)
            snapshot = starting.snapshot(self._client, snapshot_directory)
            facts = starting.start(
                self, run_id=run_id, name=display_name, snapshot=snapshot, type="azureml.scriptrun"
            )
        return modelyard.Run(self, facts.id, _found=facts, _collect=folders, _root=Path.cwd())

    def submit(
        self, config: "modelyard.ScriptRunConfig", tags: Mapping[str, str] | None = None, **_: Any
    ) -> "modelyard.Run":
        """Run a script on this machine, in a process of its own; returns at once."""
        submit = getattr(config, "_submit", None)
        if submit is None:
            raise UserErrorException(
                f"submit() takes a ScriptRunConfig, not a {type(config).__name__}."
            )
        run: modelyard.Run = submit(self, texts(tags))
        return run

    def get_runs(
        self,
        type: str | None = None,
        tags: Any = None,
        properties: Any = None,
        include_children: bool = False,
    ) -> "Iterator[modelyard.Run]":
        """The runs, newest first."""
        return modelyard.Run.list(
            self, type=type, tags=tags, properties=properties, include_children=include_children
        )

    def archive(self) -> None:
        """Put it away: ``list`` shows it no more unless asked."""
        self._change(wire.ExperimentChange(archived=True))

    def reactivate(self, new_name: str | None = None) -> None:
        """Take it back. It keeps its name."""
        if new_name is not None:
            raise UserErrorException("An experiment keeps its name; leave new_name out.")
        self._change(wire.ExperimentChange(archived=False))

    def tag(self, key: str, value: Any = None) -> None:
        """Set one tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; the others stay."""
        self.refresh()
        self._change(wire.ExperimentChange(tags={**self._facts.tags, **texts(tags)}))

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Remove tags by key."""
        self.refresh()
        gone = {tags} if isinstance(tags, str) else set(tags)
        rest = {k: v for k, v in self._facts.tags.items() if k not in gone}
        self._change(wire.ExperimentChange(tags=rest))

    def refresh(self) -> None:
        """Read anew what the server knows."""
        with raised_as(UserErrorException):
            self._facts = self._client.get(self._path, wire.Experiment)

    @staticmethod
    def list(
        workspace: "modelyard.Workspace",
        experiment_name: str | None = None,
        view_type: str = "ActiveOnly",
        tags: Any = None,
    ) -> "Items[Experiment]":
        """Experiments by name; ``view_type`` ActiveOnly, ArchivedOnly or All."""
        with raised_as(UserErrorException):
            found = workspace.service_context.items(
                path("workspaces", workspace.name, "experiments"), wire.Experiment
            )
            return [
                Experiment(workspace, e.name, _found=e)
                for e in found
                if experiment_name in {None, e.name}
                and wanted(e.tags, tags)
                and _shown(e.archived, str(view_type))
            ]

    @staticmethod
    def delete(workspace: "modelyard.Workspace", experiment_id: str) -> None:
        """Remove an experiment, by id or name, that has no runs."""
        names = [e.name for e in Experiment.list(workspace, view_type="All")
                 if experiment_id in {e.id, e.name}]  # fmt: skip
        if not names:
            raise UserErrorException(f"There is no experiment {experiment_id!r}.")
        with raised_as(UserErrorException):
            workspace.service_context.tell(
                "DELETE", path("workspaces", workspace.name, "experiments", names[0])
            )

    @staticmethod
    def from_directory(path: str, auth: Any = None) -> "Experiment":
        """The experiment named as the folder, in the folder's configured workspace."""
        workspace = modelyard.Workspace.from_config(path, auth)
        return Experiment(workspace, Path(path).resolve().name)

    @classmethod
    def get_docs_url(cls) -> str:
        """Where the documentation lies."""
        return "https://learn.microsoft.com/python/api/azureml-core/azureml.core.experiment"

    def get_portal_url(self) -> str:
        """The page of the experiment."""
        url = self._client.url
        return f"{url}/studio/workspaces/{self._workspace.name}/experiments/{self.name}"

    @property
    def workspace(self) -> "modelyard.Workspace":
        return self._workspace

    @property
    def workspace_object(self) -> "modelyard.Workspace":
        return self._workspace

    @property
    def name(self) -> str:
        return self._facts.name

    @property
    def id(self) -> str:
        return self._facts.id

    @property
    def archived_time(self) -> datetime | None:
        return self._facts.archived

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._facts.tags)

    @property
    def _path(self) -> str:
        return path("workspaces", self._workspace.name, "experiments", self.name)

    def _change(self, change: wire.ExperimentChange) -> None:
        with raised_as(UserErrorException):
            self._facts = self._client.send("PATCH", self._path, change, wire.Experiment)

    def __repr__(self) -> str:
        return f"Experiment(name={self.name!r}, workspace={self._workspace.name!r})"


def _shown(archived: datetime | None, view: str) -> bool:
    return "All" in view or (archived is None) == ("Archived" not in view)


Items = list
