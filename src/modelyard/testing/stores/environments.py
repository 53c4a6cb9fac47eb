"""Registered environments, and builds of recipes, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from modelyard.domain.environments import Build, BuildState, Environment
from modelyard.domain.errors import NotFound
from modelyard.testing.stores.memory import Memory, kept


class MemoryEnvironmentStore:
    """``EnvironmentStore`` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, environment: Environment) -> Environment:
        workspace, name = environment.workspace, environment.name
        with self._memory.lock:
            self._memory.check_workspace(workspace)
            for known in self._versions(workspace, name):
                if known.definition == environment.definition:
                    return _copy(known)
            version = self._memory.next(workspace, "environment", name)
            added = _copy(replace(environment, version=version))
            self._memory.environments[workspace, name, version] = added
            return _copy(added)

    def get(self, workspace: str, name: str, version: int | None = None) -> Environment:
        with self._memory.lock:
            found = [
                environment
                for environment in self._versions(workspace, name)
                if version in {None, environment.version}
            ]
        if not found:
            which = name if version is None else f"{name}:{version}"
            raise NotFound(f"There is no environment {which!r} in workspace {workspace!r}.")
        return _copy(found[-1])

    def list(self, workspace: str) -> Sequence[Environment]:
        with self._memory.lock:
            newest = {key[1]: found for key, found in _sorted(self._memory, workspace)}
        return [_copy(newest[name]) for name in sorted(newest)]

    def ensure_build(self, build: Build) -> Build:
        with self._memory.lock:
            present = self._memory.builds.get(build.digest)
            if present is None:
                self._memory.builds[build.digest] = build
            elif present.state == BuildState.FAILED:
                self._memory.builds[build.digest] = replace(
                    build, state=BuildState.QUEUED, finished=None, error=None
                )
            return self._memory.builds[build.digest]

    def get_build(self, digest: str) -> Build:
        with self._memory.lock:
            return self._find_build(digest)

    def list_builds(self, *states: BuildState) -> Sequence[Build]:
        with self._memory.lock:
            oldest_first = sorted(self._memory.builds.values(), key=lambda b: b.requested)
            return [build for build in oldest_first if not states or build.state in states]

    def update_build(self, build: Build) -> None:
        with self._memory.lock:
            self._memory.builds[build.digest] = replace(
                self._find_build(build.digest),
                state=build.state,
                finished=build.finished,
                error=build.error,
            )

    def _versions(self, workspace: str, name: str) -> Sequence[Environment]:
        return [found for key, found in _sorted(self._memory, workspace) if key[1] == name]

    def _find_build(self, digest: str) -> Build:
        try:
            return self._memory.builds[digest]
        except KeyError:
            raise NotFound(f"There is no build of the environment {digest}.") from None


def _sorted(memory: Memory, workspace: str) -> Sequence[tuple[tuple[str, str, int], Environment]]:
    """The workspace's environments by name and version."""
    mine = (item for item in memory.environments.items() if item[0][0] == workspace)
    return sorted(mine, key=lambda item: item[0])


def _copy(environment: Environment) -> Environment:
    return replace(environment, definition=kept(environment.definition))
