"""Which process is it? Boot id, pid and start time together name one for ever."""

import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from modelyard.domain.leases import ProcessIdentity

_LINUX = sys.platform == "linux"


@cache
def boot_id() -> str:
    """What changes at every boot of the machine."""
    if _LINUX:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return _output("sysctl", "-n", "kern.bootsessionuuid")


def current() -> ProcessIdentity:
    """The identity of this process."""
    found = of(os.getpid())
    if found is None:  # /proc is not mounted: better to say so than to let two leaders act
        raise RuntimeError("This process cannot find itself under /proc; is it mounted?")
    return found


def of(pid: int) -> ProcessIdentity | None:
    """The identity of the process that has this pid now; None when it is gone or a zombie."""
    start_time = _start_time(pid)
    return None if start_time is None else ProcessIdentity(boot_id(), pid, start_time)


def alive(identity: ProcessIdentity) -> bool:
    """Whether this very process still runs: a zombie, or another one of the same pid, does not."""
    return of(identity.pid) == identity


def watch(identity: ProcessIdentity) -> int | None:
    """
    A pidfd that becomes readable when the process ends; None where the kernel has none.

    Raises ProcessLookupError when it is gone already. The identity is checked after opening, so
    the descriptor never belongs to a later process of the same pid.
    """
    if not hasattr(os, "pidfd_open"):
        if not alive(identity):
            raise ProcessLookupError(identity.pid)
        return None
    try:
        descriptor = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        raise
    except OSError:  # an old kernel or a sandbox that forbids the call: polled instead
        return None
    if alive(identity):
        return descriptor
    os.close(descriptor)
    raise ProcessLookupError(identity.pid)


def send(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Signal this very process; False when it is gone."""
    try:
        descriptor = watch(identity)
        if descriptor is None:
            os.kill(identity.pid, number)
            return True
        try:
            signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
    except ProcessLookupError:
        return False
    return True


def kill_group(identity: ProcessIdentity) -> None:
    """SIGKILL the process and all of its group; it leads a session of its own."""
    if alive(identity):
        kill_members(identity.pid)


def kill_members(group: int) -> None:
    """SIGKILL what is left of a process group; nothing left is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return


def _start_time(pid: int) -> int | None:
    if not _LINUX:
        return _start_time_by_ps(pid)
    try:
        # the name in field 2 may hold spaces and parentheses: count from the last one
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X", "x"} else int(fields[19])


def _start_time_by_ps(pid: int) -> int | None:
    state, _, started = _output("ps", "-o", "state=,lstart=", "-p", str(pid)).partition(" ")
    if not started or state.startswith("Z"):
        return None
    return int(time.mktime(time.strptime(started.strip(), "%a %b %d %H:%M:%S %Y")))


def _output(*command: str) -> str:
    environment = {"LC_ALL": "C", "PATH": "/bin:/usr/bin:/sbin:/usr/sbin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done.stdout.strip()
