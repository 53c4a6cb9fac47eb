"""Telling a service what became of its requests, at once or long after."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from modelyard.domain.errors import BadInput, ModelyardError, Unavailable
from modelyard.sdk import scoring
from modelyard.sdk.client import Client, Response, error_of, path
from modelyard.sdk.errors import WebserviceException, raised_as
from modelyard.sdk.service_calls import CallsService
from modelyard.sdk.telemetry import BASE
from modelyard.wire.rollouts import Feedback, FeedbackResult, Outcome

AT_ONCE = 10_000
"""Outcomes of one call; more of them go in several."""

LISTED = 100
"""Unknown ids that a result names."""

_PAUSES = (0.3, 1.0, 3.0)
"""Seconds: the same outcomes may be sent again, they count once."""

_AGAIN = frozenset((502, 503, 504))

Send = Callable[[Feedback], FeedbackResult]
Item = Outcome | Mapping[str, Any] | Sequence[Any]


class FeedbackCalls(CallsService):
    """
    What became of requests. An answer's id is ``service.last_request_id`` after ``run()``, and for
    every other client the answer's header ``x-ms-request-id``.
    """

    def feedback(
        self, request_id: str, metric: str, value: float | bool, time: datetime | None = None
    ) -> FeedbackResult:
        """
        Tell what became of one request: bought or not, the amount, a rating, the true value.

        The same twice counts once; of two different values the first stays (``conflicting``).
        ``time`` is when it happened, if not now. Of a request that nobody knows (yet) it is kept
        for a day (``unknown``). Raises ``WebserviceException``; then it is not kept.
        """
        return self.feedback_bulk([(request_id, metric, value, time)])

    def feedback_bulk(self, items: Iterable[Item]) -> FeedbackResult:
        """
        The same for many: each a tuple (request_id, metric, value) or (…, time), or a dict with
        these names. Also of weeks ago, in any number; they travel 10,000 at a time.

        Raises ``WebserviceException`` naming the item that cannot be used. What went before it may
        be kept by then: send all again, nothing counts twice.
        """
        with raised_as(WebserviceException):
            return send_all(self._tell, (outcome(item, i) for i, item in enumerate(items)))

    def _tell(self, feedback: Feedback) -> FeedbackResult:
        if "/serve/" not in self.scoring_uri:  # a local service has an address without a key
            return by_token(self._client, self.workspace.name, self.name)(feedback)
        address = f"{self.scoring_uri.rpartition('/')[0]}/feedback"
        body = msgspec.json.encode(feedback)
        answer = again(lambda: self._post_feedback(address, body))
        if answer.status in {
            404,
            503,
        }:  # no version takes requests now: what was told still counts
            return by_token(self._client, self.workspace.name, self.name)(feedback)
        return _result(answer)

    def _post_feedback(self, address: str, body: bytes) -> Response:
        answer = scoring.score(address, body, self._key())
        if answer.status == 401 and self._facts.auth != "off":
            answer = scoring.score(address, body, self._key(again=True))
        return answer


def by_token(client: Client, workspace: str, service: str) -> Send:
    """Sends with the API token instead of the service's key."""
    target = BASE + path("services", workspace, service, "feedback")
    headers = {"Content-Type": "application/json"}

    def send(feedback: Feedback) -> FeedbackResult:
        body = msgspec.json.encode(feedback)
        every = tuple(range(400, 600))
        return _result(
            again(lambda: client.request("POST", target, body=body, headers=headers, accept=every))
        )

    return send


def send_all(send: Send, outcomes: Iterable[Outcome]) -> FeedbackResult:
    """All of them, as many at a time as one call takes; the sum of the answers."""
    whole = FeedbackResult(accepted=0)
    for some in _parts(outcomes):
        found = send(Feedback(outcomes=some))
        whole.accepted += found.accepted
        whole.repeated += found.repeated
        whole.conflicting += found.conflicting
        whole.unknown += found.unknown
        whole.unknown_ids = [*whole.unknown_ids, *found.unknown_ids][:LISTED]
    return whole


def outcome(item: Item, index: int) -> Outcome:
    """One item as it is sent. Raises BadInput naming it by its index."""
    if isinstance(item, Outcome):
        values: dict[str, Any] = {name: getattr(item, name) for name in item.__struct_fields__}
    elif isinstance(item, Mapping):
        values = dict(item)
    elif isinstance(item, Sequence) and not isinstance(item, str) and 3 <= len(item) <= 4:
        values = dict(zip(("request_id", "metric", "value", "time"), item, strict=False))
    else:
        raise BadInput(
            f"items[{index}] must be (request_id, metric, value), or a dict with these names, "
            f"not {item!r:.100}."
        )
    moment = values.get("time")
    if isinstance(moment, datetime) and moment.tzinfo is None:
        values["time"] = moment.astimezone()
    values["value"] = _number(values.get("value"), index)
    try:
        return msgspec.convert(values, Outcome)
    except msgspec.ValidationError as error:
        raise BadInput(f"items[{index}]: {error}") from error


def again(ask: Callable[[], Response]) -> Response:
    """The answer, after a few tries where nobody answers for a moment."""
    for pause in _PAUSES:
        try:
            answer = ask()
        except Unavailable:
            pass
        else:
            if answer.status not in _AGAIN or _not_ready(answer):
                return answer
        time.sleep(pause)  # noqa: TID251 - the collector is being started anew
    return ask()


def _number(value: Any, index: int) -> float | bool:
    if isinstance(value, bool):
        return value
    try:
        number = float(value)  # of numpy as well
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, str) or not math.isfinite(number):
        raise BadInput(f"items[{index}]: value={value!r:.100} must be a finite number or a bool.")
    return number


def _not_ready(answer: Response) -> bool:
    return b'"not_ready"' in answer.data


def _result(answer: Response) -> FeedbackResult:
    if answer.status != 200:
        raise error_of(answer.status, answer.data, answer.headers)
    try:
        return msgspec.json.decode(answer.data, type=FeedbackResult)
    except msgspec.MsgspecError as error:
        raise ModelyardError(f"The answer to the feedback is none: {error}.") from error


def _parts(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    rest = iter(outcomes)
    while some := list(islice(rest, AT_ONCE)):
        yield some
