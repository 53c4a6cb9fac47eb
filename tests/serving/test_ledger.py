"""The file in which a front notes what has begun."""

import asyncio
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from modelyard.serving import ledger
from modelyard.serving.http_connection import SMALL, Connection
from modelyard.serving.http_parts import Connections
from modelyard.serving.ledger import LIVES, PLACES, SIZE, Ledger, open_ledger
from tests.serving.test_http import Echo, Reply

Later = list[tuple[Callable[..., object], tuple[object, ...]]]


def opened(path: Path, later: Later | None = None) -> Ledger:
    calls: Later = [] if later is None else later
    return open_ledger(path, lambda call, *given: calls.append((call, given)))


def fresh() -> bytes:
    return str(uuid.uuid4()).encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rings" / "r1.ledger"


def test_what_had_begun_is_known_to_all_that_come_after(path: Path) -> None:
    noted = []
    for _ in range(LIVES):
        front = opened(path)
        assert front.inherited == set(noted)
        noted.append(fresh())
        front.begin(noted[-1])

    assert opened(path).inherited == set(noted)


def test_fronts_that_note_nothing_push_nothing_out(path: Path) -> None:
    first, second = fresh(), fresh()
    opened(path).begin(first)
    opened(path).begin(second)

    for _ in range(3 * LIVES):
        after = opened(path)

    assert after.inherited == {first, second}


def test_an_answered_request_stays_noted_until_its_place_is_needed(path: Path) -> None:
    front, id = opened(path), fresh()
    front.end(front.begin(id))

    for _ in range(PLACES - 1):
        front.end(front.begin(fresh()))

    assert front.knows(id)
    assert id in opened(path).inherited


def test_a_place_is_used_again_only_after_its_answer_is_out(path: Path) -> None:
    later: Later = []
    front, id = opened(path, later), fresh()
    for _ in range(PLACES):
        front.end(front.begin(id))

    full = front.begin(fresh())  # the answers were handed over, in this turn of the loop perhaps
    for call, given in later:
        call(*given)

    assert (full, front.begin(fresh()) > 0) == (0, True)


def test_without_a_place_nothing_is_noted(path: Path) -> None:
    front = opened(path)
    for _ in range(PLACES):
        front.begin(fresh())
    id = fresh()

    assert front.begin(id) == 0
    assert not front.knows(id)


@pytest.mark.parametrize("found", [b"", b"other", b"x" * SIZE, ledger.MAGIC + b"x" * 100])
def test_a_file_that_is_none_is_started_afresh(path: Path, found: bytes) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(found)

    front = opened(path)

    assert front.inherited == frozenset()
    assert path.stat().st_size == SIZE
    assert front.begin(fresh()) > 0


def test_its_pages_are_claimed_and_it_is_for_this_user_alone(path: Path) -> None:
    opened(path)

    found = path.stat()
    assert found.st_blocks * 512 >= SIZE
    assert found.st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_is_no_file_is_an_error_that_a_front_can_go_on_without(path: Path) -> None:
    path.mkdir(parents=True, mode=0o700)

    with pytest.raises(OSError, match="directory"):
        opened(path)


def test_a_file_that_was_removed_is_made_again_with_all_that_stood_in_it(path: Path) -> None:
    former, before, after = fresh(), fresh(), fresh()
    opened(path).begin(former)
    front = opened(path)
    front.begin(before)

    path.unlink()
    path.parent.rmdir()
    front.keep()
    front.begin(after)

    assert opened(path).inherited == {former, before, after}


def test_where_the_file_cannot_be_made_again_nothing_is_noted(path: Path) -> None:
    later: Later = []
    front = opened(path, later)
    place = front.begin(fresh())
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("in the way")

    with pytest.raises(OSError, match=r"ring|exists|directory"):
        front.keep()
    front.keep()  # says it once
    front.end(place)

    assert (front.begin(fresh()), later) == (0, [])


def test_a_file_of_somebody_else_at_its_place_is_left_alone(path: Path) -> None:
    front = opened(path)
    path.unlink()
    other = opened(path)

    with pytest.raises(FileExistsError):
        front.keep()

    assert front.begin(fresh()) == 0
    assert other.begin(fresh()) > 0


class Life(RuleBasedStateMachine):
    """Fronts that begin and answer requests, and die at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.running: dict[bytes, int] = {}
        self.lost: list[set[bytes]] = []
        self.later: Later = []
        self.front = opened(self.path, self.later)

    @property
    def path(self) -> Path:
        return Path(self.folder.name) / "rings" / "ledger"

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(count=st.sampled_from([1, 7, PLACES // 2, PLACES]))
    def begin(self, count: int) -> None:
        for _ in range(count):
            id = fresh()
            place = self.front.begin(id)
            if place:
                self.running[id] = place

    @precondition(lambda self: self.running)
    @rule(share=st.floats(0, 1))
    def answer(self, share: float) -> None:
        for id in list(self.running)[: max(1, int(share * len(self.running)))]:
            self.front.end(self.running.pop(id))

    @rule()
    def turn(self) -> None:
        calls, self.later[:] = list(self.later), []
        for call, given in calls:
            call(*given)

    @rule()
    def die(self) -> None:
        self.lost = [*self.lost, set(self.running)][-LIVES:]
        self.running = {}
        self.later.clear()
        self.front = opened(self.path, self.later)
        for lost in self.lost:
            assert lost <= self.front.inherited

    @invariant()
    def no_place_is_lost_or_given_twice(self) -> None:
        front = self.front
        waiting = [place for _, (places,) in self.later for place in places]
        all_places = [*front._free, *front._answered, *waiting, *self.running.values()]
        assert len(all_places) == PLACES == len(set(all_places))

    @invariant()
    def what_runs_is_noted(self) -> None:
        assert all(self.front.knows(id) for id in list(self.running)[:3])


TestLife = Life.TestCase


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.ended

    def close(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Tagged(Echo):
    def handle(self, request: object) -> None:
        request.tag = request.known.get(b"x-request-id", b"")
        super().handle(request)


def connected(front: Ledger) -> tuple[Connection, Transport, Tagged]:
    app, transport = Tagged(), Transport()
    connection = Connection(app, Connections(), early=True, ledger=front)
    connection.connection_made(transport)
    return connection, transport, app


def asked(id: bytes, path: bytes = b"/later", body: int = 3) -> bytes:
    head = b"POST %s HTTP/1.1\r\nx-request-id: %s\r\ncontent-length: %d\r\n\r\n"
    return head % (path, id, body) + b"x" * body


def unused(front: Ledger) -> int:
    return len(front._free) + len(front._answered)


def in_a_loop(scenario: Callable[[], None]) -> None:
    async def run() -> None:
        scenario()

    uvloop.run(run())


def test_a_small_request_is_noted_instead_of_announced(path: Path) -> None:
    def scenario() -> None:
        front, id = opened(path), fresh()
        connection, transport, app = connected(front)

        connection.data_received(asked(id))
        assert front.knows(id)
        assert transport.written == b""
        assert unused(front) == PLACES - 1
        connection.respond(app.later[0], Reply(200, [], b"done"))

        assert transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
        assert unused(front) == PLACES

    in_a_loop(scenario)


@pytest.mark.parametrize("kind", ["large", "in parts", "behind another", "with a head before it",
                                  "of another id"])  # fmt: skip
def test_a_request_that_the_gateway_may_not_have_whole_is_announced(path: Path, kind: str) -> None:
    def scenario() -> None:
        front, id = opened(path), fresh()
        connection, transport, app = connected(front)
        whole = asked(id, body=SMALL if kind == "large" else 3)
        if kind == "of another id":
            whole = asked(b"mine")
        if kind == "behind another":
            connection.data_received(asked(fresh()))
            transport.written = b""
        cut = {"in parts": len(whole) - 1, "with a head before it": 20}.get(kind, 0)

        for part in (whole[:cut], whole[cut:]):
            connection.data_received(part)
        if kind == "behind another":
            assert not front.knows(id)
            connection.respond(app.later[0], Reply(200, [], b"done"))

        assert not front.knows(id)
        assert transport.written.endswith(b"HTTP/1.1 ")

    in_a_loop(scenario)


def test_what_is_answered_at_once_takes_no_place(path: Path) -> None:
    def scenario() -> None:
        front, id = opened(path), fresh()
        connection, transport, _ = connected(front)

        connection.data_received(asked(id, b"/echo"))
        connection.data_received(asked(id, b"/stream"))

        assert not front.knows(id)
        assert len(front._free) == PLACES
        assert transport.written.count(b"200 OK") == 2
        connection.connection_lost(None)

    in_a_loop(scenario)


def test_a_client_that_leaves_gives_its_place_back(path: Path) -> None:
    def scenario() -> None:
        front, id = opened(path), fresh()
        connection, _, app = connected(front)
        connection.data_received(asked(id))

        connection.connection_lost(None)
        connection.respond(app.later[0], Reply(200, [], b"too late"))

        assert unused(front) == PLACES
        assert front.knows(id)  # who lost the connection could also be we

    in_a_loop(scenario)


def test_when_all_places_are_taken_a_request_is_announced(path: Path) -> None:
    def scenario() -> None:
        front, id = opened(path), fresh()
        for _ in range(PLACES):
            front.begin(fresh())
        connection, transport, app = connected(front)

        connection.data_received(asked(id))
        assert transport.written == b"HTTP/1.1 "
        connection.respond(app.later[0], Reply(200, [], b"done"))

        assert transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
        assert unused(front) == 0

    in_a_loop(scenario)
