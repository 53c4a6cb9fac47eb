"""The real time."""

import time
from datetime import datetime

from modelyard.domain.clock import utc


class SystemClock:
    """``ports.Clock`` of this machine."""

    def now(self) -> datetime:
        return utc(time.time())

    def monotonic(self) -> float:
        return time.monotonic()
