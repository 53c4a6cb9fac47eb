"""Experiments in memory."""

from collections.abc import Sequence
from dataclasses import replace

from modelyard.domain.errors import InUse, NotFound
from modelyard.domain.experiments import Experiment
from modelyard.testing.stores.memory import Memory, kept


class MemoryExperimentStore:
    """``ExperimentStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def ensure(self, experiment: Experiment) -> Experiment:
        key = (experiment.workspace, experiment.name)
        with self._memory.lock:
            self._memory.check_workspace(experiment.workspace)
            return kept(self._memory.experiments.setdefault(key, kept(experiment)))

    def get(self, workspace: str, name: str) -> Experiment:
        with self._memory.lock:
            return kept(self._find(workspace, name))

    def list(self, workspace: str) -> Sequence[Experiment]:
        with self._memory.lock:
            found = sorted(self._memory.experiments.items())
            return [kept(experiment) for key, experiment in found if key[0] == workspace]

    def update(self, experiment: Experiment) -> None:
        with self._memory.lock:
            present = self._find(experiment.workspace, experiment.name)
            changed = replace(present, tags=experiment.tags, archived=experiment.archived)
            self._memory.experiments[experiment.workspace, experiment.name] = kept(changed)

    def remove(self, workspace: str, name: str) -> None:
        with self._memory.lock:
            self._find(workspace, name)
            runs = self._memory.runs.values()
            count = sum(run.workspace == workspace and run.experiment == name for run in runs)
            if count:
                raise InUse(f"Experiment {name!r} has {count} runs. Archive it instead.")
            del self._memory.experiments[workspace, name]

    def _find(self, workspace: str, name: str) -> Experiment:
        try:
            return self._memory.experiments[workspace, name]
        except KeyError:
            raise NotFound(
                f"There is no experiment {name!r} in workspace {workspace!r}."
            ) from None
