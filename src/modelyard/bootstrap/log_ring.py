"""Hands the log of a process of ours over to the collector."""

import logging
import os

from modelyard.settings import Settings
from modelyard.telemetry import rings
from modelyard.telemetry.log_handler import RingHandler
from modelyard.telemetry.records import About

_log = logging.getLogger("modelyard")


def hand_over(settings: Settings, role: str) -> RingHandler | None:
    """
    Have the root logger's records go to a ring of this process as well, until it is closed.

    None, said in the log, where there can be no ring: nothing depends on it.
    """
    pid = os.getpid()
    about = About(role, f"{role}-{pid}", pid=pid)
    try:
        ring = rings.create(settings.rings, f"{role}-{pid}.logs", rings.SMALL_BYTES, about)
    except OSError as error:
        _log.warning("no telemetry is handed over: %s", error)
        return None
    handler = RingHandler(ring, role)
    logging.getLogger().addHandler(handler)
    return handler
