"""The server itself: health, state, and the description of the API."""

from typing import Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency

from modelyard.api.access import PUBLIC
from modelyard.api.cases import UseCases
from modelyard.api.described import described
from modelyard.wire.server import Health, ServerStatus


class ServerRoutes(Controller):
    """``/health``, ``/status`` and ``/openapi.json``."""

    tags = ["server"]

    @get("/health", opt={PUBLIC: True}, sync_to_thread=False)
    def health(self, cases: NamedDependency[UseCases]) -> Health:
        """Says that the server answers; needs no token."""
        return cases.server.health()

    @get("/status", sync_to_thread=True)
    def show(self, cases: NamedDependency[UseCases]) -> ServerStatus:
        """Says what runs, where it lies and how much disk it uses."""
        return cases.server.show()

    @get("/openapi.json", opt={PUBLIC: True}, include_in_schema=False, sync_to_thread=True)
    def openapi(self, request: Request[Any, Any, Any]) -> dict[str, Any]:
        """The OpenAPI 3.1 document of all routes, the collector's too; needs no token."""
        return described(request.app.openapi_schema.to_schema())
