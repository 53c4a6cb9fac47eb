"""``run/processes.json`` and ``run/supervisor.json``: what runs, for whoever comes next."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.leases import ProcessIdentity
from modelyard.domain.processes import ProcessSpec, ProcessStatus, Restart
from modelyard.supervisor.decisions import Observed, Phase
from modelyard.supervisor.desired import Unreadable

RECORDS_VERSION = 1


@dataclass(frozen=True, slots=True)
class SupervisorRecord:
    """Who supervises, and of which release."""

    identity: ProcessIdentity
    release: str


def status(process: Observed, spec: ProcessSpec | None) -> ProcessStatus:
    """What is told of a process; ``spec`` is the one it shall run by, None when unwanted."""
    if not process.gone:
        state = "running"
    elif spec is None:
        state = "stopped"
    else:
        state = "exited" if spec.restart is Restart.NEVER else "waiting"
    identity = None if process.gone else process.identity
    return ProcessStatus(
        name=process.name,
        state=state,
        pid=identity.pid if identity else None,
        start_time=identity.start_time if identity else None,
        boot_id=identity.boot_id if identity else None,
        started=process.started,
        restarts=process.restarts,
        exit_code=process.exit_code if process.gone else None,
        adopted=process.adopted,
    )


def dumps(processes: Iterable[Observed], desired: Mapping[str, ProcessSpec]) -> str:
    """The text of processes.json."""
    entries = [_entry(process, desired.get(process.name)) for process in processes]
    return json.dumps({"version": RECORDS_VERSION, "processes": entries}, indent=1)


def statuses(text: str) -> dict[str, ProcessStatus]:
    """What processes.json says, by name; raises Unreadable."""
    names = ProcessStatus.__dataclass_fields__
    try:
        return {
            entry["name"]: ProcessStatus(**{key: entry[key] for key in names if key in entry})
            for entry in _entries(text)
        }
    except (KeyError, TypeError) as error:
        raise Unreadable(f"it is damaged ({error})") from error


def running(text: str) -> list[Observed]:
    """The processes that ran when processes.json was written; raises Unreadable."""
    try:
        return [_observed(entry) for entry in _entries(text) if entry["pid"] is not None]
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"it is damaged ({error})") from error


def dump_supervisor(record: SupervisorRecord) -> str:
    """The text of supervisor.json."""
    identity = record.identity
    return json.dumps(
        {
            "pid": identity.pid,
            "start_time": identity.start_time,
            "boot_id": identity.boot_id,
            "release": record.release,
        }
    )


def load_supervisor(text: str) -> SupervisorRecord:
    """The value of supervisor.json; raises Unreadable."""
    try:
        entry = json.loads(text)
        return SupervisorRecord(_identity(entry), str(entry["release"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"it is damaged ({error})") from error


def _entry(process: Observed, spec: ProcessSpec | None) -> dict[str, Any]:
    told = status(process, spec)
    return {
        **{key: getattr(told, key) for key in ProcessStatus.__dataclass_fields__},
        "fingerprint": process.fingerprint,
        "order": process.order,
        "stop_signal": process.stop_signal,
        "stop_timeout": process.stop_timeout,
        "log": process.log,
    }


def _entries(text: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
        if document["version"] > RECORDS_VERSION:
            raise Unreadable(f"it has version {document['version']}, later than this release's")
        entries: list[dict[str, Any]] = document["processes"]
    except Unreadable:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"it is damaged ({error})") from error
    return entries


def _observed(entry: Mapping[str, Any]) -> Observed:
    return Observed(
        name=entry["name"],
        phase=Phase.RUNNING,
        fingerprint=entry["fingerprint"],
        identity=_identity(entry),
        order=int(entry["order"]),
        stop_signal=entry["stop_signal"],
        stop_timeout=float(entry["stop_timeout"]),
        log=entry["log"],
        started=entry["started"],
        restarts=int(entry["restarts"]),
        adopted=True,
    )


def _identity(entry: Mapping[str, Any]) -> ProcessIdentity:
    return ProcessIdentity(entry["boot_id"], int(entry["pid"]), int(entry["start_time"]))
