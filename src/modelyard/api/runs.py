"""Routes of runs, their metrics and files."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from modelyard.api.cases import UseCases
from modelyard.api.convert import to_page, to_wire
from modelyard.api.queries import pairs, whole_number
from modelyard.api.streams import send_file
from modelyard.wire import runs as wire
from modelyard.wire.base import Page
from modelyard.wire.jobs import JobResult
from modelyard.wire.models import Model, RunModelRequest

_PAGE = 500


class RunRoutes(Controller):
    """``/workspaces/{ws}/runs``."""

    path = "/workspaces/{ws:str}/runs"
    tags = ["runs"]

    @get(sync_to_thread=True)
    def list_runs(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        experiment: FromQuery[str | None] = None,
        status: FromQuery[str | None] = None,
        type: FromQuery[str | None] = None,
        parent: FromQuery[str | None] = None,
        tag: FromQuery[list[str] | None] = None,
        property: FromQuery[list[str] | None] = None,
        include_children: FromQuery[bool] = True,
        limit: Annotated[int, QueryParameter(ge=1, le=1000)] = _PAGE,
        cursor: FromQuery[str | None] = None,
    ) -> Page[wire.Run]:
        """Runs that fit all filters, newest first; ``tag`` is ``key`` or ``key=value``."""
        found = cases.runs.list(
            ws,
            experiment=experiment,
            status=status,
            type=type,
            parent=parent,
            tags=pairs(tag),
            properties=pairs(property),
            include_children=include_children,
            limit=limit + 1,
            before=None if cursor is None else whole_number("cursor", cursor),
        )
        more = str(found[limit - 1].order) if len(found) > limit else None
        return to_page(found[:limit], wire.Run, more)

    @post(sync_to_thread=True)
    def create_run(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[wire.RunRequest],
    ) -> wire.Run:
        """Starts a run that the caller reports on or, with a ``job``, that the server runs."""
        create = cases.jobs.submit if "job" in data.definition else cases.runs.create
        return to_wire(create(ws, data, request.auth.name), wire.Run)

    @get("/{id:str}", sync_to_thread=True)
    def get_run(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], id: FromPath[str]
    ) -> wire.Run:
        """One run."""
        return to_wire(cases.runs.get(ws, id), wire.Run)

    @patch("/{id:str}", sync_to_thread=True)
    def change_run(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        id: FromPath[str],
        data: JSONBody[wire.RunChange],
    ) -> wire.Run:
        """Changes its status, tags, properties and so on."""
        return to_wire(cases.runs.change(ws, id, data), wire.Run)

    @post("/{id:str}/result", status_code=200, sync_to_thread=True)
    def end_job(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        id: FromPath[str],
        data: JSONBody[JobResult],
    ) -> wire.Run:
        """How a job ended, told by the process that looks after it."""
        return to_wire(cases.jobs.end(ws, id, data), wire.Run)

    @get("/{id:str}/log", sync_to_thread=True)
    def get_log(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        id: FromPath[str],
        offset: Annotated[int, QueryParameter(ge=0, lt=2**62)] = 0,
    ) -> Response[bytes]:
        """What a job printed from byte ``offset`` on; X-Log-Offset says where to go on."""
        data, end, run = cases.jobs.log(ws, id, offset)
        headers = {"X-Log-Offset": str(end), "X-Run-Status": run.status.value}
        return Response(data, headers=headers, media_type="text/plain; charset=utf-8")

    @get("/{id:str}/metrics", sync_to_thread=True)
    def list_metrics(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        id: FromPath[str],
        name: FromQuery[str | None] = None,
    ) -> Page[wire.Metric]:
        """What was logged, in order."""
        return to_page(cases.runs.metrics(ws, id, name), wire.Metric)

    @post("/{id:str}/metrics", status_code=204, sync_to_thread=True)
    def add_metrics(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        id: FromPath[str],
        data: JSONBody[wire.MetricBatch],
    ) -> None:
        """Logs values in the order given."""
        cases.runs.add_metrics(ws, id, data.metrics)

    @get("/{id:str}/files", sync_to_thread=True)
    def list_files(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], id: FromPath[str]
    ) -> Page[wire.RunFile]:
        """Its files, by path."""
        return to_page(cases.runs.files(ws, id), wire.RunFile)

    @post("/{id:str}/files", status_code=204, sync_to_thread=True)
    def put_files(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        id: FromPath[str],
        data: JSONBody[wire.RunFiles],
    ) -> None:
        """Adds or replaces files whose bytes were uploaded before."""
        cases.runs.put_files(ws, id, data.files)

    @get("/{id:str}/files/{path:path}", sync_to_thread=True)
    def get_file(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        id: FromPath[str],
        path: FromPath[str],
    ) -> Stream:
        """The bytes of a file; Range is honoured."""
        file = cases.runs.file(ws, id, path.removeprefix("/"))
        return send_file(cases.blobs.open(file.sha256), request.headers.get("Range"), file.sha256)

    @post("/{id:str}/models", sync_to_thread=True)
    def register_model(
        self,
        request: Request[Any, Any, Any],
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        id: FromPath[str],
        data: JSONBody[RunModelRequest],
    ) -> Model:
        """Registers a file or folder of the run as the next version of a model."""
        data.run_id = id
        return to_wire(cases.models.register_from_run(ws, data, request.auth.name), Model)
