"""Whose a control group is: a lock on its folder, which the kernel lets go when the front dies."""

import contextlib
import fcntl
import os
import re
from pathlib import Path

_OURS = re.compile(r"modelyard-.+-[0-9a-f]{8}").fullmatch
_TRIES = 1000


class Claim:
    """A group made by this front, or one of the same name left over, held until ``close``."""

    def __init__(self, group: Path) -> None:
        """Raises OSError when the group may not be made."""
        self.group = group
        self._fd = _make_and_open(group)

    def close(self) -> None:
        """Let it go; may be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _make_and_open(group: Path) -> int:
    """Again while another front's sweep looks at the folder, or when it took it from us."""
    for tries_left in reversed(range(_TRIES)):
        group.mkdir(exist_ok=True)
        try:
            fd = os.open(group, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        # without a lock after all tries the limits still hold; only a sweep could disturb them
        if (_lock(fd) or not tries_left) and _is_still(group, fd):
            return fd
        os.close(fd)
        os.sched_yield()
    raise OSError(f"{group} is removed as often as it is made")


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # there are no locks here, so a sweep cannot lock either and removes nothing
    return True


def _is_still(group: Path, fd: int) -> bool:
    try:
        return os.path.samestat(group.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def sweep(parent: Path) -> None:
    """
    Remove the groups of fronts that were killed, whatever home they belonged to.

    One goes only when it has our kind of name, no process in it and no front that claims it: the
    group of a live front is empty too while its workers start again.
    """
    with contextlib.suppress(OSError):
        for group in parent.iterdir():
            if _OURS(group.name):
                with contextlib.suppress(OSError):
                    _remove_unclaimed(group)


def _remove_unclaimed(group: Path) -> None:
    fd = os.open(group, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not (group / "cgroup.procs").read_text().strip():
            group.rmdir()
    finally:
        os.close(fd)
