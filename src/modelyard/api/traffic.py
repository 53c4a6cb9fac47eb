"""Routes of the traffic of services."""

from typing import Any

from litestar import Controller, Request, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from modelyard.api.cases import UseCases
from modelyard.wire.endpoints import Rollback, TrafficChange
from modelyard.wire.services import Traffic


class TrafficRoutes(Controller):
    """``/workspaces/{ws}/services/{name}/traffic`` and ``…/rollback``."""

    path = "/workspaces/{ws:str}/services/{name:str}"
    tags = ["traffic"]

    @get("/traffic", sync_to_thread=True)
    def get_traffic(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Traffic:
        """How its requests are shared out."""
        return cases.traffic.get(ws, name)

    @patch("/traffic", sync_to_thread=True)
    def change_traffic(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[TrafficChange],
    ) -> Traffic:
        """Shares them out otherwise; answers when it is in force, or after 5 seconds."""
        return cases.traffic.change(ws, name, data, request.auth.name)

    @post("/rollback", status_code=200, sync_to_thread=True)
    def roll_back(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[Rollback | None] = None,
    ) -> Traffic:
        """The split before the last change again; answers when it is in force."""
        return cases.traffic.rollback(ws, name, request.auth.name, data.why if data else "")
