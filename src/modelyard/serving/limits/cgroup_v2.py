"""Limits by a control group of version 2, where we may make one."""

from pathlib import Path

from modelyard.serving.limits.base import Limits
from modelyard.serving.limits.claims import Claim, sweep
from modelyard.serving.limits.files import counter, mounts, own_group, put, remove

_PERIOD = 100_000


class CgroupV2(Limits):
    """One group for all workers, made beside or above our own."""

    kind = "cgroup-v2"

    def __init__(self, name: str, cpu: float | None, memory: int | None) -> None:
        """Raises OSError when no place is found where such a group may be made."""
        needed = {n for n, value in (("cpu", cpu), ("memory", memory)) if value is not None}
        self._claim = _place(name, needed)
        self._group = self._claim.group
        try:
            if cpu is not None:
                put(self._group / "cpu.max", f"{max(1000, round(cpu * _PERIOD))} {_PERIOD}")
            if memory is not None:
                put(self._group / "memory.max", str(memory))
        except OSError:
            self._group.rmdir()
            self._claim.close()
            raise
        sweep(self._group.parent)

    def admit(self, pid: int) -> None:
        put(self._group / "cgroup.procs", str(pid))

    def oom_kills(self) -> int:
        return counter(self._group / "memory.events", "oom_kill")

    async def close(self) -> None:
        await remove([self._group])
        self._claim.close()


def _place(name: str, needed: set[str]) -> Claim:
    """
    A new group that has the controllers we need.

    A group with processes in it cannot hand controllers down, so ours is often no use and one of
    those above it is: what systemd delegates to a user looks like that.
    """
    for root, _ in mounts("cgroup2", Path("/proc/self/mounts").read_text()):
        own = root / own_group(Path("/proc/self/cgroup").read_text(), "").strip("/")
        for parent in (own, *own.parents):
            if not parent.is_relative_to(root):
                break
            if (claim := _try(parent, name, needed)) is not None:
                return claim
    raise OSError("no control group of version 2 may be made here")


def _try(parent: Path, name: str, needed: set[str]) -> Claim | None:
    try:
        if not needed <= set((parent / "cgroup.controllers").read_text().split()):
            return None
        on = set((parent / "cgroup.subtree_control").read_text().split())
        if missing := needed - on:
            put(parent / "cgroup.subtree_control", " ".join(f"+{n}" for n in sorted(missing)))
        return Claim(parent / name)
    except OSError:
        return None
