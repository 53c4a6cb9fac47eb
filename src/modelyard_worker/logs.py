"""What scripts print and log goes to stdout and stderr, where the front reads it."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import Any

from modelyard_worker.context import REQUEST_ID

LOG = logging.getLogger("modelyard")
"""The worker's own words; a script's logging configuration does not silence them."""

_FORMAT = "%(asctime)s %(levelname).1s [%(process)d] %(name)s - %(message)s"


class AzureFormatter(logging.Formatter):
    """``2026-11-22 03:02:54,930 I [pid] logger - text``, in UTC, as Azure's server writes."""

    converter = time.gmtime  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(_FORMAT)


def configure() -> None:
    """
    Take over stdout, stderr and the root logger until the script configures logging itself.

    A root logger without any handler would make ``logging.info`` install Python's default format,
    so ours is there from the start and leaves when the script's ``basicConfig`` comes.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AzureFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level_from_environment())
    LOG.addHandler(handler)
    LOG.propagate = False
    LOG.setLevel(logging.INFO)
    _carry_request_id()
    _yield_to_basic_config(root, handler)


def level_from_environment() -> int:
    """AZUREML_LOG_LEVEL as a number; INFO where it is absent or no level."""
    level = logging.getLevelName(os.environ.get("AZUREML_LOG_LEVEL", "INFO").strip().upper())
    return level if isinstance(level, int) else logging.INFO


def step_back() -> None:
    """After the script is loaded: leave the root logger if it writes to the console by itself."""
    root = logging.getLogger()
    ours = LOG.handlers[0] if LOG.handlers else None
    for handler in root.handlers:
        if handler is not ours and getattr(handler, "stream", None) in (sys.stdout, sys.stderr):
            root.removeHandler(ours) if ours else None
            return


def _carry_request_id() -> None:
    make = logging.getLogRecordFactory()

    def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        record.request_id = REQUEST_ID.get()
        return record

    logging.setLogRecordFactory(make_record)


def _yield_to_basic_config(root: logging.Logger, ours: logging.Handler) -> None:
    original = logging.basicConfig

    def basic_config(**kwargs: Any) -> None:
        if root.handlers == [ours]:
            root.removeHandler(ours)
        original(**kwargs)

    logging.basicConfig = basic_config
