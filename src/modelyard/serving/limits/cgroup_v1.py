"""Limits by control groups of version 1: one group under each controller."""

import contextlib
from pathlib import Path

from modelyard.serving.limits.base import Limits
from modelyard.serving.limits.claims import Claim, sweep
from modelyard.serving.limits.files import counter, mounts, own_group, put, remove

_PERIOD = 100_000


class CgroupV1(Limits):
    """A group under ``cpu`` and one under ``memory``, as far as they are asked for."""

    kind = "cgroup-v1"

    def __init__(self, name: str, cpu: float | None, memory: int | None) -> None:
        """Raises OSError when a controller is not mounted or may not be written."""
        self._claims: list[Claim] = []
        self._memory: Path | None = None
        try:
            if cpu is not None:
                group = self._make("cpu", name)
                put(group / "cpu.cfs_period_us", str(_PERIOD))
                put(group / "cpu.cfs_quota_us", str(max(1000, round(cpu * _PERIOD))))
            if memory is not None:
                self._memory = self._make("memory", name)
                put(self._memory / "memory.limit_in_bytes", str(memory))
        except OSError:
            for claim in self._claims:
                claim.group.rmdir()
                claim.close()
            raise
        for controller in ("cpu", "memory"):
            with contextlib.suppress(OSError):
                sweep(_parent(controller))

    def _make(self, controller: str, name: str) -> Path:
        claim = Claim(_parent(controller) / name)
        self._claims.append(claim)
        return claim.group

    def admit(self, pid: int) -> None:
        for claim in self._claims:
            put(claim.group / "cgroup.procs", str(pid))

    def oom_kills(self) -> int:
        if self._memory is None:
            return 0
        return counter(self._memory / "memory.oom_control", "oom_kill")

    async def close(self) -> None:
        await remove(claim.group for claim in self._claims)
        for claim in self._claims:
            claim.close()


def _parent(controller: str) -> Path:
    """Where groups of a controller are made: under our own. Raises OSError without one."""
    for root, options in mounts("cgroup", Path("/proc/self/mounts").read_text()):
        if controller in options:
            own = own_group(Path("/proc/self/cgroup").read_text(), controller)
            parent = root / own.strip("/")
            return parent if parent.is_dir() else root
    raise OSError(f"the {controller} controller of version 1 is not mounted")
