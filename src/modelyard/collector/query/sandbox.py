"""What a query process may do at most, whatever it is made to run."""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_BESIDE = 256 * 1024**2


def confine(memory: int) -> None:
    """
    Let this process write no file, start no program with other rights, take not much more than
    ``memory`` bytes beside what it has now, and die with who started it.
    """
    if sys.platform == "linux":
        call = ctypes.CDLL(None, use_errno=True).prctl
        call(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        call(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (_size() + 2 * memory + _BESIDE,) * 2)
    # a write that is refused must be an error there, not the end
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir("/")


def _size() -> int:
    """Bytes of address space in use."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
