"""What a job's script prints, handed over to the collector while it is written to its log."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard.domain.jobs import JobSpec
from modelyard.serving.lines import Lines
from modelyard.telemetry import rings
from modelyard.telemetry.encoding import encode
from modelyard.telemetry.failures import of_fault
from modelyard.telemetry.records import About, Log
from modelyard.telemetry.ring import RingWriter

_PIECE = 64 * 1024
_MESSAGE_LIMIT = 32 * 1024


class JobLog:
    """Follows the log of one job; nothing happens without a ring."""

    def __init__(self, path: Path, ring: RingWriter | None) -> None:
        self._path = path
        self._ring = ring
        self._lines = Lines()
        self._position = 0

    def read_on(self) -> None:
        """Hand over the lines that have come since. Raises OSError when the log cannot be read."""
        if self._ring is None or not self._path.exists():
            return
        with self._path.open("rb") as log:
            log.seek(self._position)
            while piece := log.read(_PIECE):
                self._position += len(piece)
                self._put(self._lines.feed(piece))

    def failed(self, fault: Mapping[str, Any]) -> None:
        """The script ended with this exception."""
        if self._ring is not None:
            self._ring.put(encode(of_fault(fault, time.time())))

    def end(self) -> None:
        """Also what is left without a line's end; then no more comes."""
        self.read_on()
        self._put(self._lines.end())
        if self._ring is not None:
            self._ring.close()

    def _put(self, lines: list[bytes]) -> None:
        if self._ring is None:
            return
        now = time.time()
        for line in lines:
            message = line[:_MESSAGE_LIMIT].decode("utf-8", "replace")
            self._ring.put(encode(Log(now, "job", message)))


def job_log(spec: JobSpec, path: Path) -> JobLog:
    """Of this job; without a ring where there can be none, because nothing depends on it."""
    if not spec.rings:
        return JobLog(path, None)
    pid = os.getpid()
    about = About("job", spec.run, spec.workspace, pid=pid)
    name = f"job-{spec.run[:64]}-{pid}.logs".replace(os.sep, "_")
    try:
        ring = rings.create(Path(spec.rings), name, rings.SMALL_BYTES, about)
    except OSError:
        return JobLog(path, None)
    return JobLog(path, ring)
