"""Routes of what was changed of services."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from modelyard.api.cases import UseCases
from modelyard.api.convert import to_page
from modelyard.wire.base import Page
from modelyard.wire.endpoints import Event


class EventRoutes(Controller):
    """``/workspaces/{ws}/services/{name}/events``."""

    path = "/workspaces/{ws:str}/services/{name:str}/events"
    tags = ["events"]

    @get(sync_to_thread=True)
    def list_events(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
        before: Annotated[int | None, QueryParameter(ge=1)] = None,
    ) -> Page[Event]:
        """What was changed, newest first, also of a service that is gone."""
        events = cases.events.list(ws, name, limit, before)
        full = len(events) == limit
        return to_page(events, Event, str(events[-1].number) if full else None)
