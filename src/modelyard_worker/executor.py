"""Runs run(): arguments in, an answer out, whatever happens on the way."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from time import perf_counter
from typing import (
    TYPE_CHECKING,
    Any,
    AsyncIterator,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Tuple,
    Union,
)

from modelyard_worker import answers, collecting, selftest
from modelyard_worker.answers import Answer
from modelyard_worker.batching import BatchAnswer, Batcher
from modelyard_worker.context import REQUEST_ID
from modelyard_worker.faults import traceback_of
from modelyard_worker.frames import Frame
from modelyard_worker.headers import find
from modelyard_worker.logs import LOG
from modelyard_worker.script import Script

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


_NEVER_AWAITABLE = frozenset((dict, list, str, type(None)))


class Outcome(NamedTuple):
    """The answer of one request, or of a batch, and how long run() took."""

    answer: Union[Answer, BatchAnswer]
    run_ms: float


class Runner(ABC):
    """What the loop needs of whoever runs its requests."""

    restart: Callable[[], None] = staticmethod(lambda: None)
    """Set by the loop: called where one frame has several runs, before each."""

    tell: Callable[[BaseException, str, str], None] = staticmethod(lambda *_: None)
    """Set by the loop: takes an exception of the user's code, the request's id and the source."""

    @abstractmethod
    def ready(self, greeting: Dict[str, Any]) -> Dict[str, Any]:
        """What the second HELLO says of it; tests batching where the front's greeting asks."""

    @abstractmethod
    def execute(self, frame: Frame) -> Outcome:
        """Run one request. Nothing that it raises comes out of here."""

    def pieces(self, stream: Any) -> Iterator[Any]:
        """The pieces of an answer that is streamed."""
        return iter(stream)

    @abstractmethod
    def failure(self, error: BaseException, request_id: str) -> Answer:
        """The answer for an exception."""

    def close(self) -> None:  # noqa: B027 - not every runner has something to end
        """The worker ends."""


class Executor(Runner):
    """The script's run() with everything around it; always in the main thread."""

    def __init__(self, script: Script, source: str) -> None:
        self._script = script
        self.source = source
        self.batcher = Batcher(self._alone, self._call, source)
        self._loop: Optional[AbstractEventLoop] = None

    def ready(self, greeting: Dict[str, Any]) -> Dict[str, Any]:
        said = self._script.describe()
        if greeting.get("batching"):
            said["batching"] = selftest.switch_on(self.batcher, self._script, self.source)
        return said

    def execute(self, frame: Frame) -> Outcome:
        """Run one request or a batch. Nothing that the script raises comes out of here."""
        if "batch" in frame.head:
            self.batcher.restart = self.restart
            return Outcome(*self.batcher.execute(frame))
        return self._execute(frame)

    def _execute(self, frame: Frame) -> Outcome:
        head, script = frame.head, self._script
        request_id = find(head.get("headers") or (), "x-request-id") or ""
        REQUEST_ID.set(request_id, head.get("trace") or "")
        into = collecting.current()
        if into is not None:
            into.begin()
        begun = perf_counter()
        try:
            if head.get("method") == "OPTIONS" and not script.raw:
                return Outcome(answers.nothing(), 0.0)
            arguments = script.read(frame)
            begun = perf_counter()
            result = script.run(**arguments)
            if type(result) not in _NEVER_AWAITABLE:
                result = self.finished(result)
            run_ms = _milliseconds_since(begun)
            answer = answers.of_result(result)
        except BaseException as error:
            run_ms = _milliseconds_since(begun)
            answer = self.failure(error, request_id)
        if into is not None:
            into.end(failed=answer.status >= 400)
        return Outcome(answer, run_ms)

    def _call(self, arguments: Dict[str, Any]) -> Any:
        return self.finished(self._script.run(**arguments))

    def _alone(self, frame: Frame) -> Tuple[Answer, float]:
        """One request of a batch; a stream, which no batch can carry, is read to its end."""
        answer, run_ms = self._execute(frame)
        assert isinstance(answer, Answer)
        if answer.pieces is None:
            return answer, run_ms
        try:
            return self._collected(answer), run_ms
        except BaseException as error:
            return self.failure(error, REQUEST_ID.get()), run_ms

    def _collected(self, answer: Answer) -> Answer:
        found = list(self.pieces(answer.pieces))
        headers = list(answer.headers)
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("content-type", answers.stream_type(found[0] if found else b"")))
        return Answer(answer.status, headers, b"".join(map(answers.piece_bytes, found)))

    def finished(self, result: Any) -> Any:
        """What an ``async def`` gives in the end; anything else as it is."""
        if type(result) in _NEVER_AWAITABLE or not inspect.isawaitable(result):
            return result
        return self.loop.run_until_complete(result)

    def failure(self, error: BaseException, request_id: str) -> Answer:
        """The answer for an exception; the script's own are logged with their traceback."""
        if not answers.is_callers_fault(error):
            LOG.error("run() failed (request %s)\n%s", request_id or "-", traceback_of(error))
            self.tell(error, request_id, self.source)
        return answers.of_exception(error, request_id, self.source)

    def pieces(self, stream: Any) -> Iterator[Any]:
        """The pieces of a generator, async or not."""
        return self._drained(stream) if hasattr(stream, "__anext__") else stream

    def _drained(self, stream: AsyncIterator[Any]) -> Iterator[Any]:
        try:
            while True:
                yield self.loop.run_until_complete(stream.__anext__())
        except StopAsyncIteration:
            return
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                self.loop.run_until_complete(close())

    @property
    def loop(self) -> AbstractEventLoop:
        """The loop of an async run(); made when first wanted and kept."""
        if self._loop is None:
            import asyncio  # 30 ms that only an async run() needs

            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop

    def close(self) -> None:
        """Close the loop, its tasks cancelled."""
        if self._loop is None:
            return
        import asyncio

        tasks: List[Any] = list(asyncio.all_tasks(self._loop))
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()


def _milliseconds_since(begun: float) -> float:
    return round((perf_counter() - begun) * 1000, 3)
