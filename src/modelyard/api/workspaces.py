"""Routes of workspaces."""

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from modelyard.api.access import ACTION
from modelyard.api.cases import UseCases
from modelyard.api.convert import to_page, to_wire
from modelyard.usecases.authorize import Action
from modelyard.wire.base import Page
from modelyard.wire.workspaces import Workspace, WorkspaceChange, WorkspaceRequest


class WorkspaceRoutes(Controller):
    """``/workspaces``."""

    path = "/workspaces"
    tags = ["workspaces"]

    @get(sync_to_thread=True)
    def list_workspaces(self, cases: NamedDependency[UseCases]) -> Page[Workspace]:
        """All workspaces, by name."""
        return to_page(cases.workspaces.list(), Workspace)

    @post(opt={ACTION: Action.CREATE_WORKSPACE}, sync_to_thread=True)
    def create_workspace(
        self, cases: NamedDependency[UseCases], data: JSONBody[WorkspaceRequest]
    ) -> Workspace:
        """Makes a workspace; with ``exist_ok`` the one of that name is given back."""
        return to_wire(cases.workspaces.create(data), Workspace)

    @get("/{ws:str}", sync_to_thread=True)
    def get_workspace(self, cases: NamedDependency[UseCases], ws: FromPath[str]) -> Workspace:
        """One workspace."""
        return to_wire(cases.workspaces.get(ws), Workspace)

    @patch("/{ws:str}", sync_to_thread=True)
    def change_workspace(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[WorkspaceChange],
    ) -> Workspace:
        """Replaces tags or cloud."""
        return to_wire(cases.workspaces.change(ws, data), Workspace)

    @delete("/{ws:str}", opt={ACTION: Action.DELETE_WORKSPACE}, sync_to_thread=True)
    def delete_workspace(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        delete_services: FromQuery[bool] = False,
    ) -> None:
        """Removes it with all that it holds; with ``delete_services`` its services too."""
        cases.workspaces.delete(
            ws, delete_services=cases.services.delete if delete_services else None
        )
