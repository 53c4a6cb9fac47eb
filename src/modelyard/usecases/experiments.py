"""Experiments: made when first named, tagged, archived."""

from collections.abc import Sequence
from dataclasses import replace

from modelyard.domain.experiments import Experiment
from modelyard.domain.names import short_id
from modelyard.ports import Clock, ExperimentStore
from modelyard.wire.experiments import ExperimentChange, ExperimentRequest


class Experiments:
    """What people do with experiments."""

    def __init__(self, store: ExperimentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def ensure(self, workspace: str, request: ExperimentRequest) -> Experiment:
        """The one of that name, made if missing. Raises NotFound without workspace, BadName."""
        return self._store.ensure(
            Experiment(
                id=short_id("exp-"),
                workspace=workspace,
                name=request.name,
                created=self._clock.now(),
                tags=request.tags,
            )
        )

    def get(self, workspace: str, name: str) -> Experiment:
        """Raises NotFound."""
        return self._store.get(workspace, name)

    def list(self, workspace: str) -> Sequence[Experiment]:
        """All, by name, archived ones too."""
        return self._store.list(workspace)

    def change(self, workspace: str, name: str, change: ExperimentChange) -> Experiment:
        """Replace what the change names. Raises NotFound."""
        experiment = self._store.get(workspace, name)
        if change.tags is not None:
            experiment = replace(experiment, tags=change.tags)
        if change.archived is not None:
            when = (experiment.archived or self._clock.now()) if change.archived else None
            experiment = replace(experiment, archived=when)
        self._store.update(experiment)
        return experiment

    def delete(self, workspace: str, name: str) -> None:
        """Raises NotFound, InUse while it has runs."""
        self._store.remove(workspace, name)
