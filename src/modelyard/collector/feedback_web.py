"""``POST …/feedback``: with a service's key through the gateway, or with an API token."""

from collections.abc import Sequence

from modelyard.collector.answers import BASE, json
from modelyard.collector.feedback import Feedback
from modelyard.collector.feedback_told import read_told
from modelyard.collector.services import scope
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import Forbidden

ROLE, SERVICE = "x-modelyard-role", "x-modelyard-service"
BY_KEY = "feedback"
"""The role of who shows the key of a service: it may tell of requests to that one."""

_BODY = 4 * 1024**2


class FeedbackRoutes:
    """The same under both addresses."""

    def __init__(self, feedback: Feedback) -> None:
        self._feedback = feedback

    def routes(self) -> Sequence[Route]:
        """Both."""
        return (
            Route("POST", "/serve/{workspace}/{service}/feedback", self.take, _BODY),
            Route("POST", f"{BASE}/services/{{workspace}}/{{service}}/feedback", self.take, _BODY),
        )

    async def take(self, request: HttpRequest) -> HttpAnswer:
        """Raises BadInput, TooLarge, Forbidden, Unavailable, DiskFull: then nothing was kept."""
        workspace, service = scope(request)
        _may_tell(request, service)
        told = read_told(request.body, workspace, service)
        return json(await self._feedback.take(told))


def _may_tell(request: HttpRequest, service: str) -> None:
    role = request.headers.get(ROLE)
    if role == BY_KEY and request.headers.get(SERVICE) != service:
        raise Forbidden(f"This key is not one of the service {service!r}.")
    if role == "reader":
        raise Forbidden(
            "This token may ask, and not tell what became of requests. Use one of a contributor "
            "or owner, or the service's key at /serve/WORKSPACE/SERVICE/feedback."
        )
