"""The collector's answers over the HTTP server that fronts have as well."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from modelyard.collector.app import Web, problem, too_large
from modelyard.collector.web import HttpAnswer, HttpRequest
from modelyard.domain.errors import BadInput
from modelyard.serving.exchange import Reply
from modelyard.serving.http_request import Incoming
from modelyard.serving.refusals import Refusal
from modelyard.serving.sharing import SharedBody
from modelyard.serving.streams import Stream

_JSON = {"content-type": "application/json"}


class WebApplication:
    """An ``Application`` of the server; a task for each request under way."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self.draining = False

    def open(self, request: Incoming) -> None:
        """Refuse what says that it is too large before it has come."""
        limit = self._web.limit(request.method, request.path)
        if limit and request.length > limit:
            self._respond(request, too_large(_plain(request), limit))

    def more(self, request: Incoming) -> None:
        """Refuse what has become too large."""
        limit = self._web.limit(request.method, request.path)
        if len(request.body) > limit:
            self._respond(request, too_large(_plain(request), limit))

    def handle(self, request: Incoming) -> None:
        """Answer in a task of its own, which ends when the client goes."""
        task = asyncio.ensure_future(self._answer(request))
        request.work = task
        request.on_gone = _cancel

    def unreadable(self, request: Incoming, error: Exception) -> Reply:
        """The reply to what is no HTTP."""
        text = error.message if isinstance(error, Refusal) else "This request cannot be read."
        answer = problem(_plain(request), BadInput(text))
        status = error.status if isinstance(error, Refusal) else answer.status
        return Reply(status, list(answer.headers.items()), answer.body)  # type: ignore[arg-type]

    async def _answer(self, request: Incoming) -> None:
        self._respond(request, await self._web.answer(_whole(request)))

    def _respond(self, request: Incoming, answer: HttpAnswer) -> None:
        headers = list(answer.headers.items())
        if isinstance(answer.body, bytes):
            request.on_gone = None
            request.client.respond(request, Reply(answer.status, headers, answer.body))
            return
        pump = _Pump(answer.body)
        request.work = pump.task
        request.client.respond(request, Reply(answer.status, headers, pump.stream, pump.stop))


class _Pump:
    """Moves pieces from an iterator to a stream, as fast as the client takes them."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.stream = Stream(self._flowing.clear, self._flowing.set)
        self.task = asyncio.ensure_future(self._move(pieces))

    def stop(self) -> None:
        """The stream has ended in some way."""
        self.task.cancel()

    async def _move(self, pieces: AsyncIterator[bytes]) -> None:
        try:
            async for piece in pieces:
                self.stream.push(piece)
                await self._flowing.wait()
            self.stream.end()
        except Exception as error:  # noqa: BLE001 - what it was is in the producer's log
            self.stream.fail(error)
        finally:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()


def _cancel(request: Incoming) -> None:
    if request.work is not None:
        request.work.cancel()


def _plain(request: Incoming) -> HttpRequest:
    """Without its body."""
    headers = dict(reversed(request.headers))  # of repeated ones the first
    return HttpRequest(request.method, request.path, headers=headers)


def _whole(request: Incoming) -> HttpRequest:
    headers = dict(reversed(request.headers))  # of repeated ones the first
    body = request.body
    return HttpRequest(
        request.method,
        request.path,
        dict(parse_qsl(request.query, keep_blank_values=True)),
        headers,
        body.bytes() if isinstance(body, SharedBody) else bytes(body),
    )
