"""A run's place among others: its children, its parent, lists of runs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import modelyard
from modelyard.sdk import starting
from modelyard.sdk.client import path
from modelyard.sdk.errors import UserErrorException, raised_as
from modelyard.sdk.workspaces import wanted
from modelyard.wire import runs as wire


class HasChildren(ABC):
    """Runs below this one."""

    _experiment: "modelyard.Experiment"
    _workspace: "modelyard.Workspace"
    _facts: wire.Run

    @property
    @abstractmethod
    def id(self) -> str:
        """The run's id."""

    def child_run(
        self, name: str | None = None, run_id: str | None = None, outputs: Any = None
    ) -> "modelyard.Run":
        """A new run below this one."""
        with raised_as(UserErrorException):
            collect = starting.output_folders(outputs) if outputs else []
            facts = starting.start(self._experiment, run_id=run_id, name=name, parent=self.id)
        return modelyard.Run(self._experiment, facts.id, _found=facts, _collect=collect)

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Sequence[Any] | None = None,
    ) -> "list[modelyard.Run]":
        """Several new runs below this one, by number or one for each value of a tag."""
        if (count is None) == (tag_key is None or tag_values is None):
            raise UserErrorException(
                "create_children() takes either count, or tag_key with tag_values."
            )
        children = [self.child_run() for _ in range(count if count is not None else 0)]
        for value in tag_values or ():
            child = self.child_run()
            child.tag(str(tag_key), value)
            children.append(child)
        return children

    def get_children(
        self,
        recursive: bool = False,
        tags: Any = None,
        properties: Any = None,
        type: str | None = None,
        status: str | None = None,
        _rehydrate_runs: bool = True,
    ) -> "Iterator[modelyard.Run]":
        """The runs below this one, newest first."""
        query = {"parent": self.id, "include_children": True}
        for child in listed(self._experiment, query, None, None):
            facts = child._facts
            fits = type in {None, facts.type} and status in {None, facts.status}
            if fits and wanted(facts.tags, tags) and wanted(facts.properties, properties):
                yield child
            if recursive:
                yield from child.get_children(True, tags, properties, type, status)

    def submit_child(
        self, config: Any, tags: Mapping[str, str] | None = None, **_: Any
    ) -> "modelyard.Run":
        """Run a script on this machine as a child of this run."""
        run: modelyard.Run = config._submit(self._experiment, dict(tags or {}), parent=self.id)
        return run

    @property
    def parent(self) -> "modelyard.Run | None":
        parent = self._facts.parent
        return None if parent is None else modelyard.Run.get(self._workspace, parent)


def listed(
    experiment: "modelyard.Experiment", query: Mapping[str, Any], tags: Any, properties: Any
) -> "Iterator[modelyard.Run]":
    """Runs that fit, newest first."""
    workspace = experiment.workspace
    with raised_as(UserErrorException):
        found = workspace.service_context.items(
            path("workspaces", workspace.name, "runs"), wire.Run, query
        )
        for facts in found:
            if wanted(facts.tags, tags) and wanted(facts.properties, properties):
                yield modelyard.Run(experiment, facts.id, _found=facts)
