"""What the bodies of all requests under way may hold together in the front's memory."""

from modelyard.serving.queue import SMALL
from modelyard.serving.refusals import body_budget

_LARGEST_BODIES = 4
_LEAST = 64 * 1024 * 1024


class BodyBudget:
    """Bytes promised to requests; a body of ``SMALL`` bytes or fewer always passes."""

    def __init__(self, body_limit: int) -> None:
        self.limit = max(_LARGEST_BODIES * body_limit, _LEAST)
        self.reserved = 0

    def share(self) -> "Share":
        """One request's part, empty at first."""
        return Share(self)


class Share:
    """What one request has reserved; ``close`` gives it back."""

    __slots__ = ("_budget", "_size")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._size = 0

    def reserve(self, size: int) -> None:
        """Hold this much in all, before it is kept. Raises the 503 when it does not fit."""
        more = size - self._size
        if size > SMALL and self._budget.reserved + more > self._budget.limit:
            raise body_budget(self._budget.limit)
        self._budget.reserved += more
        self._size = size

    def close(self) -> None:
        """The request has ended; may be called twice."""
        self._budget.reserved -= self._size
        self._size = 0
