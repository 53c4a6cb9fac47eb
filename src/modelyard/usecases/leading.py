"""The thread of a control plane: it leads when it can, and acts only while it leads."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from modelyard.domain.errors import ModelyardError, NotLeader
from modelyard.usecases.lease import Leadership

_log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds until the lease is tried again, and until a failed step is repeated."""


class Steps(Protocol):
    """What a leader does; a ``Reconciler``."""

    def step(self) -> float:
        """Do what is due; seconds until the next. Raises NotLeader."""


class Leader(threading.Thread):
    """``begin`` makes what acts in an epoch; ``wake`` is set when there may be something to do."""

    def __init__(
        self, leadership: Leadership, begin: Callable[[int], Steps], wake: threading.Event
    ) -> None:
        super().__init__(name="leader", daemon=True)
        self._leadership = leadership
        self._begin = begin
        self._wake = wake
        self._ending = threading.Event()
        self._steps: Steps | None = None
        self._epoch: int | None = None

    def run(self) -> None:
        while not self._ending.is_set():
            # cleared before looking: what comes while we look is looked at again
            self._wake.clear()
            self._wake.wait(self.round())

    def round(self) -> float:
        """One look at the lease and one step; seconds until the next."""
        try:
            epoch = self._leadership.epoch()
            if epoch is None:
                self._steps = self._epoch = None
                return RETRY
            if epoch != self._epoch or self._steps is None:
                _log.info("leading in epoch %d", epoch)
                self._steps, self._epoch = self._begin(epoch), epoch
            return self._steps.step()
        except NotLeader as error:
            _log.warning("%s", error.message)
            self._steps = self._epoch = None
        except ModelyardError as error:
            _log.warning("%s: %s", error.code, error.message)
        except Exception:  # noqa: BLE001 - the thread must go on, whatever a step meets
            _log.exception("a step failed")
        return RETRY

    def end(self, timeout: float = 5.0) -> None:
        """Finish the step under way and stop. The lease is free when the process is gone."""
        self._ending.set()
        self._wake.set()
        self.join(timeout)
