"""Routes of experiments."""

from litestar import Controller, delete, get, patch, post

from modelyard.api.convert import to_page, to_wire
from modelyard.usecases.experiments import Experiments
from modelyard.wire.base import Page
from modelyard.wire.experiments import Experiment, ExperimentChange, ExperimentRequest


class ExperimentRoutes(Controller):
    """``/workspaces/{ws}/experiments``."""

    path = "/workspaces/{ws:str}/experiments"
    tags = ["experiments"]

    @get(sync_to_thread=True)
    def list_experiments(self, experiments: Experiments, ws: str) -> Page[Experiment]:
        """All experiments, by name, archived ones too."""
        return to_page(experiments.list(ws), Experiment)

    @post(sync_to_thread=True)
    def ensure_experiment(
        self, experiments: Experiments, ws: str, data: ExperimentRequest
    ) -> Experiment:
        """The experiment of that name, made if it was missing."""
        return to_wire(experiments.ensure(ws, data), Experiment)

    @get("/{name:str}", sync_to_thread=True)
    def get_experiment(self, experiments: Experiments, ws: str, name: str) -> Experiment:
        """One experiment."""
        return to_wire(experiments.get(ws, name), Experiment)

    @patch("/{name:str}", sync_to_thread=True)
    def change_experiment(
        self, experiments: Experiments, ws: str, name: str, data: ExperimentChange
    ) -> Experiment:
        """Replaces tags, archives or reactivates."""
        return to_wire(experiments.change(ws, name, data), Experiment)

    @delete("/{name:str}", sync_to_thread=True)
    def delete_experiment(self, experiments: Experiments, ws: str, name: str) -> None:
        """Removes an experiment without runs."""
        experiments.delete(ws, name)
