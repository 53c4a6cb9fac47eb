"""
Run a command that ends when the one who started it ends, with all its children.

Started as a script: ``python -I -S leash.py COMMAND…``. Standard input is the leash: a pipe whose
other end only the starter holds, so that the kernel closes it however the starter dies.
"""

import os
import select
import signal
import sys


def main(command: list[str]) -> int:
    """Exit code of the command; the whole process group is killed when the leash breaks."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.posix_spawn(
        command[0],
        command,
        os.environ,  # noqa: TID251 - handed on, not read
        file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)],
        setsigdef=[signal.SIGPIPE],
    )
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        ready, _, _ = select.select([0, reader], [], [])
        if reader in ready:
            os.read(reader, 1024)
        if 0 in ready and not os.read(0, 1):
            os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
