"""The HTTP server itself, with a small application behind it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from modelyard.serving import http, http_connection
from modelyard.serving.exchange import Reply
from modelyard.serving.http import HttpServer
from modelyard.serving.http_request import Incoming
from modelyard.serving.refusals import ClientGone, Refusal
from modelyard.serving.streams import Stream

POST = b"POST /echo HTTP/1.1\r\nhost: x\r\n"


class Echo:
    """Answers at once, but for /later (when told), /stream (as fed) and /refuse (its head)."""

    def __init__(self) -> None:
        self.draining = False
        self.later: list[Incoming] = []
        self.gone: list[str] = []
        self.asked: list[str] = []
        self.streams: list[Stream] = []
        self.paused = False
        self.got = 0

    def open(self, request: Incoming) -> None:
        request.on_gone = self._left
        if request.path == "/refuse":
            request.client.respond(request, Reply(413, [], b"too large"))

    def more(self, request: Incoming) -> None:
        self.got = len(request.body)

    def handle(self, request: Incoming) -> None:
        self.asked.append(request.path)
        request.on_gone = self._left
        if request.path == "/later":
            self.later.append(request)
        elif request.path == "/stream":
            stream = Stream(lambda: setattr(self, "paused", True), lambda: None)
            self.streams.append(stream)
            request.client.respond(request, Reply(200, [], stream))
        else:
            said = f"{request.method} {request.path}?{request.query} {len(request.body)}"
            request.client.respond(request, Reply(200, [("x-own", "1")], said.encode()))

    def _left(self, request: Incoming) -> None:
        self.gone.append(request.path)

    def unreadable(self, request: Incoming, error: Exception) -> Reply:
        if not isinstance(error, Refusal):
            raise error
        return Reply(error.status, [], error.message.encode())


class Server:
    """What a scenario is given: an application, and bytes to it and from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.app = Echo()
        self.server = HttpServer(self.app, path)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self.path)

    async def talk(self, *pieces: bytes) -> bytes:
        """All that comes back until the server closes or has nothing more to say."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        found = b""
        try:
            while piece := await asyncio.wait_for(reader.read(1 << 20), 0.3):
                found += piece
        except TimeoutError:
            pass
        finally:
            writer.close()
        return found


Scenario = Callable[[Server], Awaitable[None]]
Play = Callable[[Scenario], None]


@pytest.fixture
def play(short_folder: Path) -> Play:
    async def run(scenario: Scenario) -> None:
        server = Server(short_folder / "s")
        await server.server.start()
        try:
            async with asyncio.timeout(20):
                await scenario(server)
        finally:
            await server.server.stop(0.1)

    return lambda scenario: uvloop.run(run(scenario))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def asking(request: bytes, answer: bytes, *, closes: bool = False) -> Scenario:
    async def scenario(server: Server) -> None:
        found = await server.talk(request)
        assert found.endswith(answer), found
        assert (b"connection: close" in found) is closes

    return scenario


@pytest.mark.parametrize(
    ("request_", "answer", "closes"),
    [
        pytest.param(POST + b"content-length: 3\r\n\r\nabc", b"POST /echo? 3", False, id="length"),
        pytest.param(
            POST + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            b"POST /echo? 5", False, id="chunks",
        ),
        pytest.param(
            POST + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-late: 1\r\n\r\n"
            b"GET /two HTTP/1.1\r\n\r\n", b"GET /two? 0", False, id="trailers are forgotten",
        ),
        pytest.param(b"GET /a%20b?c=%20&d HTTP/1.1\r\n\r\n", b"GET /a b?c=%20&d 0", False,
                     id="an escaped path"),
        pytest.param(b"GET http://host/a?b HTTP/1.1\r\n\r\n", b"GET /a?b 0", False,
                     id="an absolute target"),
        pytest.param(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n", b"GET /? 0", True,
                     id="close when asked"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", b"GET /? 0", True, id="HTTP/1.0"),
        pytest.param(
            b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", b"GET /? 0", True,
            id="an upgrade is not taken",
        ),
        pytest.param(
            POST + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 3\r\n\r\nabc",
            b"POST /echo? 3", True, id="an upgrade is not taken, the body is",
        ),
        pytest.param(
            POST + b"connection: upgrade\r\nupgrade: h2c\r\ntransfer-encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n0\r\n\r\n", b"POST /echo? 3", True,
            id="an upgrade is not taken, the body in chunks is",
        ),
    ],
)  # fmt: skip
def test_a_request_is_read_and_answered(
    play: Play, request_: bytes, answer: bytes, closes: bool
) -> None:
    play(asking(request_, answer, closes=closes))


def test_http_1_0_may_keep_its_connection(play: Play) -> None:
    async def scenario(server: Server) -> None:
        found = await server.talk(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        assert b"connection: keep-alive" in found

    play(scenario)


def test_head_has_the_length_and_no_body(play: Play) -> None:
    async def scenario(server: Server) -> None:
        found = await server.talk(b"HEAD /abc HTTP/1.1\r\n\r\n")
        assert found.endswith(b"content-length: 12\r\n\r\n")

    play(scenario)


def test_a_request_may_come_byte_by_byte(play: Play) -> None:
    async def scenario(server: Server) -> None:
        request = POST + b"content-length: 3\r\n\r\nabc"
        found = await server.talk(*(request[at : at + 1] for at in range(len(request))))
        assert found.endswith(b"POST /echo? 3")

    play(scenario)


def test_requests_sent_at_once_are_answered_in_order(play: Play) -> None:
    async def scenario(server: Server) -> None:
        asked = b"GET /later HTTP/1.1\r\n\r\n" + b"".join(
            b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(50)
        )
        reader, writer = await server.connect()
        writer.write(asked)
        await until(lambda: server.app.later)
        later = server.app.later[0]
        later.client.respond(later, Reply(200, [], b"first"))
        found = await reader.readuntil(b"/49? 0")
        writer.close()

        assert found.index(b"first") < found.index(b"GET /0?")
        assert server.app.asked == ["/later", *(f"/{number}" for number in range(50))]

    play(scenario)


def test_no_more_is_read_while_answers_wait(play: Play) -> None:
    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(b"GET /later HTTP/1.1\r\n\r\n")
        await until(lambda: server.app.later)
        body = b"x" * 100_000
        request = POST + b"content-length: %d\r\n\r\n" % len(body) + body
        sent = 0
        try:
            while sent < 50_000_000:
                writer.write(request)
                sent += len(request)
                await asyncio.wait_for(writer.drain(), 0.3)
        except TimeoutError:
            pass
        assert sent < 5_000_000
        later = server.app.later[0]
        later.client.respond(later, Reply(200, [], b"first"))
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 1 + sent // len(request):
            answers += await reader.read(100_000)
        writer.close()

    play(scenario)


def test_a_client_that_waits_to_be_told_to_continue_is_told(play: Play) -> None:
    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(POST + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.close()

    play(scenario)


def test_a_client_that_waits_and_is_refused_is_not_told_to_continue(play: Play) -> None:
    async def scenario(server: Server) -> None:
        found = await server.talk(
            b"POST /refuse HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n"
        )
        assert statuses(found) == [413]

    play(scenario)


def test_a_refused_client_that_goes_on_sending_gets_its_answer(play: Play) -> None:
    async def scenario(server: Server) -> None:
        head = b"POST /refuse HTTP/1.1\r\ncontent-length: 8000000\r\n\r\n"
        found = await server.talk(head, *(b"x" * 100_000 for _ in range(80)))
        assert statuses(found) == [413]
        assert b"connection: close" in found

    play(scenario)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(POST + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc", 400,
                     id="a length and chunks"),
        pytest.param(POST + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n", 400,
                     id="chunks and a length"),
        pytest.param(POST + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd", 400,
                     id="two lengths"),
        pytest.param(POST + b"content-length: +3\r\n\r\nabc", 400, id="a signed length"),
        pytest.param(POST + b"content-length: 99999999999999999999\r\n\r\n", 400,
                     id="a length beyond counting"),
        pytest.param(POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501,
                     id="another encoding"),
        pytest.param(POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n", 501,
                     id="an unknown encoding"),
        pytest.param(b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400,
                     id="chunks in HTTP/1.0"),
        pytest.param(POST + b"x: a\r\n b\r\n\r\n", 400, id="a folded header"),
        pytest.param(POST + b"content-length : 3\r\n\r\nabc", 400, id="a space before the colon"),
        pytest.param(POST + b"x: a\nb: c\r\n\r\n", 400, id="a bare line feed"),
        pytest.param(POST + b"x: a\x00b\r\n\r\n", 400, id="a zero byte"),
        pytest.param(POST + b"transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400,
                     id="a strange chunk"),
        pytest.param(b"GET / HTTP/2.0\r\n\r\n", 505, id="another version"),
        pytest.param(b"GET /\r\n\r\n", 505, id="no version"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431, id="many headers"),
        pytest.param(b"GET / HTTP/1.1\r\na: " + b"b" * 70_000 + b"\r\n\r\n", 431,
                     id="a large header"),
        pytest.param(b"GET / HTTP/1.1\r\na: " + b"b" * 70_000, 431, id="a header without end"),
        pytest.param(b"GET /" + b"b" * 70_000 + b" HTTP/1.1\r\n\r\n", 431, id="a large target"),
        pytest.param(b"GET /" + b"b" * 300_000, 431, id="a target without end"),
        pytest.param(
            POST + b"transfer-encoding: chunked\r\n\r\n0\r\na: " + b"b" * 1_000_000, 431,
            id="trailers without end",
        ),
    ],
)  # fmt: skip
def test_what_could_be_understood_in_two_ways_or_never_ends_is_refused(
    play: Play, request_: bytes, status: int
) -> None:
    async def scenario(server: Server) -> None:
        found = await server.talk(request_ + b"GET /smuggled HTTP/1.1\r\n\r\n")
        assert statuses(found) == [status]
        assert b"connection: close" in found
        assert "/smuggled" not in server.app.asked

    play(scenario)


def test_what_came_before_a_broken_request_is_answered_first(play: Play) -> None:
    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(b"GET /later HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\n\r\nbroken\r\n\r\n")
        await until(lambda: server.app.later)
        later = server.app.later[0]
        later.client.respond(later, Reply(200, [], b"first"))
        found = await reader.read()
        writer.close()

        assert statuses(found) == [200, 200, 400]

    play(scenario)


def test_a_client_that_leaves_is_noticed_while_it_waits_and_while_it_sends(play: Play) -> None:
    async def scenario(server: Server) -> None:
        for request in (b"GET /later HTTP/1.1\r\n\r\n", POST + b"content-length: 9\r\n\r\nabc"):
            _, writer = await server.connect()
            writer.write(request)
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.close()
        await until(lambda: server.app.gone == ["/later", "/echo"])

    play(scenario)


def test_a_late_answer_to_a_client_that_left_is_ignored(play: Play) -> None:
    async def scenario(server: Server) -> None:
        _, writer = await server.connect()
        writer.write(b"GET /later HTTP/1.1\r\n\r\n")
        await until(lambda: server.app.later)
        writer.close()
        await until(lambda: server.app.gone)
        later = server.app.later[0]

        later.client.respond(later, Reply(200, [], b"too late"))

    play(scenario)


def test_a_taken_request_is_known_by_the_first_bytes_of_its_answer(play: Play) -> None:
    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(b"POST /later HTTP/1.1\r\ncontent-length: 3\r\n\r\nab")
        await asyncio.sleep(0.05)
        assert not server.app.later
        writer.write(b"c")
        assert await reader.readexactly(9) == b"HTTP/1.1 "
        later = server.app.later[0]
        later.client.respond(later, Reply(200, [], b"first"))
        assert (await reader.readuntil(b"first")).startswith(b"200 OK\r\n")
        writer.close()

    play(scenario)


def test_a_stream_comes_in_chunks_and_the_connection_goes_on(play: Play) -> None:
    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(b"GET /stream HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n")
        await until(lambda: server.app.streams)
        stream = server.app.streams[0]
        stream.push(b"abc")
        assert (await reader.readuntil(b"3\r\nabc\r\n")).startswith(b"HTTP/1.1 200 ")
        stream.push(b"de")
        stream.end()
        rest = await reader.readuntil(b"/next? 0")
        writer.close()

        assert rest.startswith(b"2\r\nde\r\n0\r\n\r\nHTTP/1.1 200 ")

    play(scenario)


def test_a_stream_to_http_1_0_ends_with_the_connection_even_if_kept(play: Play) -> None:
    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(b"GET /stream HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        await until(lambda: server.app.streams)
        server.app.streams[0].push(b"piece")
        server.app.streams[0].end()
        found = await asyncio.wait_for(reader.read(), 5)
        writer.close()

        assert found.endswith(b"connection: close\r\n\r\npiece")

    play(scenario)


@pytest.mark.parametrize("status", [204, 304])
def test_a_stream_of_a_status_without_a_body_sends_none(play: Play, status: int) -> None:
    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(b"GET /later HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\n\r\n")
        await until(lambda: server.app.later)
        later, stream = server.app.later[0], Stream(lambda: None, lambda: None)
        stream.push(b"piece")
        later.client.respond(later, Reply(status, [], stream))
        found = await reader.readuntil(b"GET /two? 0")
        writer.close()

        assert statuses(found) == [status, 200]
        assert b"piece" not in found
        assert b"transfer-encoding" not in found

    play(scenario)


def test_a_stream_behind_an_answer_that_nobody_reads_is_held_up(play: Play) -> None:
    async def scenario(server: Server) -> None:
        _, writer = await server.connect()
        writer.write(b"GET /later HTTP/1.1\r\n\r\nGET /stream HTTP/1.1\r\n\r\n")
        await until(lambda: server.app.later)
        later = server.app.later[0]
        later.client.respond(later, Reply(200, [], bytes(8 * 1024 * 1024)))
        await until(lambda: server.app.streams)
        for _ in range(64):
            server.app.streams[0].push(bytes(64 * 1024))
            await asyncio.sleep(0)
        writer.close()

        assert server.app.paused

    play(scenario)


def test_a_stream_that_breaks_off_has_no_end(play: Play) -> None:
    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(b"GET /stream HTTP/1.1\r\n\r\n")
        await until(lambda: server.app.streams)
        server.app.streams[0].push(b"abc")
        server.app.streams[0].fail(RuntimeError("midway"))
        found = await reader.read()
        writer.close()

        assert found.endswith(b"3\r\nabc\r\n")

    play(scenario)


def test_a_slow_reader_holds_its_stream_up_and_one_that_leaves_ends_it(play: Play) -> None:
    async def scenario(server: Server) -> None:
        _, writer = await server.connect()
        writer.write(b"GET /stream HTTP/1.1\r\n\r\n")
        await until(lambda: server.app.streams)
        stream = server.app.streams[0]
        for _ in range(100):
            stream.push(b"x" * 100_000)
            await asyncio.sleep(0)
        assert server.app.paused
        writer.close()
        await until(lambda: server.app.gone)
        with pytest.raises(ClientGone):
            await anext(stream)

    play(scenario)


def test_while_draining_every_answer_is_the_last_of_its_connection(play: Play) -> None:
    async def scenario(server: Server) -> None:
        server.app.draining = True
        found = await server.talk(b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
        assert statuses(found) == [200]
        assert b"connection: close" in found

    play(scenario)


def test_a_stop_closes_idle_connections_and_waits_for_answers(play: Play) -> None:
    async def scenario(server: Server) -> None:
        idle, writer = await server.connect()
        busy, other = await server.connect()
        other.write(b"GET /later HTTP/1.1\r\n\r\n")
        await until(lambda: server.app.later)

        stopping = asyncio.ensure_future(server.server.stop(5))
        assert await idle.read() == b""
        later = server.app.later[0]
        later.client.respond(later, Reply(200, [], b"in time"))
        answer = await busy.read()
        await stopping
        writer.close()
        other.close()

        assert answer.endswith(b"in time")
        assert not server.path.exists()

    play(scenario)


def test_a_connection_on_which_nothing_moves_is_closed(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "IDLE_SECONDS", 0.1)

    async def scenario(server: Server) -> None:
        readers = []
        for begun in (b"", b"GET /half", POST + b"content-length: 9\r\n\r\nabc"):
            reader, writer = await server.connect()
            writer.write(begun)
            readers.append((reader, writer))
        waiting, asked = await server.connect()
        asked.write(b"GET /later HTTP/1.1\r\n\r\n")
        for reader, writer in readers:
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
        later = server.app.later[0]
        later.client.respond(later, Reply(200, [], b"owed"))
        assert (await waiting.readuntil(b"owed")).startswith(b"HTTP/1.1 200 ")
        asked.close()

    play(scenario)


def test_it_also_listens_on_a_port() -> None:
    async def scenario() -> None:
        server = HttpServer(Echo(), ("127.0.0.1", 0))
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /a HTTP/1.1\r\n\r\n")
        assert await reader.readuntil(b"/a? 0")
        writer.close()
        await server.stop(0.1)

    asyncio.run(scenario())


def test_more_is_not_discarded_than_agreed(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "LINGER_BYTES", 100_000)

    async def scenario(server: Server) -> None:
        reader, writer = await server.connect()
        writer.write(b"POST /refuse HTTP/1.1\r\ncontent-length: 8000000\r\n\r\nx")
        assert await reader.readuntil(b"too large")
        sent = 0
        with contextlib.suppress(OSError):  # a broken pipe or a reset, as it happens
            while sent < 8_000_000:
                writer.write(b"x" * 100_000)
                sent += 100_000
                await writer.drain()
                await asyncio.sleep(0.001)
        writer.close()
        assert sent < 8_000_000

    play(scenario)
