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

    def reserve(self, held: int, size: int) -> int:
        """
        What a request that holds ``held`` holds from now on: ``size``, before it is kept.

        Raises the 503 when it does not fit.
        """
        more = size - held
        if size > SMALL and self.reserved + more > self.limit:
            raise body_budget(self.limit)
        self.reserved += more
        return size

    def give_back(self, held: int) -> None:
        """A request has ended."""
        self.reserved -= held
