"""What ties rows that were collected together: an id, a time, headers."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional
from uuid import uuid4


class CorrelationContext:
    """The base: no id."""

    def get_id(self) -> str:
        """The correlation id."""
        return ""

    def __str__(self) -> str:
        return self.get_id()

    def __repr__(self) -> str:
        return self.__str__()


class BasicCorrelationContext(CorrelationContext):
    """A new id and the time of now, unless they are given; ``timestamp`` in whole seconds."""

    def __init__(
        self,
        id: Optional[str] = None,
        timestamp: Optional[int] = None,
        headers: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.id = id if id else str(uuid4())
        self.timestamp = timestamp if timestamp else int(time.time())
        self.headers = headers if headers else {}

    def get_id(self) -> str:
        """The correlation id."""
        return self.id

    def get_timestamp(self) -> int:
        """Seconds since the epoch."""
        return self.timestamp

    def get_headers(self) -> Dict[str, Any]:
        """What the caller gave."""
        return self.headers


def get_context() -> CorrelationContext:
    """A new one."""
    return BasicCorrelationContext()
