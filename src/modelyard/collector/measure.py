"""``POST …/services/WORKSPACE/SERVICE/measure``: what a rollout is decided by."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from modelyard.abtest.bounded import Sums
from modelyard.collector.answers import BASE, json, read
from modelyard.collector.asker import Asker
from modelyard.collector.feedback_web import ROLE
from modelyard.collector.measure_sql import statement, states
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput, Forbidden
from modelyard.domain.measuring import Measured, Question

CONTROL = "control"
"""What the control plane says it is: from anybody else the gateway takes that header away."""

MOST = 50
"""Metrics of one question."""

_YES_NO = frozenset(("errors", "unavailable"))
_NAMED = frozenset(("feedback", "metric"))


class MeasureRoutes:
    """
    Exact definitions. Counted are requests (with ``by_user``: users) that were shared out to one
    of both versions: ``chosen`` is not true, which leaves out what named its version, and copies
    for shadows. Of a user counts, for each metric, the first value in the window.

    'errors': requests answered with 500 or above, or below 400 though run() failed. 'unavailable':
    answered with 503. 'latency': milliseconds at the front of requests that were answered, without
    503s and without clients that went away (499). 'feedback': outcomes of requests of the window,
    whenever they were told; a unit nothing was told of is no trial. 'metric': the first value of
    that custom metric that each request recorded. Of a 'rate' any value but 0 is an event.
    Values of kind 'bounded' outside their bounds count as the bound, in the order of the requests;
    of kind 'quantile' values under 0 count as 0.
    """

    def __init__(self, store: Asker) -> None:
        self._store = store

    def routes(self) -> Sequence[Route]:
        """The one."""
        path = f"{BASE}/services/{{workspace}}/{{service}}/measure"
        return (Route("POST", path, self.measure),)

    async def measure(self, request: HttpRequest) -> HttpAnswer:
        """Raises Forbidden for anybody but the control plane, BadInput, Unavailable."""
        if request.headers.get(ROLE) != CONTROL:
            raise Forbidden(
                "Only the control plane asks this. 'modelyard rollout status' tells the findings."
            )
        question = _checked(read(request, Question), request)
        sql, asked = statement(question)
        rows = await self._store.query(sql, asked, since=question.since.timestamp() - 60)
        units, found = states(question, rows)
        return json(Measured(units, dict(found)))


def _checked(question: Question, request: HttpRequest) -> Question:
    place = (request.parameters["workspace"], request.parameters["service"])
    if (question.workspace, question.service) != place:
        raise BadInput("'workspace' and 'service' must be those of the path.")
    if question.control == question.candidate:
        raise BadInput(
            f"'candidate' must be another version than 'control', {question.control!r}."
        )
    utc = {
        name: time if (time := getattr(question, name)).tzinfo else time.replace(tzinfo=UTC)
        for name in ("since", "until")
    }
    if utc["until"] <= utc["since"]:
        raise BadInput("'until' must be after 'since'.")
    names = [measure.name for measure in question.measures]
    if len(names) > MOST or len(set(names)) < len(names):
        raise BadInput(f"'measures' may be {MOST} at most, each with a name of its own.")
    for measure in question.measures:
        if measure.source in _YES_NO and measure.kind != "rate":
            raise BadInput(f"{measure.name!r}: {measure.source} can only be a rate.")
        if measure.source == "latency" and measure.kind == "rate":
            raise BadInput(f"{measure.name!r}: latency cannot be a rate.")
        if measure.source in _NAMED and not measure.of:
            raise BadInput(f"{measure.name!r}: 'of' must name the outcome or custom metric.")
        if measure.kind == "bounded":
            Sums(measure.low, measure.high)  # refuses bounds that are none
    return replace(question, **utc)
