"""What this machine has for us: hardware, and what a container's cgroup leaves of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

_MOUNT = Path("/sys/fs/cgroup")


def capacity(cgroups: str | None = None, mount: Path = _MOUNT) -> tuple[float, int]:
    """
    Cores and bytes of memory that this process and its children may use.

    ``cgroups`` is the text of /proc/self/cgroup.
    """
    text = _own_cgroups() if cgroups is None else cgroups
    cores, memory = _usable_cores(), psutil.virtual_memory().total
    for folder in _folders(text, "cpu", mount):
        cores = min(cores, _quota(folder) or cores)
    for folder in _folders(text, "memory", mount):
        memory = min(memory, _memory_limit(folder) or memory)
    return cores, memory


def _usable_cores() -> float:
    if hasattr(os, "sched_getaffinity"):
        return float(len(os.sched_getaffinity(0)))
    return float(os.cpu_count() or 1)


def _own_cgroups() -> str:
    try:
        return Path("/proc/self/cgroup").read_text()
    except OSError:
        return ""


def _folders(cgroups: str, controller: str, mount: Path) -> Iterator[Path]:
    """
    The cgroup of this process and all above it, in the hierarchy that has the controller.

    In a container the path is often the host's and not there: then only the mount's root counts.
    """
    for line in cgroups.splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            root = mount
        elif controller in controllers.split(","):
            root = mount / controller
        else:
            continue
        own = root / path.lstrip("/")
        yield own
        yield from (parent for parent in own.parents if parent.is_relative_to(root))


def _quota(folder: Path) -> float | None:
    """Cores that may be used, of cgroup v2 or v1; None without a limit."""
    both = _text(folder / "cpu.max").split()  # v2
    if not both:
        both = [
            _text(folder / "cpu.cfs_quota_us"),
            _text(folder / "cpu.cfs_period_us"),
        ]
    quota, period = both
    if not quota.isdecimal() or not period.isdecimal() or int(period) == 0:  # 'max', '-1', ''
        return None
    return int(quota) / int(period)


def _memory_limit(folder: Path) -> int | None:
    limit = _text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")
    return int(limit) if limit.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
