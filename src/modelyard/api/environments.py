"""Routes of environments and their builds."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from modelyard.api.cases import UseCases
from modelyard.api.convert import to_page, to_wire
from modelyard.domain.environments import Build as DomainBuild
from modelyard.domain.environments import BuiltEnvironment
from modelyard.wire.base import Page
from modelyard.wire.environments import Build, BuildRequest, Environment, EnvironmentDefinition


class EnvironmentRoutes(Controller):
    """``/workspaces/{ws}/environments``."""

    path = "/workspaces/{ws:str}/environments"
    tags = ["environments"]

    @get(sync_to_thread=True)
    def list_environments(
        self, cases: NamedDependency[UseCases], ws: FromPath[str]
    ) -> Page[Environment]:
        """The latest version of each name, by name."""
        return to_page(cases.environments.list(ws), Environment)

    @post(sync_to_thread=True)
    def register_environment(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[EnvironmentDefinition],
    ) -> Environment:
        """The version with equal content, else a new one."""
        return to_wire(cases.environments.register(ws, data), Environment)

    @get("/{name:str}", sync_to_thread=True)
    def get_latest_environment(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], name: FromPath[str]
    ) -> Environment:
        """The latest version."""
        return to_wire(cases.environments.get(ws, name), Environment)

    @get("/{name:str}/versions/{version:int}", sync_to_thread=True)
    def get_environment(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        name: FromPath[str],
        version: FromPath[int],
    ) -> Environment:
        """One version."""
        return to_wire(cases.environments.get(ws, name, version), Environment)


class BuildRoutes(Controller):
    """``/workspaces/{ws}/builds``."""

    path = "/workspaces/{ws:str}/builds"
    tags = ["environments"]

    @post(sync_to_thread=True)
    def request_build(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        data: JSONBody[BuildRequest],
    ) -> Build:
        """Builds what is defined, unless it is built."""
        build = cases.environments.request_build(ws, data)
        return _wire(build, cases.environments.built(build.digest))

    @get("/{digest:str}", sync_to_thread=True)
    def get_build(
        self, cases: NamedDependency[UseCases], ws: FromPath[str], digest: FromPath[str]
    ) -> Build:
        """One build."""
        build = cases.environments.get_build(ws, digest)
        return _wire(build, cases.environments.built(digest))

    @get("/{digest:str}/log", sync_to_thread=True)
    def get_log(
        self,
        cases: NamedDependency[UseCases],
        ws: FromPath[str],
        digest: FromPath[str],
        offset: Annotated[int, QueryParameter(ge=0, lt=2**62)] = 0,
    ) -> Response[bytes]:
        """The log from byte ``offset`` on; X-Log-Offset says where to go on."""
        data, end, build = cases.environments.build_log(ws, digest, offset)
        headers = {"X-Log-Offset": str(end), "X-Build-State": build.state.value}
        return Response(data, headers=headers, media_type="text/plain; charset=utf-8")


def _wire(build: DomainBuild, built: BuiltEnvironment | None) -> Build:
    return Build(
        digest=build.digest,
        state=build.state.value,
        python=built.python_version if built else build.recipe.python,
        requirements=list(build.recipe.requirements),
        notes=list(build.recipe.notes),
        error=build.error,
        requested=build.requested,
        finished=build.finished,
        packages=dict(built.packages) if built else {},
    )
