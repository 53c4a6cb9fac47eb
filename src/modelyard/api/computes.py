"""Routes of compute targets."""

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from modelyard.api.cases import UseCases
from modelyard.wire.base import Page
from modelyard.wire.computes import Compute, ComputeChange, ComputeRequest


class ComputeRoutes(Controller):
    """``/workspaces/{ws}/computes``."""

    path = "/workspaces/{ws:str}/computes"
    tags = ["computes"]

    @get(sync_to_thread=True)
    def list_computes(self, cases: NamedDependency[UseCases], ws: FromPath[str]) -> Page[Compute]:
        """All compute targets, by name."""
        found = cases.computes.list(ws)
        return Page(items=[cases.computes.view(compute) for compute in found])

    @post(sync_to_thread=True)
    def create_compute(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[ComputeRequest],
    ) -> Compute:
        """Makes or attaches one: a named share of this machine. Repeatable in the same words."""
        return cases.computes.view(cases.computes.create(ws, data))

    @get("/{name:str}", sync_to_thread=True)
    def get_compute(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Compute:
        """One target, with what is deployed to it."""
        return cases.computes.view(cases.computes.get(ws, name))

    @patch("/{name:str}", sync_to_thread=True)
    def change_compute(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[ComputeChange],
    ) -> Compute:
        """Changes it."""
        return cases.computes.view(cases.computes.change(ws, name, data))

    @delete("/{name:str}", sync_to_thread=True)
    def delete_compute(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> None:
        """Removes it; refused while services are deployed to it."""
        cases.computes.delete(ws, name)
