"""The API as one ASGI application, made of use cases."""

from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Message, Scope

from modelyard.api.access import make_guard
from modelyard.api.access_tokens import AccessTokenRoutes
from modelyard.api.blobs import BlobRoutes, SnapshotRoutes
from modelyard.api.cases import UseCases
from modelyard.api.computes import ComputeRoutes
from modelyard.api.environments import BuildRoutes, EnvironmentRoutes
from modelyard.api.errors import HANDLERS, REQUEST_ID, request_id
from modelyard.api.events import EventRoutes
from modelyard.api.experiments import ExperimentRoutes
from modelyard.api.images import ImageRoutes
from modelyard.api.models import ModelRoutes
from modelyard.api.rollouts import RolloutRoutes
from modelyard.api.runs import RunRoutes
from modelyard.api.server import ServerRoutes
from modelyard.api.services import ServiceRoutes
from modelyard.api.tokens import TokenRoutes
from modelyard.api.traffic import TrafficRoutes
from modelyard.api.versions import VersionRoutes
from modelyard.api.workspaces import WorkspaceRoutes
from modelyard.domain.errors import BadInput

BODY_LIMIT = 16 * 1024**2
"""Bytes of a JSON body; files are streamed and have their own limit."""


ROUTES = [
    ServerRoutes,
    TokenRoutes,
    WorkspaceRoutes,
    ExperimentRoutes,
    RunRoutes,
    BlobRoutes,
    SnapshotRoutes,
    ModelRoutes,
    ImageRoutes,
    EnvironmentRoutes,
    BuildRoutes,
    ServiceRoutes,
    AccessTokenRoutes,
    VersionRoutes,
    TrafficRoutes,
    RolloutRoutes,
    EventRoutes,
    ComputeRoutes,
]


class _NoPages(Router):
    """The framework's own pages about the API load scripts from elsewhere: none of them."""

    def register(self, value: Any) -> list[Any]:  # noqa: ARG002 - the framework's signature
        return []


def make_app(cases: UseCases, version: str) -> Litestar:
    """The application. Cheap: the API's description is made when it is first asked for."""
    api = Router("/api/v1", route_handlers=ROUTES, guards=[make_guard(cases.tokens)])
    return Litestar(
        route_handlers=[api],
        dependencies={"cases": Provide(lambda: cases, sync_to_thread=False)},
        exception_handlers={**HANDLERS},
        before_request=_refuse_nul,
        before_send=[_name_request],
        request_max_body_size=BODY_LIMIT,
        openapi_config=OpenAPIConfig(
            title="Modelyard",
            version=version,
            use_handler_docstrings=True,
            components=Components(
                security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}
            ),
            security=[{"token": []}],
            openapi_router=_NoPages("/", route_handlers=[]),
        ),
        logging_config=None,
        pdb_on_exception=False,
    )


def _refuse_nul(request: Request[Any, Any, Any]) -> None:
    """No name holds a NUL, and some databases end at one."""
    if "\0" in request.url.path or "%00" in request.url.query:
        raise BadInput("A NUL character in the address is refused.")


async def _name_request(message: Message, scope: Scope) -> None:
    """Every answer says its request's id, also those that the framework makes by itself."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        headers[REQUEST_ID] = request_id(Request(scope))
