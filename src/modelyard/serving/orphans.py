"""Becoming the parent of processes that lose theirs, as forked workers do on purpose."""

import ctypes
import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> bool:
    """From now on what descends from this process becomes its child; False where it cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def reap(known: Collection[int]) -> None:
    """
    Let adopted children that have ended go; ``known`` are waited for by others.

    They are what scripts started and left alone. Where the kernel does not list children they stay
    in its table until this process ends.
    """
    pid = os.getpid()
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if int(child) not in known:
                with suppress(ChildProcessError):
                    os.waitpid(int(child), os.WNOHANG)
