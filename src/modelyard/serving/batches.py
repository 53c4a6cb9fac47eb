"""Requests that wait are merged into one for a worker; its answer goes back to each."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Protocol

from modelyard.domain.predictors import Batching
from modelyard.serving import merging
from modelyard.serving.exchange import Answer
from modelyard.serving.merging import Plan, Unsplittable
from modelyard.serving.messages import headers_of
from modelyard.serving.queue import SMALL, WaitingQueue
from modelyard.serving.refusals import Refusal
from modelyard.serving.sharing import SharedBody
from modelyard.serving.tickets import Ticket

BATCH_BYTES = 1024 * 1024
"""Bytes that the bodies of one batch have together at most."""

_FIRST_ID = 1 << 62  # far from the numbers of requests
_NOT_TO_BLAME = ("worker_crashed", "scoring_timeout")


class Again(Protocol):
    """Where parts go that must be run alone."""

    def again(self, tickets: Sequence[Ticket], *, instead_of: int) -> None:
        """Put them at the head of the queue; ``instead_of`` counted as served already."""

    def counted(self, more: int) -> None:
        """So many more requests were answered than the worker gave answers."""


class Batches:
    """
    The merging of one front, and the owner of merged tickets.

    A merged ticket is to pool and worker as any other, so a crash or a timeout takes all of it:
    then, and when its answer cannot be parted, each of its requests is run alone. ``said`` gives
    the last HELLO of a worker: nothing is merged unless its self-test went well.
    """

    def __init__(
        self,
        batching: Batching,
        said: Callable[[], Mapping[str, Any] | None],
        pool: Again,
        *,
        tell_parts: bool = False,
    ) -> None:
        """``tell_parts``: the worker is told which rows are of which request."""
        self._tell_parts = tell_parts
        self._size = batching.max_size
        self._wait = batching.max_wait_ms / 1000
        self._said = said
        self._pool = pool
        self._numbers = count(_FIRST_ID)

    @property
    def on(self) -> bool:
        """Whether requests are merged now."""
        return self._size > 1 and self.verdict.get("on") is True

    @property
    def verdict(self) -> Mapping[str, Any]:
        """What the worker's self-test found: on, why; nothing before it is ready."""
        return (self._said() or {}).get("batching") or {}

    def patience(self, queue: WaitingQueue, now: float) -> float:
        """Seconds that an idle worker waits on; 0.0 when a batch may begin."""
        if self._wait <= 0.0 or not queue:
            return 0.0
        return merging.patience(len(queue), next(iter(queue)).taken, now, self._size, self._wait)

    def take(self, queue: WaitingQueue, idle: int, room: int) -> list[Ticket]:
        """
        What the next of ``idle`` workers gets: its share of the queue, merged.

        Only a worker that may hold several requests (``room``) gets what cannot be merged with
        the first besides.
        """
        left = merging.share(len(queue), idle, self._size)
        given: list[Ticket] = []
        while left and len(given) < max(1, room):
            parts = self._like_the_first(queue, left)
            if given and len(parts[0].body) > SMALL:
                queue.untake(parts)
                break
            left -= len(parts)
            given.append(parts[0] if len(parts) == 1 else self._merged(parts))
        return given

    def answered(self, ticket: Ticket, answer: Answer) -> None:
        """The answer of a batch: to each its own."""
        parts: list[Ticket] = ticket.subject
        try:
            answers = _parted(parts, answer)
        except (Unsplittable, ValueError, TypeError):
            self._pool.again(_alone(parts), instead_of=1)
            return
        for part, own in zip(parts, answers, strict=True):
            part.given, part.worker, part.together = ticket.given, ticket.worker, len(parts)
            part.answer(own)
        self._pool.counted(len(parts) - 1)

    def refused(self, ticket: Ticket, error: Exception) -> None:
        """Its worker died of it, or it came to none: then all are refused."""
        parts: list[Ticket] = ticket.subject
        if isinstance(error, Refusal) and error.code in _NOT_TO_BLAME:
            self._pool.again(_alone(parts), instead_of=0)
            return
        for part in parts:
            part.refuse(error)

    def _like_the_first(self, queue: WaitingQueue, limit: int) -> list[Ticket]:
        """The first request, and those behind it that may be merged with it."""
        first: Plan | None = None
        size = 0

        def wanted(ticket: Ticket) -> bool:
            nonlocal first, size
            plan = ticket.plan
            if plan is Ticket.UNKNOWN:
                plan = _plan(ticket)
            if not size:
                first, size = plan, len(ticket.body) + 1
                return True
            if first is None or plan is None or (plan is not first and plan.key != first.key):
                return False
            if size + len(ticket.body) > BATCH_BYTES:
                return False
            size += len(ticket.body)
            return True

        return queue.pick(wanted, 1 if _plan(next(iter(queue))) is None else limit)

    def _merged(self, parts: list[Ticket]) -> Ticket:
        plans = [part.plan for part in parts]
        bodies = [part.body for part in parts if not isinstance(part.body, SharedBody)]
        if plans[0].is_script:
            head, body = merging.envelope([part.head for part in parts], bodies)
        else:
            heads = [part.head for part in parts] if self._tell_parts else ()
            head, body = merging.stacked(parts[0].head, plans, bodies, heads=heads)
        taken = min(part.taken for part in parts)
        merged = Ticket(next(self._numbers), head, body, taken, self, parts)
        merged.wait_until = min(part.wait_until for part in parts)
        merged.plan = None
        return merged


def _plan(ticket: Ticket) -> Plan | None:
    """How a ticket may be merged; looked at once."""
    if ticket.plan is Ticket.UNKNOWN:
        small = not isinstance(ticket.body, SharedBody) and len(ticket.body) <= SMALL
        ticket.plan = merging.plan(ticket.head) if small else None
    plan: Plan | None = ticket.plan
    return plan


def _alone(parts: Sequence[Ticket]) -> list[Ticket]:
    """Those that are still waited for, never to be merged again."""
    waiting = [part for part in parts if not (part.cancelled or part.settled)]
    for part in waiting:
        part.plan = None
    return waiting


def _parted(parts: Sequence[Ticket], answer: Answer) -> list[Answer]:
    """Raises Unsplittable, or ValueError or TypeError for what is no answer to a batch."""
    if not isinstance(answer.body, bytes | bytearray | memoryview):
        raise Unsplittable("the answer is a stream")
    if parts[0].plan.is_script:
        return _of_envelope(parts, answer, memoryview(answer.body))
    if answer.status != 200 or answer.tensors is None:
        raise Unsplittable(f"the batch was answered with {answer.status}")
    counts = [part.plan.rows for part in parts]
    return [
        Answer(200, answer.headers, answer.run_ms, body, tensors, None, answer.lines)
        for tensors, body in merging.parted(answer.tensors, answer.body, counts)
    ]


def _of_envelope(parts: Sequence[Ticket], answer: Answer, body: memoryview) -> list[Answer]:
    heads = answer.batch or ()
    if len(heads) != len(parts) or sum(head.size for head in heads) != len(body):
        raise Unsplittable("the answer is not one for each request")
    answers, at = [], 0
    for head in heads:
        headers, lines = headers_of(bytes(head.headers))
        own = bytes(body[at : at + head.size])
        at += head.size
        answers.append(Answer(head.status, headers, head.run_ms, own, None, None, lines))
    return answers
