"""Starting, signalling and reaping processes; each child leads a session of its own."""

import os
import signal
import subprocess
from collections.abc import Container, Iterator, Mapping

from modelyard.domain.leases import ProcessIdentity
from modelyard.domain.processes import ProcessSpec
from modelyard.supervisor import identity
from modelyard.supervisor.logfiles import open_for_append


def environment(spec: ProcessSpec, inherited: Mapping[str, str]) -> dict[str, str]:
    """
    What a child finds in its environment.

    The ``MODELYARD_`` variables are the spec's alone, so that a process means the same whoever
    starts the supervisor next time.
    """
    kept = {key: value for key, value in inherited.items() if not key.startswith("MODELYARD_")}
    return {**kept, **spec.env}


def start(spec: ProcessSpec, inherited: Mapping[str, str], folder: str) -> ProcessIdentity:
    """Start it in ``spec.cwd`` or ``folder``; raises OSError when it cannot be executed."""
    log = open_for_append(spec.log)
    try:
        child = subprocess.Popen(
            spec.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=spec.cwd or folder,
            env=environment(spec, inherited),
            start_new_session=True,
            close_fds=True,
        )
    except OSError as error:
        os.write(log, f"modelyard: cannot start {spec.name}: {error}\n".encode())
        raise
    finally:
        os.close(log)
    child.returncode = 0  # reaped by ``reap``: Popen shall neither wait for it nor complain
    # not reaped yet, so the pid is its own even if it is dead by now
    return identity.of(child.pid) or ProcessIdentity(identity.boot_id(), child.pid, 0)


def reap(owned: Container[int]) -> Iterator[tuple[int, int]]:
    """
    Every dead child with its exit code (a negative number is a signal), adopted orphans too.

    What is left of the group of an owned one is killed before its pid is given back, and so is the
    group of an orphan that was killed: a worker that the kernel killed with its front leaves what
    its script had started. The group of one that ended by itself is left alone: something may have
    made itself a daemon on purpose.
    """
    while (dead := _dead()) is not None:
        pid, killed = dead
        if pid in owned or killed:
            identity.kill_members(pid)
        try:
            pid, code = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(code)


def _dead() -> tuple[int, bool] | None:
    """
    The pid of a dead child, still to be reaped, and whether SIGKILL was its end.

    The pid is -1 (any) where the system cannot say.
    """
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return -1, False
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    if found is None:
        return None
    return found.si_pid, found.si_code == os.CLD_KILLED and found.si_status == signal.SIGKILL
