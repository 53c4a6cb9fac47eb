"""Routes of rollouts."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from modelyard.api.cases import UseCases
from modelyard.wire.base import Page
from modelyard.wire.rollouts import Rollout, RolloutDecision, RolloutRequest


class RolloutRoutes(Controller):
    """``/workspaces/{ws}/services/{name}/rollouts``."""

    path = "/workspaces/{ws:str}/services/{name:str}/rollouts"
    tags = ["rollouts"]

    @get(sync_to_thread=True)
    def list_rollouts(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Page[Rollout]:
        """All of a service, the newest first."""
        return Page(items=[*cases.rollouts.list(ws, name)])

    @post(sync_to_thread=True)
    def start_rollout(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        data: JSONBody[RolloutRequest],
    ) -> Rollout:
        """Begins to move traffic to a version step by step; what comes of it is asked for."""
        return cases.rollouts.start(ws, name, data, request.auth.name)

    @get("/{rollout:str}", sync_to_thread=True)
    def get_rollout(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        rollout: FromPath[str],
    ) -> Rollout:
        """One rollout, as it is now."""
        return cases.rollouts.get(ws, name, rollout)

    @post("/{rollout:str}/stop", status_code=200, sync_to_thread=True)
    def stop_rollout(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        rollout: FromPath[str],
        data: JSONBody[RolloutDecision | None] = None,
    ) -> Rollout:
        """Ends it; traffic stays as it is."""
        why = data.why if data else ""
        return cases.rollouts.stop(ws, name, rollout, why, request.auth.name)

    @post("/{rollout:str}/promote", status_code=200, sync_to_thread=True)
    def promote_rollout(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        rollout: FromPath[str],
        data: JSONBody[RolloutDecision | None] = None,
    ) -> Rollout:
        """Gives the candidate all traffic and makes it the default version."""
        why = data.why if data else ""
        return cases.rollouts.promote(ws, name, rollout, why, request.auth.name)

    @post("/{rollout:str}/rollback", status_code=200, sync_to_thread=True)
    def roll_back_rollout(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        rollout: FromPath[str],
        data: JSONBody[RolloutDecision | None] = None,
    ) -> Rollout:
        """Ends it with the traffic from before it began."""
        why = data.why if data else ""
        return cases.rollouts.rollback(ws, name, rollout, why, request.auth.name)
