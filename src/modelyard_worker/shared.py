"""Bodies that came in shared memory instead of in the frame."""

from __future__ import annotations

import os

from modelyard_worker.errors import Refused
from modelyard_worker.frames import SHARED, Frame


def body_of(frame: Frame) -> bytes:
    """The request's body, wherever it lies."""
    if not frame.flags & SHARED:
        return frame.body  # type: ignore[return-value]  # the decoder makes bytes
    try:
        name, size = frame.head["shared"]
        with open(os.path.join("/dev/shm", name), "rb") as file:
            return file.read(size)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise Refused(500, "The body did not reach the worker: %s" % error, "body_lost") from None
