"""How a job ended, from what is known of its script. Pure but for reading two files."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.domain.jobs import JobFolder, JobResult, JobSpec, job_error
from modelyard.domain.runs import RunStatus

_LAST_LINES = 20
_LAST_BYTES = 16 * 1024
_FACTS = ("type", "file", "line", "traceback", "hint")


@dataclass(frozen=True, slots=True)
class Ending:
    """
    The script's exit code (negative: a signal), and why its runner ended it.

    ``why`` is '' when it ended by itself, 'cancel', 'timeout', or 'stop' (the server stops).
    """

    code: int
    why: str = ""
    cancelled: bool = False


def result_of(ending: Ending, spec: JobSpec, folder: JobFolder) -> JobResult:
    """The result, with the exception that ended the script where one did."""
    if ending.cancelled:
        return JobResult(RunStatus.CANCELED)
    if ending.why == "timeout":
        message = f"The script was ended after {spec.timeout:g} s, the longest it may run."
        return JobResult(RunStatus.CANCELED, job_error("MaxRunDurationExceeded", message))
    if ending.why == "stop":
        message = "The server was stopped while the script ran. Submit it again."
        return JobResult(RunStatus.FAILED, job_error("ServerStopped", message))
    if ending.code == 0:
        return JobResult(RunStatus.COMPLETED)
    fault = read_fault(folder.fault)
    if fault is not None and ending.code > 0:
        facts = {name: fault.get(name) for name in _FACTS}
        error = job_error("UserError", told(fault), exit_code=ending.code, **facts)
        return JobResult(RunStatus.FAILED, error)
    message = f"{ended_how(ending.code)}\n{last_lines(folder.log)}".rstrip()
    return JobResult(RunStatus.FAILED, job_error("ScriptFailed", message, exit_code=ending.code))


def told(fault: dict[str, Any]) -> str:
    """``ValueError: too many rooms (train.py, line 12)``, with what may help."""
    where = f" ({fault['file']}, line {fault['line']})" if fault.get("file") else ""
    hint = f" {fault['hint']}" if fault.get("hint") else ""
    return f"{fault.get('type')}: {fault.get('message')}{where}{hint}"


def ended_how(code: int) -> str:
    """The exit code in a sentence."""
    if code >= 0:
        return f"The script ended with exit code {code}."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    memory = " The machine may have run out of memory." if name == "SIGKILL" else ""
    return f"The script was killed by signal {-code} ({name}).{memory}"


def last_lines(log: Path) -> str:
    """The end of what the script printed."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - _LAST_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-_LAST_LINES:])


def read_fault(path: Path) -> dict[str, Any] | None:
    """The exception that the script's launcher wrote down, None when there was none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
