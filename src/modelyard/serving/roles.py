"""One process for each role: a lock beside the socket, held until the process ends."""

import fcntl
import os
from pathlib import Path

from modelyard.domain.errors import Conflict


class Role:
    """Held from construction on; the kernel lets go when the process dies in any way."""

    def __init__(self, socket: Path) -> None:
        """Raises Conflict when another process holds the role."""
        path = socket.with_name(socket.name + ".lock")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise Conflict(
                f"Another front serves {socket} already; stop it first (its lock is {path})."
            ) from None

    def close(self) -> None:
        """Let the role go; may be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
