"""Finding and ending what a job started, wherever it went."""

import psutil

MARK = "MODELYARD_JOB"
"""A variable of every process of a job, with the job's key."""

_PATIENCE = 5.0


def end_processes(key: str) -> None:
    """SIGKILL every process that carries the job's mark, and wait for their end."""
    ended = [process for process in psutil.process_iter() if _kill(process, key)]
    psutil.wait_procs(ended, timeout=_PATIENCE)


def _kill(process: psutil.Process, key: str) -> bool:
    try:
        if process.environ().get(MARK) != key:
            return False
        process.kill()
    except (psutil.Error, OSError):
        return False  # another user's, or gone by now
    return True
