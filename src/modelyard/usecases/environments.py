"""Environments: registered and versioned; their builds asked for and followed."""

from collections.abc import Callable, Sequence
from pathlib import Path

from modelyard.domain.environments import (
    Build,
    BuildState,
    BuiltEnvironment,
    Environment,
    EnvironmentDefinition,
    Recipe,
)
from modelyard.domain.errors import BadName, NotFound
from modelyard.domain.manifests import check_digest
from modelyard.domain.names import check_name
from modelyard.ports import Clock, EnvironmentBuilder, EnvironmentStore, ModelStore, WorkspaceStore
from modelyard.usecases.models import parse_id
from modelyard.usecases.near import did_you_mean
from modelyard.wire import environments as wire

_LOG_PIECE = 1024 * 1024


def to_definition(definition: wire.EnvironmentDefinition) -> EnvironmentDefinition:
    """What the wire says, as the domain's value."""
    return EnvironmentDefinition(
        name=definition.name,
        python_version=definition.python_version,
        conda_packages=tuple(definition.conda_packages),
        pip_packages=tuple(definition.pip_packages),
        conda_channels=tuple(definition.conda_channels),
        pip_options=tuple(definition.pip_options),
        conda_file=definition.conda_file,
        variables=definition.variables,
        docker=definition.docker,
        user_managed=definition.user_managed,
        interpreter=definition.interpreter,
    )


class Environments:
    """What people do with environments."""

    def __init__(
        self,
        store: EnvironmentStore,
        workspaces: WorkspaceStore,
        models: ModelStore,
        builder: EnvironmentBuilder,
        clock: Clock,
        build_logs: Path,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._workspaces = workspaces
        self._models = models
        self._builder = builder
        self._clock = clock
        self._logs = build_logs
        self._wake = wake

    def register(self, workspace: str, definition: wire.EnvironmentDefinition) -> Environment:
        """
        The version with equal content, else the name's next. Raises BadName, BadEnvironment.

        The definition is resolved too, so that what cannot be built is not kept.
        """
        self._workspaces.get(workspace)
        check_name("environment", definition.name)
        if definition.name.lower().startswith(("microsoft", "azureml")):
            raise BadName(
                f"{definition.name!r}: names beginning with 'Microsoft' or 'AzureML' are reserved."
            )
        value = to_definition(definition)
        self._builder.resolve(value)
        return self._store.add(Environment(workspace, value.name, 0, value, self._clock.now()))

    def get(self, workspace: str, name: str, version: int | None = None) -> Environment:
        """The latest without a version. Raises NotFound, with near names."""
        try:
            return self._store.get(workspace, name, version)
        except NotFound as error:
            names = [e.name for e in self.list(workspace)]
            if name in names:
                raise
            raise NotFound(
                f"There is no environment {name!r} in workspace {workspace!r}. "
                + did_you_mean(name, names)
            ) from error

    def list(self, workspace: str) -> Sequence[Environment]:
        """The latest of each name. Raises NotFound without the workspace."""
        self._workspaces.get(workspace)
        return self._store.list(workspace)

    def request_build(self, workspace: str, request: wire.BuildRequest) -> Build:
        """Builds unless it is built. Raises BadEnvironment, NotFound for a model."""
        self._workspaces.get(workspace)
        records = [self._models.get(workspace, *parse_id(id)).record for id in request.models]
        return self.ensure_build(self._builder.resolve(to_definition(request.definition), records))

    def ensure_build(self, recipe: Recipe) -> Build:
        """The build of a recipe: done at once when the environment is there, queued if not."""
        state = BuildState.SUCCEEDED if self._builder.find(recipe.digest) else BuildState.QUEUED
        now = self._clock.now()
        finished = now if state is BuildState.SUCCEEDED else None
        build = self._store.ensure_build(Build(recipe.digest, recipe, state, now, finished))
        if build.state is BuildState.SUCCEEDED and state is BuildState.QUEUED:
            # it was built once and removed since
            build = Build(recipe.digest, build.recipe, BuildState.QUEUED, now)
            self._store.update_build(build)
        self._wake()
        return build

    def get_build(self, workspace: str, digest: str) -> Build:
        """Raises NotFound. Builds are shared by all workspaces; the workspace must be there."""
        self._workspaces.get(workspace)
        return self._store.get_build(check_digest(digest))

    def built(self, digest: str) -> BuiltEnvironment | None:
        """What was built, when it is there."""
        return self._builder.find(digest)

    def build_log(self, workspace: str, digest: str, offset: int) -> tuple[bytes, int, Build]:
        """A piece of the log from byte ``offset`` on, where to go on, and the build. NotFound."""
        build = self.get_build(workspace, digest)
        path = self._logs / f"{digest}.log"
        try:
            with path.open("rb") as stream:
                stream.seek(offset)
                data = _whole_characters(stream.read(_LOG_PIECE))
        except FileNotFoundError:
            data = b""
        return data, offset + len(data), build


def _whole_characters(data: bytes) -> bytes:
    """Without the torn UTF-8 character at its end: the next piece begins with it."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            return data
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data if back >= size else data[:-back]
    return data
