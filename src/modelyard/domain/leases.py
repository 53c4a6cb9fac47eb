"""The leader lease: only one control plane acts at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process for ever: boot id, pid and the kernel's start time in clock ticks."""

    boot_id: str
    pid: int
    start_time: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Who leads; ``epoch`` grows by one at every change of leader."""

    holder: ProcessIdentity
    epoch: int
