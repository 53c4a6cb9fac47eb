"""What the control plane asks of the machine itself."""

import socket
from pathlib import Path

import psutil


def free_port(port: int) -> bool:
    """Whether this user could listen on that loopback port now."""
    with socket.socket() as probe:
        # as HAProxy does: a port whose last connections are still being closed is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def gpu_count() -> int:
    """NVIDIA cards whose devices are there."""
    return sum(1 for path in Path("/dev").glob("nvidia[0-9]*"))


def memory_of(pid: int) -> int | None:
    """Bytes of a process and its children: shared pages by share where the kernel tells."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(filter(None, (_memory(member) for member in family)))
    except psutil.Error:
        return None


def _memory(process: psutil.Process) -> int | None:
    try:
        found = process.memory_full_info()
        return int(getattr(found, "pss", 0) or found.rss)
    except psutil.Error:
        return None
