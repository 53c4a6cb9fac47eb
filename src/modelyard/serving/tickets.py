"""A request on its way through the front, and what comes back for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from modelyard.serving.exchange import Answer, Headers
from modelyard.serving.refusals import ClientGone
from modelyard.serving.streams import Stream

__all__ = ["Answer", "Headers", "Ticket"]


@dataclass(slots=True, eq=False)
class Ticket:
    """
    One request for a worker.

    ``head`` is the REQUEST frame's head, encoded. ``gone`` waits until the client has left (asked
    only for requests that take long). ``attempts`` counts the workers it was given to. ``begun``
    says that a piece of its body has come.
    """

    id: int
    head: bytes
    body: bytes
    taken: float
    future: "asyncio.Future[Answer]"
    gone: Callable[[], Awaitable[None]]
    wait_until: float = 0.0
    attempts: int = 0
    cancelled: bool = False
    begun: bool = False
    stream: Stream | None = None
    watch: "asyncio.Future[None] | None" = field(default=None, repr=False)

    def answer(self, answer: Answer) -> None:
        """Hand over the answer, unless the client is gone."""
        if not self.future.done():
            self.future.set_result(answer)

    def refuse(self, error: Exception) -> None:
        """Fail this request; ends its stream when the answer has begun."""
        if self.stream is not None:
            self.stream.fail(error)
        elif not self.future.done():
            self.future.set_exception(error)

    def leave(self) -> None:
        """The client has gone: nobody waits for the answer any more."""
        self.cancelled = True
        if self.stream is not None:
            self.stream.fail(ClientGone())
        elif not self.future.done():
            self.future.set_exception(ClientGone())

    def watch_client(self, on_gone: "Callable[[Ticket], None]") -> None:
        """Call ``on_gone`` when the client leaves before its answer is complete."""
        if self.watch is not None or self.cancelled:
            return
        watch = asyncio.ensure_future(self.gone())

        def done(future: "asyncio.Future[None]") -> None:
            if not future.cancelled() and future.exception() is None and not self.complete:
                on_gone(self)

        watch.add_done_callback(done)
        self.watch = watch

    @property
    def complete(self) -> bool:
        """Whether the answer has been handed over whole."""
        if self.stream is not None:
            return self.stream.complete
        return self.future.done()

    def close(self) -> None:
        """The handler has finished: stop watching the client."""
        if self.watch is not None and not self.watch.done():
            self.watch.cancel()
