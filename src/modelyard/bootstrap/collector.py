"""``python -m modelyard.bootstrap.collector``: the process that keeps telemetry."""

import importlib
import logging
import os
import sys
import time
from pathlib import Path

from modelyard import settings as settings_
from modelyard.domain.errors import ModelyardError

CONTROL_FIRST = 10.0
"""Seconds that the control plane gets to come up while this process waits."""


def main() -> int:
    """The process; its log goes to stderr."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.umask(0o077)  # the store makes its files itself: nobody else's
    try:
        settings = settings_.read()
        # the two start together, and people wait for the control plane
        _wait_for(settings.sockets / "control.sock", CONTROL_FIRST)
        importlib.import_module("modelyard.bootstrap.collector_process").run(settings)
    except ModelyardError as error:
        logging.getLogger("modelyard.collector").error("%s", error.message)
        return 1
    return 0


def _wait_for(path: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)  # noqa: TID251 - before there is an event loop


def _end(code: int) -> None:
    """
    End without taking the interpreter apart.

    All is written and closed by then. The store's library would only list, on stderr, each of its
    objects that is still there, as if something had crashed.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _end(main())
