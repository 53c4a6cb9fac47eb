"""Several things that a leader does, one after the other."""

import logging

from modelyard.domain.errors import NotLeader
from modelyard.usecases.leading import RETRY, Steps

_log = logging.getLogger(__name__)


class Together:
    """One's failure does not hold up the others; the shortest delay counts."""

    def __init__(self, *parts: Steps) -> None:
        self._parts = parts

    def step(self) -> float:
        """Raises NotLeader when another control plane has taken over."""
        return min(map(_delay, self._parts))


def _delay(part: Steps) -> float:
    try:
        return part.step()
    except NotLeader:
        raise
    except Exception:  # noqa: BLE001 - whatever a part meets, the others go on
        _log.exception("a step of %s failed", type(part).__name__)
        return RETRY
