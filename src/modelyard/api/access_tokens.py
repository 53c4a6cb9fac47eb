"""Routes of access tokens of services."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from modelyard.api.access import ACTION
from modelyard.api.cases import UseCases
from modelyard.api.convert import to_wire
from modelyard.usecases.authorize import Action
from modelyard.wire.endpoints import AccessToken


class AccessTokenRoutes(Controller):
    """``/workspaces/{ws}/services/{name}/token``."""

    path = "/workspaces/{ws:str}/services/{name:str}/token"
    tags = ["services"]

    @post(opt={ACTION: Action.SEE_KEYS}, status_code=200, sync_to_thread=True)
    def make_access_token(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
    ) -> AccessToken:
        """A token that opens the service for a day; the gateway checks it by itself."""
        return to_wire(cases.access_tokens.make(ws, name), AccessToken)
