"""Environments built by uv: seconds instead of minutes, no container."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelyard.domain.environments import BuiltEnvironment, EnvironmentDefinition, Recipe
from modelyard.domain.errors import BadEnvironment, EnvironmentBuildFailed
from modelyard.environments import failures, inspection, resolution, uv_commands
from modelyard.environments.children import Children
from modelyard.environments.interpreters import Interpreter, Interpreters
from modelyard.environments.logs import BuildLog
from modelyard.environments.pythons import OLDEST, key
from modelyard.environments.shelf import Shelf, is_digest

Log = Callable[[str], None]


class UvBuilder:
    """
    ``ports.EnvironmentBuilder`` in a folder that any number of processes may share.

    ``logs`` is where the log of each build is kept, as ``DIGEST.log``. ``default_python`` is built
    with when neither the definition nor the model says which. What ``log`` raises cancels a build.
    """

    def __init__(
        self,
        folder: Path,
        logs: Path | None = None,
        default_python: str = "3.11",
        *,
        uv: str | None = None,
        environment: Mapping[str, str] | None = None,
        download_timeout: float = 60.0,
    ) -> None:
        variables = uv_commands.inherited(environment)
        self._uv = uv or uv_commands.find_uv(variables.get("PATH"))
        self._path = variables.get("PATH")
        self._children = Children(variables)
        self._interpreters = Interpreters(variables)
        self._shelf = Shelf(folder.absolute())
        self._logs = logs
        self._default_python = default_python
        self._download_timeout = download_timeout
        self._shelf.sweep()

    def resolve(
        self, definition: EnvironmentDefinition, records: Sequence[Mapping[str, Any]] = ()
    ) -> Recipe:
        if definition.user_managed:
            return self._of_the_user(definition)
        return resolution.resolve(
            definition, records, self._default_python, self._interpreters.versions
        )

    def find(self, digest: str) -> BuiltEnvironment | None:
        return self._shelf.find(digest)

    def build(self, recipe: Recipe, log: Log) -> BuiltEnvironment:
        digest = recipe.digest
        built = None if recipe.interpreter else self._shelf.find(digest)
        if built:
            return built
        lock = self._shelf.locked(
            digest,
            lambda: log("The same environment is being built already; waiting for it."),
            self._children.check,
        )
        with lock:
            built = None if recipe.interpreter else self._shelf.find(digest)
            return built or self._make(recipe, log)

    def digests(self) -> Sequence[str]:
        return self._shelf.digests()

    def remove(self, digest: str) -> int:
        if self._logs and is_digest(digest):
            (self._logs / f"{digest}.log").unlink(missing_ok=True)
        return self._shelf.remove(digest)

    def close(self) -> None:
        """Kill the builds that run, which then fail leaving nothing. Repeatable."""
        self._children.stop()

    def _make(self, recipe: Recipe, log: Log) -> BuiltEnvironment:
        folder = self._shelf.folder
        try:
            with (
                BuildLog(self._logs, recipe.digest, log) as lines,
                self._shelf.workshop(recipe.digest) as place,
            ):
                for note in recipe.notes:
                    lines.write(note)
                made = self._adopt if recipe.interpreter else self._construct
                built = made(recipe, place, lines)
                self._shelf.publish(place, recipe, built)
                lines.write(
                    f"Ready: Python {built.python_version}, {len(built.packages)} packages."
                )
        except OSError as error:
            if failures.is_out_of_room(error):
                raise failures.disk_full(folder) from error
            raise
        return built

    def _construct(self, recipe: Recipe, place: Path, lines: BuildLog) -> BuiltEnvironment:
        interpreter = self._interpreter(recipe, place, lines)
        env, work = place / "env", place / "work"
        work.mkdir()
        # uv reads the project that it is started in, and stops looking at the first uv.toml
        (work / "uv.toml").touch()
        self._run(uv_commands.create(self._uv, interpreter.path, env), recipe, work, lines)
        lock = ""
        if recipe.requirements:
            lock = self._install(recipe, env, work, lines)
        shutil.rmtree(work)
        final = self._shelf.folder / recipe.digest / "env/bin/python"
        return BuiltEnvironment(
            digest=recipe.digest,
            python=str(final),
            python_version=interpreter.version,
            packages=inspection.packages(inspection.site_packages(env)),
            lock=lock,
            size=inspection.size(env),
        )

    def _install(self, recipe: Recipe, env: Path, work: Path, lines: BuildLog) -> str:
        wanted, locked, chosen = work / "wanted.in", work / "lock.txt", work / "chosen.in"
        for file in (wanted, chosen):
            file.touch(0o600)
        wanted.write_text(uv_commands.lines(recipe.options, recipe.requirements))
        self._run(uv_commands.lock(self._uv, env, recipe, wanted, locked), recipe, work, lines)
        chosen.write_text(uv_commands.lines(recipe.options, ["-r lock.txt"]))
        install = uv_commands.install(self._uv, env, recipe, chosen)
        self._run(install, recipe, work, lines, say=lines.of_install)
        return locked.read_text()

    def _run(
        self,
        command: list[str],
        recipe: Recipe,
        cwd: Path,
        lines: BuildLog,
        say: Log | None = None,
    ) -> None:
        start = len(lines.written)
        code = self._children.run(command, cwd, say or lines.write)
        self._children.check()
        if code != 0:
            raise failures.failure(recipe, lines.written[start:], self._shelf.folder)

    def _interpreter(self, recipe: Recipe, place: Path, lines: BuildLog) -> Interpreter:
        found = self._interpreters.find(recipe.python)
        if found is None:
            lines.write(
                f"Python {recipe.python} is not on this machine; asking uv to download it."
            )
            command = uv_commands.install_python(self._uv, recipe.python)
            self._children.run(command, place, lines.write, self._download_timeout)
            found = self._interpreters.find(recipe.python)
        if found is None:
            versions = ", ".join(self._interpreters.versions()) or "none"
            raise EnvironmentBuildFailed(
                f"Python {recipe.python} is not on this machine and could not be downloaded. "
                f"Found from 3.7 on: {versions}. Set python_version to one of these, or install "
                "it (pyenv, the system's packages, uv python install)."
            )
        if recipe.python.count(".") == 2 and found.version != recipe.python:
            lines.write(f"Python {recipe.python} is not here; {found.version} is taken instead.")
        return found

    def _of_the_user(self, definition: EnvironmentDefinition) -> Recipe:
        named = definition.interpreter or "python"
        path = shutil.which(str(Path(named).expanduser()), path=self._path)
        found = self._interpreters.ask(Path(path).absolute()) if path else None
        if found is None:
            raise BadEnvironment(
                f"The interpreter {named!r} of environment {definition.name!r} does not exist or "
                "does not run; give the absolute path of a Python 3.7 or newer."
            )
        if key(found.version) < OLDEST:
            raise BadEnvironment(
                f"The interpreter {named!r} is Python {found.version}; 3.7 is the oldest that "
                f"models run on. Found here: {', '.join(self._interpreters.versions())}."
            )
        notes = (f"{found.path} is used as it is: you manage its packages.",)
        return Recipe(found.version, (), notes=notes, interpreter=found.path)

    def _adopt(self, recipe: Recipe, _place: Path, _lines: BuildLog) -> BuiltEnvironment:
        path = Path(recipe.interpreter or "")
        found = self._interpreters.ask_all(path)
        if found is None:
            raise EnvironmentBuildFailed(
                f"The interpreter {path} does not run any more; register the environment with "
                "another, or mend it."
            )
        folders = [Path(entry) for entry in found.search_path if entry]
        return replace(
            BuiltEnvironment(recipe.digest, str(path), found.version, {}),
            packages=inspection.packages(folders),
        )
