"""
A request and its reply, whoever serves them, and how a protocol other than a script's takes part.

Values only: the HTTP server makes a ``Request``, the application gives a ``Reply``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from modelyard.serving.refusals import Refusal
from modelyard.serving.streams import Stream

Headers = list[tuple[str, str]]


class Request:
    """What came in. ``headers`` has lower-case names, in order, repeated ones too."""

    __slots__ = ("_headers", "method", "path", "query")

    def __init__(self, method: str, path: str, query: str, headers: Headers) -> None:
        self.method = method
        self.path = path
        self.query = query
        self._headers: Headers | None = headers

    @property
    def headers(self) -> Headers:
        """All of them."""
        return self._headers or []

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


@dataclass(slots=True)
class Reply:
    """What goes back; ``done`` is called when a streamed body has ended in any way."""

    status: int
    headers: Headers
    body: bytes | bytearray | memoryview | Stream = b""
    done: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True, slots=True)
class HeaderLines:
    """
    A script's headers as bytes, without those that are the front's own.

    ``timed`` says that they tell already how long run() took.
    """

    sent: bytes
    timed: bool


@dataclass(slots=True)
class Answer:
    """
    What a worker said: a whole body, or a stream of it.

    ``tensors`` is what the RESPONSE's head says of its body where a model without a script
    answered: [[name, datatype, shape, size], …]; the body is then their data, one after the other.
    ``batch`` are the heads of the parts, where several requests were run together. ``headers`` may
    be shared with other answers: copy before you change them. ``lines`` are the same as they are
    sent, where that is known.
    """

    status: int
    headers: Headers
    run_ms: float | None
    body: bytes | memoryview | Stream
    tensors: list[Any] | None = None
    batch: list[Any] | None = None
    lines: HeaderLines | None = None


class QuickRender(ABC):
    """A way to render that can do without headers where an answer has only the usual ones."""

    @abstractmethod
    def __call__(self, answer: Answer, headers: Headers) -> Reply:
        """As ``Prepared.render``."""

    @abstractmethod
    def quick(self, answer: Answer) -> bytes | None:
        """
        The body of the reply where its status is 200, its content type JSON and its other headers
        are ``answer.lines``; None where it must be rendered whole. Does not raise.
        """


@dataclass(slots=True)
class Prepared:
    """
    A request turned into what a worker takes.

    ``head`` is the head of the REQUEST frame, encoded. ``render`` makes the reply of the worker's
    answer; its second argument are the front's own headers (ids, CORS), which come first in it.
    It may be a ``QuickRender``, and is None for the answer of a script as it is. ``plan`` is how
    the request may be merged with others; None leaves that to a look at the head.
    """

    head: bytes
    body: bytes | bytearray | memoryview
    render: Callable[[Answer, Headers], Reply] | None
    plan: object | None = None


class Protocols(Protocol):
    """
    What a front speaks beside a script's own protocol.

    It is asked for all paths but ``/`` and, where there is a script, ``/score``.
    """

    def immediate(self, request: Request) -> Reply | None:
        """
        The reply to what needs no worker (the front adds its own headers); None for all else.

        Asked as soon as the head has come. Raises Refusal.
        """

    def takes(self, request: Request) -> bool:
        """Whether ``prepare`` knows this path; else it is a 404."""

    def reads(self, request: Request, size: int) -> bool:
        """Whether ``prepare`` is to read a script's own request, with a body of that size."""

    def prepare(self, request: Request, body: bytes) -> Prepared:
        """What goes to a worker, its body read. Raises Refusal."""

    def refused(self, request: Request, refusal: Refusal) -> Reply | None:
        """The error in this protocol's shape (the front adds its headers); None for ours."""
