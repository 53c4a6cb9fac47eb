"""The supervisor as others see it: files in the run folder, and a signal that says 'look'."""

import errno
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from modelyard.domain.errors import Conflict, DiskFull, NotLeader, Unavailable
from modelyard.domain.leases import ProcessIdentity
from modelyard.domain.processes import Desired, ProcessSpec, ProcessStatus
from modelyard.supervisor import desired, identity, records
from modelyard.supervisor.atomic import locked, write_atomically
from modelyard.supervisor.decisions import Observed

Processes = Mapping[str, ProcessSpec]


class FileSupervision:
    """
    ``ports.Supervision`` over the run folder.

    ``epoch`` is the one of the leader who writes: a file of a later leader is never overwritten.
    """

    def __init__(self, run: Path, epoch: int) -> None:
        self._run = run
        self._epoch = epoch

    def want(self, *specs: ProcessSpec) -> None:
        """Raises NotLeader when a later leader has written, DiskFull."""
        self._rewrite(lambda known: {**known, **{spec.name: spec for spec in specs}})

    def drop(self, *names: str) -> None:
        """Raises NotLeader when a later leader has written, DiskFull."""
        self._rewrite(lambda known: {key: known[key] for key in known if key not in names})

    def wanted(self) -> Processes:
        return read_desired(self._run).processes

    def statuses(self) -> Mapping[str, ProcessStatus]:
        try:
            return records.statuses((self._run / "processes.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, desired.Unreadable):
            return {}

    def _rewrite(self, change: Callable[[Processes], Processes]) -> None:
        rewrite(self._run, change, self._epoch)


def rewrite(
    run: Path, change: Callable[[Processes], Processes], epoch: int | None = None
) -> Processes:
    """
    Change desired.json under its lock and wake the supervisor; what is desired now.

    Without an epoch the file's own stays (``up`` is no leader). Raises NotLeader, Conflict when
    the file cannot be read, DiskFull, Unavailable.
    """
    try:
        with locked(run / "desired.lock"):
            before = read_desired(run)
            if epoch is not None and before.epoch > epoch:
                raise NotLeader(
                    f"A control plane of epoch {before.epoch} has taken over; this one "
                    f"(epoch {epoch}) must not change what runs."
                )
            after = Desired(change(before.processes), before.epoch if epoch is None else epoch)
            if after != before:
                write_atomically(run / "desired.json", desired.dumps(after))
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        kind = DiskFull if full else Unavailable
        raise kind(f"Cannot write {run / 'desired.json'}: {error.strerror}.") from error
    wake(run)
    return after.processes


def read_desired(run: Path) -> Desired:
    """What shall run, nothing without a file. Raises Conflict when it cannot be read."""
    path = run / "desired.json"
    try:
        return desired.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Desired({})
    except ValueError as error:
        raise Conflict(
            f"{path} cannot be used: {error}. Move it away and run 'modelyard up' again."
        ) from error


def supervisor(run: Path) -> records.SupervisorRecord | None:
    """The supervisor at work on this run folder, None when there is none."""
    try:
        record = records.load_supervisor((run / "supervisor.json").read_text(encoding="utf-8"))
    except (OSError, desired.Unreadable):
        return None
    return record if identity.alive(record.identity) else None


def running(run: Path) -> list[Observed]:
    """The processes of processes.json that are alive, whoever looks after them now."""
    try:
        found = records.running((run / "processes.json").read_text(encoding="utf-8"))
    except (OSError, desired.Unreadable):
        return []
    return [process for process in found if process.identity and identity.alive(process.identity)]


def wake(run: Path) -> ProcessIdentity | None:
    """Tell the supervisor to look at desired.json now; who it is, None when there is none."""
    found = supervisor(run)
    if found is None:
        return None
    identity.send(found.identity, signal.SIGHUP)
    return found.identity
