"""Bodies that came in shared memory instead of in the frame."""

from __future__ import annotations

import mmap
import os

from modelyard_worker.errors import Refused
from modelyard_worker.frames import SHARED, Bytes, Frame


def body_of(frame: Frame) -> bytes:
    """The request's body, wherever it lies."""
    return bytes(view_of(frame)) if frame.flags & SHARED else frame.body  # type: ignore[return-value]


def text_of(frame: Frame) -> str:
    """The same as text, copied once. Raises UnicodeDecodeError."""
    return str(view_of(frame), "utf-8")


def view_of(frame: Frame) -> Bytes:
    """
    The same where it lies; shared memory goes when the last view of it does.

    It may be written to, so that nobody has to copy it for that: a page that is written to becomes
    ours alone.
    """
    if not frame.flags & SHARED:
        return frame.body
    try:
        path, size = frame.head["shared"]
        fd = os.open(os.path.join("/dev/shm", path), os.O_RDONLY)
        try:
            return memoryview(mmap.mmap(fd, size, access=mmap.ACCESS_COPY))
        finally:
            os.close(fd)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise Refused(500, "The body did not reach the worker: %s" % error, "body_lost") from None
