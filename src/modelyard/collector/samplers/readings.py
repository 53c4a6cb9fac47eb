"""What the kernel says of one process."""

import contextlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, ProcessLookupError, FileNotFoundError)

_LINUX = sys.platform == "linux"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGESIZE")


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One process now: ``cpu`` in seconds since its start, memory and disk in bytes.

    ``started`` tells it from another that has its number later.

    What this user may not see is None: descriptors and disk of another user's processes.
    """

    pid: int
    started: float
    cpu: float
    rss: int
    virtual: int
    threads: int
    descriptors: int | None
    read: int | None
    written: int | None


def read(pid: int) -> Reading | None:
    """The process now; None when it has gone, or may not be looked at."""
    try:
        return _read_linux(pid) if _LINUX else _read_any(psutil.Process(pid))
    except (*GONE, psutil.AccessDenied, PermissionError):
        return None


def _read_linux(pid: int) -> Reading | None:
    """psutil reads three files for what one line holds, and asks twice whose number it is."""
    line = _file(pid, "stat")
    fields = line[line.rindex(b")") + 2 :].split()  # the name before may hold anything
    if fields[0] in b"ZX":
        return None
    read = written = None
    with contextlib.suppress(PermissionError):
        io = _file(pid, "io")
        read, written = (
            int(n) for n in re.findall(rb"^(?:read|write)_bytes: (\d+)", io, re.MULTILINE)
        )
    descriptors = None
    with contextlib.suppress(PermissionError):
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - a count needs no paths
    return Reading(
        pid=pid,
        started=float(fields[19]),
        cpu=(int(fields[11]) + int(fields[12])) / _TICKS,
        rss=int(fields[21]) * _PAGE,
        virtual=int(fields[20]),
        threads=int(fields[17]),
        descriptors=descriptors,
        read=read,
        written=written,
    )


def _file(pid: int, name: str) -> bytes:
    """Without the objects that ``open`` makes, of which a look would make hundreds."""
    fd = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)


def _read_any(process: psutil.Process) -> Reading:
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
        return Reading(
            pid=process.pid,
            started=process.create_time(),
            cpu=times.user + times.system,
            rss=memory.rss,
            virtual=memory.vms,
            threads=process.num_threads(),
            descriptors=process.num_fds(),
            read=None,
            written=None,
        )


def pss(pid: int) -> int | None:
    """
    Bytes of memory, those shared with others counted in part; None where it cannot be told.

    The kernel walks all pages for it: 0.2 ms for a small process, 10 ms and more for gigabytes.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc", str(pid), "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return None
