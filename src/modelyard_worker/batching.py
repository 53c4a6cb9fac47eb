"""
Several requests, one run().

A REQUEST whose head has ``batch`` is several HTTP requests. Each is read as if it had come alone;
those of one form (columns, types, widths) are joined by rows, run() is called once, and its result
is parted by each request's rows. Whatever cannot be joined, or whose batch fails, is run alone: so
a bad request gets its own error, and nobody else does.
"""

from __future__ import annotations

import json
import time
from typing import Any, Callable, Dict, Hashable, List, Optional, Sequence, Tuple

from modelyard_worker import answers, collecting, rows
from modelyard_worker.answers import Answer
from modelyard_worker.context import REQUEST_ID
from modelyard_worker.faults import one_line
from modelyard_worker.forms import InputForm, Request
from modelyard_worker.frames import Frame
from modelyard_worker.headers import find
from modelyard_worker.logs import LOG
from modelyard_worker.rows import Unmergeable
from modelyard_worker.shared import body_of

GIVE_UP = 5
"""Batches in a row that fail although each of their requests is fine alone: then no more."""

Alone = Callable[[Frame], Tuple[Answer, float]]
Result = Tuple[Answer, float]


class BatchAnswer:
    """The answers to all requests of a batch, in their order; as ``Answer``, for the loop."""

    def __init__(self, parts: Sequence[Result]) -> None:
        self.pieces = None
        self._parts = parts
        self.body = b"".join([answer.body for answer, _ in parts])

    def head(self, run_ms: float, start_of: Callable[[Answer], bytes]) -> bytes:
        """The head of the RESPONSE frame; ``start_of`` gives a part's up to its time."""
        heads = [
            b'%s%.3f,"size":%d}' % (start_of(answer), part_ms, len(answer.body))
            for answer, part_ms in self._parts
        ]
        return b'{"batch":[%s],"run_ms":%.3f}' % (b",".join(heads), run_ms)


class Batcher:
    """
    Runs batches.

    ``call`` is run() itself, ``alone`` runs one request whatever happens. ``form`` is None where
    batching is off: then each is run alone.
    """

    def __init__(self, alone: Alone, call: Callable[[Dict[str, Any]], Any], source: str) -> None:
        self.form: Optional[InputForm] = None
        self.restart: Callable[[], None] = _nothing
        """Called before a request is run after another in the same frame: its time begins."""
        self._alone = alone
        self._call = call
        self._source = source
        self._failures = 0

    def execute(self, frame: Frame) -> Tuple[BatchAnswer, float]:
        """All answers and the milliseconds that all runs took."""
        requests = unpack(frame)
        found: List[Optional[Result]] = [None] * len(requests)
        begun = time.perf_counter()
        for group in self._groups(requests):
            together = self._together([request for _, request in group])
            for (at, _), result in zip(group, together or ()):
                found[at] = result
        spent = _elapsed(begun)
        done = [
            self._one(request) if result is None else result
            for request, result in zip(requests, found)
        ]
        alone_ms = sum(ms for (_, ms), result in zip(done, found) if result is None)
        return BatchAnswer(done), round(spent + alone_ms, 3)

    def _one(self, frame: Frame) -> Result:
        self.restart()
        return self._alone(frame)

    def _groups(self, frames: Sequence[Frame]) -> List[List[Tuple[int, Request]]]:
        """The requests that can be run together, with their places; never a group of one."""
        if self.form is None:
            return []
        groups: Dict[Hashable, List[Tuple[int, Request]]] = {}
        for at, frame in enumerate(frames):
            try:
                request = self.form.read(frame)
            except Exception:  # run alone it gets the answer that it deserves
                continue
            groups.setdefault(request.key, []).append((at, request))
        return [group for group in groups.values() if len(group) > 1]

    def _together(self, requests: Sequence[Request]) -> Optional[List[Result]]:
        """The answers of one run(); None when each has to be run alone."""
        REQUEST_ID.set(_id_of(requests))
        self.restart()
        into = collecting.current()
        if into is not None:
            into.begin(
                [(find(each.headers, "x-request-id") or "", each.rows) for each in requests]
            )
        begun = time.perf_counter()
        assert self.form is not None
        try:
            found = self.together(requests, self.form)
        except BaseException as error:
            self._failed(error)
            if into is not None:
                into.end(failed=True)
            return None
        if into is not None:
            into.end(failed=False)
        self._failures = 0
        run_ms = _elapsed(begun)
        return [(answer, run_ms) for answer in found]

    def together(self, requests: Sequence[Request], form: InputForm) -> List[Answer]:
        """One run() for all. Raises what run() raises, and Unmergeable for a wrong result."""
        result = self._call(form.joined(requests))
        pieces = rows.part(result, [request.rows for request in requests])
        return [answers.of_result(piece) for piece in pieces]

    def single(self, request: Request, form: InputForm) -> Answer:
        """The answer of a request run as if alone. Raises as ``together``."""
        result = self._call(form.joined([request]))
        rows.part(result, [request.rows])
        return answers.of_result(result)

    def _failed(self, error: BaseException) -> None:
        why = str(error) if isinstance(error, Unmergeable) else one_line(error, self._source)
        LOG.debug("A batch is run one by one: %s", why)
        if not isinstance(error, Unmergeable):
            return  # most likely one of them is bad
        self._failures += 1
        if self._failures >= GIVE_UP:
            self.form = None
            LOG.warning("Batching ends in this worker: %s", why)


def unpack(frame: Frame) -> List[Frame]:
    """The requests of a batch, each a frame of its own with the batch's id."""
    body = body_of(frame)
    view = memoryview(body)
    requests, at = [], 0
    for head in frame.head["batch"]:
        end = at + int(head["size"])
        requests.append(Frame(frame.type, frame.id, head, bytes(view[at:end]), frame.deadline))
        at = end
    return requests


def describe(on: bool, why: str = "") -> Dict[str, Any]:
    """What the second HELLO says of batching."""
    return {"on": on, "why": why}


def difference(alone: Answer, batched: Answer) -> str:
    """'' where both say the same; else what each says, at the first place where they differ."""
    if alone.status != batched.status:
        return "status %d alone, %d in a batch" % (alone.status, batched.status)
    return _difference(json.loads(alone.body), json.loads(batched.body), "the answer")


def _difference(alone: Any, batched: Any, where: str) -> str:
    if isinstance(alone, str) and isinstance(batched, str) and alone != batched:
        inner = _parsed(alone), _parsed(batched)
        if all(isinstance(value, (list, dict)) for value in inner):
            return _difference(inner[0], inner[1], where)
    if type(alone) is type(batched):
        if isinstance(alone, list) and len(alone) == len(batched):
            pairs = [
                (a, b, "%s[%d]" % (where, at)) for at, (a, b) in enumerate(zip(alone, batched))
            ]
            return next((found for found in (_difference(*pair) for pair in pairs) if found), "")
        if isinstance(alone, dict) and list(alone) == list(batched):
            pairs = [(alone[name], batched[name], "%s[%r]" % (where, name)) for name in alone]
            return next((found for found in (_difference(*pair) for pair in pairs) if found), "")
    if _same(alone, batched):
        return ""
    return "%s is %s alone and %s in a batch" % (where, _short(alone), _short(batched))


def _same(alone: Any, batched: Any) -> bool:
    if isinstance(alone, float) and isinstance(batched, float):
        return abs(alone - batched) <= 1e-8 + 1e-5 * abs(alone)
    return type(alone) is type(batched) and bool(alone == batched)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _id_of(requests: Sequence[Request]) -> str:
    """The first request's id and how many more there are, for log lines."""
    first = find(requests[0].headers, "x-request-id") or "-"
    return "%s and %d more" % (first, len(requests) - 1)


def _elapsed(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 3)


def _nothing() -> None:
    pass
