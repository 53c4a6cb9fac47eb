"""Processor, memory, disk and network of the whole machine."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from modelyard.collector.measures import MACHINE, Measure

_MADE_UP = ("loop", "ram", "zram", "dm-", "md", "sr")
"""Disks that stand on others, whose bytes would be counted twice, or that are none."""


class Machine:
    """Looks at the machine; ``folder`` is the one whose disk is told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cpu: tuple[float, float] | None = None

    def look(self) -> list[Measure]:
        """All measures now; what the machine does not tell is left out."""
        found: list[Measure] = []
        for part in (self._processor, _kernel, _memory, self._room, _disks, _network):
            with contextlib.suppress(OSError, NotImplementedError, RuntimeError, ValueError):
                found += part()
        return found

    def _processor(self) -> Iterator[Measure]:
        times = psutil.cpu_times()
        # what a guest used is within user and nice already
        states = {k: v for k, v in times._asdict().items() if not k.startswith("guest")}
        for state, seconds in states.items():
            yield _of("Machine", "system.cpu.time", seconds, "s", {"cpu.mode": state}, sums=True)
        whole = sum(states.values())
        busy = whole - states.get("idle", 0.0) - states.get("iowait", 0.0)
        before, self._cpu = self._cpu, (whole, busy)
        if before:
            used = (busy - before[1]) / max(whole - before[0], 0.01)  # the kernel's clock ticks so
            yield _of("Machine", "system.cpu.utilization", min(max(used, 0.0), 1.0), "1")
        yield _of("Machine", "system.cpu.logical.count", psutil.cpu_count() or 1, "{cpu}")
        yield _of("Machine", "system.cpu.load_average.1m", os.getloadavg()[0], "{thread}")
        yield _of("Machine", "system.process.count", len(psutil.pids()), "{process}")

    def _room(self) -> Iterator[Measure]:
        usage = psutil.disk_usage(str(self._folder))
        where = str(self._folder)
        for state, size in (("used", usage.used), ("free", usage.free)):
            attributes = {"system.filesystem.state": state}
            yield _of("Disk", "system.filesystem.usage", size, "By", attributes, where)
        share = usage.percent / 100
        yield _of("Disk", "system.filesystem.utilization", share, "1", {}, where)


def _kernel() -> Iterator[Measure]:
    """Two lines of Linux's; elsewhere there is no such file."""
    threads = Path("/proc/loadavg").read_text().split()[3].partition("/")[2]
    yield _of("Machine", "system.thread.count", int(threads), "{thread}")
    files = int(Path("/proc/sys/fs/file-nr").read_text().split()[0])
    yield _of("Machine", "system.open_file_descriptor.count", files, "{file_descriptor}")


def _memory() -> Iterator[Measure]:
    memory = psutil.virtual_memory()
    states = {"used": memory.total - memory.available, "free": memory.available}
    for state, size in states.items():
        attributes = {"system.memory.state": state}
        yield _of("Machine", "system.memory.usage", size, "By", attributes)
    yield _of("Machine", "system.memory.limit", memory.total, "By")
    yield _of("Machine", "system.memory.utilization", memory.percent / 100, "1")


def _disks() -> Iterator[Measure]:
    for disk, counters in (psutil.disk_io_counters(perdisk=True) or {}).items():
        if disk.startswith(_MADE_UP) or not (counters.read_bytes or counters.write_bytes):
            continue
        for way, size in (("read", counters.read_bytes), ("write", counters.write_bytes)):
            attributes = {"disk.io.direction": way}
            yield _of("Disk", "system.disk.io", size, "By", attributes, disk, sums=True)


def _network() -> Iterator[Measure]:
    for interface, counters in psutil.net_io_counters(pernic=True).items():
        if not (counters.bytes_recv or counters.bytes_sent):
            continue
        for way, size in (("receive", counters.bytes_recv), ("transmit", counters.bytes_sent)):
            attributes = {"network.io.direction": way}
            yield _of("Network", "system.network.io", size, "By", attributes, interface, sums=True)


def _of(
    category: str,
    counter: str,
    value: float,
    unit: str,
    attributes: dict[str, str] | None = None,
    instance: str = "",
    sums: bool = False,
) -> Measure:
    return Measure(category, counter, value, unit, instance, attributes or {}, MACHINE, sums)
