"""Building environments in the background, with a log that can be followed."""

import io
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TextIO

from modelyard.domain.environments import Build, BuildState
from modelyard.domain.errors import ModelyardError
from modelyard.ports import Clock, EnvironmentBuilder, EnvironmentStore
from modelyard.usecases.background import Background

_log = logging.getLogger(__name__)


class Builds:
    """Carries out the builds that the store lists, two at a time."""

    def __init__(
        self,
        store: EnvironmentStore,
        builder: EnvironmentBuilder,
        logs: Path,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._builder = builder
        self._logs = logs
        self._clock = clock
        self._pool = Background(2, wake)

    def start_all(self) -> bool:
        """
        Start what waits; whether any build is under way.

        A build that is Running in the store but in no thread of ours was cut off with the process
        that ran it, and is begun again.
        """
        open_builds = self._store.list_builds(BuildState.QUEUED, BuildState.RUNNING)
        for build in open_builds:
            self._pool.submit(build.digest, partial(self._build, build))
        return bool(open_builds)

    def under_way(self) -> frozenset[str]:
        """The digests of builds that run or wait in this process."""
        return self._pool.names()

    def _build(self, build: Build) -> None:
        self._store.update_build(replace(build, state=BuildState.RUNNING))
        error: str | None = None
        with _log_at(self._logs / f"{build.digest}.log") as stream:
            try:
                self._builder.build(build.recipe, lambda line: _write(stream, line))
            except ModelyardError as failure:
                error = failure.message
            except Exception as failure:  # noqa: BLE001 - whoever waits for the build must hear of its end
                _log.exception("the build of %s failed", build.digest)
                error = f"The build ended unexpectedly: {failure}"
            if error is not None:
                _write(stream, error)
        state = BuildState.SUCCEEDED if error is None else BuildState.FAILED
        self._store.update_build(
            replace(build, state=state, finished=self._clock.now(), error=error)
        )


def _log_at(file: Path) -> TextIO:
    """The log to write to; a full disk costs the log, never the build or the news of its end."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # unbuffered below, so that closing has nothing left to write that could fail
        return io.TextIOWrapper(file.open("wb", buffering=0), "utf-8", write_through=True)
    except OSError as error:
        _log.error("the log of a build cannot be written: %s", error)
        return io.StringIO()


def _write(stream: TextIO, line: str) -> None:
    with suppress(OSError):
        stream.write(line.rstrip("\n") + "\n")
