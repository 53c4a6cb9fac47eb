"""A request on its way to a worker, and what comes back for it."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from modelyard.serving.exchange import Answer, Headers
from modelyard.serving.refusals import ClientGone
from modelyard.serving.sharing import SharedBody
from modelyard.serving.streams import Stream

__all__ = ["Answer", "Headers", "Owner", "Ticket"]


class Owner(Protocol):
    """Who is told, once, how a ticket ended; neither method raises."""

    def answered(self, ticket: "Ticket", answer: Answer) -> None:
        """A worker answered; a streamed body may still be coming."""

    def refused(self, ticket: "Ticket", error: Exception) -> None:
        """It cannot be answered: a Refusal, or what went wrong."""


@dataclass(slots=True, eq=False)
class Ticket:
    """
    One request for a worker.

    ``head`` is the REQUEST frame's head, encoded. ``subject`` is the owner's own. ``attempts``
    counts the workers it was given to. ``begun`` says that a piece of its body has come.
    ``cancelled`` says that nobody waits any more: its owner hears nothing further. ``plan`` is how
    it may be merged with others: UNKNOWN until looked at, None where it must be run alone.
    ``given`` is when a worker got it (0.0: none yet), ``worker`` that one's number, ``together``
    with how many it was run, itself among them.
    """

    UNKNOWN: ClassVar[object] = object()

    id: int
    head: bytes
    body: bytes | bytearray | memoryview | SharedBody
    taken: float
    owner: Owner
    subject: Any = None
    wait_until: float = 0.0
    attempts: int = 0
    settled: bool = False
    cancelled: bool = False
    begun: bool = False
    stream: Stream | None = None
    plan: Any = UNKNOWN
    given: float = 0.0
    worker: int = 0
    together: int = 1

    def answer(self, answer: Answer) -> None:
        """Hand over the answer, unless the client is gone."""
        if not (self.settled or self.cancelled):
            self.settled = True
            self.owner.answered(self, answer)

    def refuse(self, error: Exception) -> None:
        """Fail this request; breaks its stream off when the answer has begun."""
        if self.stream is not None:
            self.stream.fail(error)
        elif not (self.settled or self.cancelled):
            self.settled = True
            self.owner.refused(self, error)

    def leave(self) -> None:
        """The client has gone: nobody waits for the answer any more."""
        self.cancelled = True
        if self.stream is not None:
            self.stream.drop(ClientGone())

    @property
    def complete(self) -> bool:
        """Whether the answer has been handed over whole."""
        return self.settled if self.stream is None else self.stream.complete
