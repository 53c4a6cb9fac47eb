"""Routes of services."""

from typing import Annotated, Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from modelyard.api.access import ACTION
from modelyard.api.cases import UseCases
from modelyard.api.convert import to_wire
from modelyard.usecases.authorize import Action
from modelyard.wire.base import Page
from modelyard.wire.services import (
    KeyChange,
    Keys,
    Logs,
    SchemaDiff,
    Service,
    ServiceChange,
    ServiceRequest,
)


class ServiceRoutes(Controller):
    """``/workspaces/{ws}/services``."""

    path = "/workspaces/{ws:str}/services"
    tags = ["services"]

    @get(sync_to_thread=True)
    def list_services(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
    ) -> Page[Service]:
        """All services, by name, as they are now."""
        return Page(items=cases.watch.views(cases.services.list(ws)))

    @post(sync_to_thread=True)
    def deploy_service(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[ServiceRequest],
    ) -> Service:
        """Deploys; what cannot work is refused at once, the rest is followed by asking again."""
        return cases.watch.view(cases.services.deploy(ws, data, request.auth.name))

    @get("/{name:str}", sync_to_thread=True)
    def get_service(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
    ) -> Service:
        """One service, as it is now."""
        return cases.watch.view(cases.services.get(ws, name))

    @patch("/{name:str}", sync_to_thread=True)
    def change_service(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[ServiceChange],
    ) -> Service:
        """Changes it; a changed content becomes a new revision, started beside the old one."""
        return cases.watch.view(cases.services.update(ws, name, data, request.auth.name))

    @delete("/{name:str}", status_code=202, sync_to_thread=True)
    def delete_service(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
    ) -> Service:
        """Deletes it; it is gone when asking for it gives 404."""
        return cases.watch.view(cases.services.delete(ws, name, request.auth.name))

    @get("/{name:str}/keys", opt={ACTION: Action.SEE_KEYS}, sync_to_thread=True)
    def get_keys(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Keys:
        """Its two scoring keys."""
        return to_wire(cases.services.keys(ws, name), Keys)

    @post("/{name:str}/keys", opt={ACTION: Action.SEE_KEYS}, status_code=200, sync_to_thread=True)
    def change_key(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[KeyChange],
    ) -> Keys:
        """Makes one key anew, or sets it."""
        return to_wire(cases.services.change_key(ws, name, data, request.auth.name), Keys)

    @get("/{name:str}/logs", sync_to_thread=True)
    def get_logs(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        lines: Annotated[int, QueryParameter(ge=1, le=100_000)] = 5000,
    ) -> Logs:
        """The last lines that its workers printed."""
        return Logs(lines=cases.watch.logs(cases.services.get(ws, name), lines))

    @get("/{name:str}/diff/{other:str}", sync_to_thread=True)
    def diff_services(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        other: FromPath[str],
        revision: Annotated[int | None, QueryParameter(ge=1)] = None,
        other_revision: Annotated[int | None, QueryParameter(ge=1)] = None,
    ) -> SchemaDiff:
        """Which changes callers of the first would notice of the other, and which break them."""
        services = cases.services
        old, new = services.get(ws, name), services.get(ws, other)
        return to_wire(cases.watch.diff(old, new, revision, other_revision), SchemaDiff)
