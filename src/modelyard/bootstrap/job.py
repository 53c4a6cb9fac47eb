"""
``python -m modelyard.bootstrap.job SPEC``: the runner of one job.

It starts the script, keeps what that writes and prints, and tells the server how it ended. The
server may be away meanwhile, and whoever started the runner may die: the job goes on.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

import msgspec

from modelyard import settings
from modelyard.bootstrap.job_ends import Ending, read_fault, result_of
from modelyard.bootstrap.job_files import Mark, due
from modelyard.bootstrap.job_log import JobLog, job_log
from modelyard.bootstrap.job_report import SHORT_PATIENCE, Report
from modelyard.bootstrap.job_script import Script
from modelyard.domain.errors import ModelyardError
from modelyard.domain.jobs import JobFolder, JobResult, JobSpec, job_error
from modelyard.domain.runs import RunStatus
from modelyard.supervisor.atomic import write_atomically
from modelyard.usecases.job_folders import written

LOOK = 2.0
"""Seconds between two looks at what the script has written, and at what is wanted of it."""

LOOKS_AT_LOG = 8
"""How many times between them the script's log is read on."""

BEGAN_BEFORE = 3
"""The exit code of a runner whose job was begun by another one: a job is never run twice."""


class Runner:
    """One job from its start to its end."""

    def __init__(self, spec: JobSpec) -> None:
        self._spec = spec
        self._folder = JobFolder(Path(spec.folder))
        self._report = Report(spec, self._complain)
        self._script: Script | None = None
        self._told_running = False
        self._cancelled = False
        self._ended_by_us = ""
        self._before: Mapping[str, Mark] = {}
        self._sent: dict[str, Mark] = {}
        self._log: JobLog | None = None

    def run(self, base: Mapping[str, str]) -> int:
        """The exit code: 0 also when the script failed, 1 when the server could not be told."""
        if not self._claim():
            return BEGAN_BEFORE
        signal.signal(signal.SIGTERM, self._on_sigterm)
        signal.signal(signal.SIGINT, self._on_sigterm)
        self._log = job_log(self._spec, self._folder.log)
        result = self._result(base)
        self._try(self._end_log)
        # kept first: whatever becomes of us, the server finds it
        write_atomically(self._folder.result, msgspec.json.encode(result).decode())
        self._try(lambda: self._report.now(RunStatus.FINALIZING))
        self._report.send_all(self._unsent())
        return 0 if self._report.end(result) else 1

    def _result(self, base: Mapping[str, str]) -> JobResult:
        try:
            self._script = Script(self._spec, base)
        except OSError as error:
            message = f"The script could not be started: {error}."
            return JobResult(RunStatus.FAILED, job_error("ScriptNotStarted", message))
        if self._ended_by_us:  # told to end before there was a script to tell
            self._script.tell_to_end()
        self._try(self._tell_running)
        code = self._watch(self._script)
        if self._ended_by_us == "stop":
            self._report.patience = SHORT_PATIENCE
        ending = Ending(code, self._ended_by_us, cancelled=self._is_cancelled())
        return result_of(ending, self._spec, self._folder)

    def _watch(self, script: Script) -> int:
        """Until the script has ended: its exit code."""
        limit = self._spec.timeout
        deadline = None if limit is None else time.monotonic() + limit
        while True:
            looks = LOOKS_AT_LOG if self._told_running else 1
            for _ in range(looks):
                code = script.ended(LOOK / LOOKS_AT_LOG)
                if code is not None:
                    return code
                if self._log is not None:
                    self._try(self._log.read_on)
            if deadline is not None and time.monotonic() >= deadline:
                self._end_script("timeout")
            self._try(self._look)

    def _end_log(self) -> None:
        if self._log is None:
            return
        fault = read_fault(self._folder.fault)
        if fault is not None:
            self._log.failed(fault)
        self._log.end()

    def _look(self) -> None:
        """Tell and hear of the server what there is to tell and hear. It may be away."""
        self._tell_running()
        status = self._report.status()
        if status == RunStatus.CANCEL_REQUESTED or RunStatus(status).terminal:
            self._cancelled = True
            self._end_script("cancel")
        found, places = self._marks(), dict(written(self._folder))
        wanted = due(found, self._before, self._sent)
        self._before = found
        if wanted:
            self._report.send({name: places[name] for name in wanted if name in places})
            self._sent.update({name: found[name] for name in wanted})

    def _tell_running(self) -> None:
        if not self._told_running:
            self._report.now(RunStatus.RUNNING)
            self._told_running = True

    def _is_cancelled(self) -> bool:
        """Whether it was ended because someone wanted that, not because the server stops."""
        if self._ended_by_us != "stop" or self._cancelled:
            return self._cancelled
        try:
            return self._report.patient_status() == RunStatus.CANCEL_REQUESTED
        except ModelyardError:
            return False

    def _end_script(self, why: str) -> None:
        if not self._ended_by_us:
            self._ended_by_us = why
        if self._script is not None:
            self._script.tell_to_end()

    def _on_sigterm(self, _number: int, _frame: FrameType | None) -> None:
        self._end_script("stop")

    def _claim(self) -> bool:
        try:
            descriptor = os.open(self._folder.mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return False
        os.write(descriptor, json.dumps({"pid": os.getpid()}).encode())
        os.close(descriptor)
        return True

    def _marks(self) -> dict[str, Mark]:
        marks = {}
        for name, place in written(self._folder):
            with suppress(OSError):  # it has gone since
                marks[name] = Mark.of(place)
        return marks

    def _unsent(self) -> dict[str, Path]:
        marks = self._marks()
        return {
            name: place
            for name, place in written(self._folder)
            if marks.get(name) != self._sent.get(name)
        }

    def _try(self, work: Callable[[], object]) -> None:
        """Now or at the next look: the server may be away, a file may be half written."""
        try:
            work()
        except (ModelyardError, OSError) as error:
            print(f"later: {error}", file=sys.stderr)  # noqa: T201 - the runner's own log

    def _complain(self, sentence: str) -> None:
        """Into the script's log, where people look."""
        with self._folder.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(f"modelyard: {sentence}\n")


def main(arguments: list[str]) -> int:
    """The process."""
    spec = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=JobSpec)
    return Runner(spec).run(settings.child_environment())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
