"""A worker dies with its front."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys

_PR_SET_PDEATHSIG = 1
_CREDENTIALS = struct.Struct("3i")


def die_with_parent(sock: socket.socket) -> bool:
    """
    Have the kernel kill this process when its parent dies; False when it is dead already.

    The signal covers only deaths after the call, so the maker of the socket is looked for once.
    Elsewhere than on Linux the end of the socket alone tells.
    """
    if not sys.platform.startswith("linux"):
        return True
    import ctypes

    parent = os.getppid()
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        return True  # no such call in this C library: the socket's end has to do
    return os.getppid() == parent and _is_alive(_maker(sock))


def _maker(sock: socket.socket) -> int:
    """The process that made the socketpair; 0 where the system does not say."""
    try:
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return 0
    return int(_CREDENTIALS.unpack(raw)[0])


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
