"""Routes of experiments."""

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from modelyard.api.cases import UseCases
from modelyard.api.convert import to_page, to_wire
from modelyard.wire.base import Page
from modelyard.wire.experiments import Experiment, ExperimentChange, ExperimentRequest


class ExperimentRoutes(Controller):
    """``/workspaces/{ws}/experiments``."""

    path = "/workspaces/{ws:str}/experiments"
    tags = ["experiments"]

    @get(sync_to_thread=True)
    def list_experiments(
        self, cases: NamedDependency[UseCases], ws: FromPath[str]
    ) -> Page[Experiment]:
        """All experiments, by name, archived ones too."""
        return to_page(cases.experiments.list(ws), Experiment)

    @post(sync_to_thread=True)
    def ensure_experiment(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[ExperimentRequest],
    ) -> Experiment:
        """The experiment of that name, made if it was missing."""
        return to_wire(cases.experiments.ensure(ws, data), Experiment)

    @get("/{name:str}", sync_to_thread=True)
    def get_experiment(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Experiment:
        """One experiment."""
        return to_wire(cases.experiments.get(ws, name), Experiment)

    @patch("/{name:str}", sync_to_thread=True)
    def change_experiment(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[ExperimentChange],
    ) -> Experiment:
        """Replaces tags, archives or reactivates."""
        return to_wire(cases.experiments.change(ws, name, data), Experiment)

    @delete("/{name:str}", sync_to_thread=True)
    def delete_experiment(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> None:
        """Removes an experiment without runs."""
        cases.experiments.delete(ws, name)
