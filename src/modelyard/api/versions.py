"""Routes of the versions of services."""

from typing import Annotated, Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from modelyard.api.cases import UseCases
from modelyard.wire.base import Page
from modelyard.wire.endpoints import VersionChange, VersionRequest
from modelyard.wire.services import Logs, Version


class VersionRoutes(Controller):
    """``/workspaces/{ws}/services/{name}/versions``."""

    path = "/workspaces/{ws:str}/services/{name:str}/versions"
    tags = ["versions"]

    @get(sync_to_thread=True)
    def list_versions(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Page[Version]:
        """All versions of a service, by name, as they are now."""
        return Page(items=cases.watch.view(cases.services.get(ws, name)).versions)

    @post(sync_to_thread=True)
    def create_version(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[VersionRequest],
    ) -> Version:
        """Makes a version; what cannot work is refused at once, the rest is followed by asking."""
        service = cases.versions.create(ws, name, data, request.auth.name)
        return cases.watch.version(service, data.name)

    @get("/{version:str}", sync_to_thread=True)
    def get_version(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[str],
    ) -> Version:
        """One version, as it is now."""
        return cases.watch.version(cases.services.get(ws, name), version)

    @patch("/{version:str}", sync_to_thread=True)
    def change_version(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[str],
        data: JSONBody[VersionChange],
    ) -> Version:
        """Changes it; a changed content becomes a new revision, started beside the old one."""
        service = cases.versions.change(ws, name, version, data, request.auth.name)
        return cases.watch.version(service, version)

    @delete("/{version:str}", status_code=202, sync_to_thread=True)
    def delete_version(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[str],
    ) -> Version:
        """Deletes one without traffic; it is gone when asking for it gives 404."""
        service = cases.services.get(ws, name)
        last = cases.watch.version(service, version)
        cases.versions.delete(ws, name, version, request.auth.name)
        last.state = "Deleting"
        return last

    @get("/{version:str}/logs", sync_to_thread=True)
    def get_version_logs(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[str],
        lines: Annotated[int, QueryParameter(ge=1, le=100_000)] = 5000,
    ) -> Logs:
        """The last lines that its workers printed."""
        return Logs(lines=cases.watch.logs(cases.services.get(ws, name), lines, version))
