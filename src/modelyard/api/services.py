"""Routes of services."""

from typing import Annotated, Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from modelyard.api.access import ACTION
from modelyard.api.convert import to_wire
from modelyard.usecases.authorize import Action
from modelyard.usecases.service_watch import ServiceWatch
from modelyard.usecases.services import Services
from modelyard.wire.base import Page
from modelyard.wire.services import KeyChange, Keys, Logs, Service, ServiceChange, ServiceRequest


class ServiceRoutes(Controller):
    """``/workspaces/{ws}/services``."""

    path = "/workspaces/{ws:str}/services"
    tags = ["services"]

    @get(sync_to_thread=True)
    def list_services(
        self,
        services: NamedDependency[Services],
        watch: NamedDependency[ServiceWatch],
        ws: FromPath[str],
    ) -> Page[Service]:
        """All services, by name, as they are now."""
        return Page(items=watch.views(services.list(ws)))

    @post(sync_to_thread=True)
    def deploy_service(
        self,
        request: Request[Any, Any, Any],
        services: NamedDependency[Services],
        watch: NamedDependency[ServiceWatch],
        ws: FromPath[str],
        data: JSONBody[ServiceRequest],
    ) -> Service:
        """Deploys; what cannot work is refused at once, the rest is followed by asking again."""
        return watch.view(services.deploy(ws, data, request.auth.name))

    @get("/{name:str}", sync_to_thread=True)
    def get_service(
        self,
        services: NamedDependency[Services],
        watch: NamedDependency[ServiceWatch],
        ws: FromPath[str],
        name: FromPath[str],
    ) -> Service:
        """One service, as it is now."""
        return watch.view(services.get(ws, name))

    @patch("/{name:str}", sync_to_thread=True)
    def change_service(
        self,
        services: NamedDependency[Services],
        watch: NamedDependency[ServiceWatch],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[ServiceChange],
    ) -> Service:
        """Changes it; a changed content becomes a new revision, started beside the old one."""
        return watch.view(services.update(ws, name, data))

    @delete("/{name:str}", status_code=202, sync_to_thread=True)
    def delete_service(
        self,
        services: NamedDependency[Services],
        watch: NamedDependency[ServiceWatch],
        ws: FromPath[str],
        name: FromPath[str],
    ) -> Service:
        """Deletes it; it is gone when asking for it gives 404."""
        return watch.view(services.delete(ws, name))

    @get("/{name:str}/keys", opt={ACTION: Action.SEE_KEYS}, sync_to_thread=True)
    def get_keys(
        self, services: NamedDependency[Services], ws: FromPath[str], name: FromPath[str]
    ) -> Keys:
        """Its two scoring keys."""
        return to_wire(services.keys(ws, name), Keys)

    @post("/{name:str}/keys", opt={ACTION: Action.SEE_KEYS}, status_code=200, sync_to_thread=True)
    def change_key(
        self,
        services: NamedDependency[Services],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[KeyChange],
    ) -> Keys:
        """Makes one key anew, or sets it."""
        return to_wire(services.change_key(ws, name, data), Keys)

    @get("/{name:str}/logs", sync_to_thread=True)
    def get_logs(
        self,
        services: NamedDependency[Services],
        watch: NamedDependency[ServiceWatch],
        ws: FromPath[str],
        name: FromPath[str],
        lines: Annotated[int, QueryParameter(ge=1, le=100_000)] = 5000,
    ) -> Logs:
        """The last lines that its workers printed."""
        return Logs(lines=watch.logs(services.get(ws, name), lines))
