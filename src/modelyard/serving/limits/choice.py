"""Which way of limiting works on this machine: the strongest that does."""

import subprocess
from collections.abc import Callable, Sequence

from modelyard.serving.limits.base import Limits
from modelyard.serving.limits.cgroup_v1 import CgroupV1
from modelyard.serving.limits.cgroup_v2 import CgroupV2
from modelyard.serving.limits.watchdog import Watchdog

Kind = Callable[[str, float | None, int | None], Limits]
KINDS: Sequence[Kind] = (CgroupV2, CgroupV1)


async def choose(
    name: str, cpu: float | None, memory: int | None, *, kinds: Sequence[Kind] = KINDS
) -> Limits:
    """
    Limits in force for whoever is admitted; ``name`` is unique to the front.

    A control group counts only when a process could really be moved into it: being allowed to
    make one does not mean that.
    """
    if cpu is None and memory is None:
        return Limits()
    for kind in kinds:
        try:
            limits = kind(name, cpu, memory)
        except OSError:
            continue
        if _admits(limits):
            return limits
        await limits.close()
    return Watchdog(name, cpu, memory)


def _admits(limits: Limits) -> bool:
    """Move a process that only waits for its input to end."""
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as probe:
        try:
            limits.admit(probe.pid)
        except OSError:
            return False
        finally:
            probe.communicate()
    return True
