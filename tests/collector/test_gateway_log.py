import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from modelyard.collector.gateway_lines import LONGEST, Broken, Frames, Line, Said, understand
from modelyard.collector.gateway_log import KEPT, PATIENCE, GatewayLog, GatewaySocket
from modelyard.collector.store_engine import Batch
from modelyard.telemetry.records import About
from modelyard.telemetry.rows import Row, Rows
from modelyard.telemetry.tables import TABLES
from modelyard.testing.clock import FakeClock
from tests.collector.stores import Place, eventually, put, request

NAMES = TABLES["requests"].names
FRONT = Rows(About("front", "f1", "ws", "svc"))


def told(id: str, **facts: Any) -> bytes:
    """The line of a request that a front answered, but for what ``facts`` say."""
    known = {
        "time": time.time(), "id": id, "service": "ws/svc", "backend": "b", "method": "POST",
        "path": "/score", "status": 200, "received": 10, "sent": 20, "request_ms": 0,
        "connect_ms": 0, "answer_ms": 3, "total_ms": 4, "retries": "0", "end": "----",
    }  # fmt: skip
    return json.dumps({**known, **facts}, separators=(",", ":")).encode()


def row_of(id: str) -> Row:
    return FRONT.of(request(id))[1]


def turn(log: GatewayLog, *fronts: str) -> dict[str, list[dict[str, Any]]]:
    """One batch that succeeds: its rows by table."""
    batch = Batch()
    if fronts:
        batch.add("requests", log.join([row_of(id) for id in fronts], batch))
    log.collect(batch)
    log.committed()
    return {
        table: [dict(zip(TABLES[table].names, row, strict=True)) for row in rows]
        for table, rows in batch.rows.items()
    }


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(clock: FakeClock) -> GatewayLog:
    return GatewayLog(clock.monotonic)


def test_the_gateways_time_joins_the_fronts_row(log: GatewayLog) -> None:
    log.take([told("a", total_ms=7)])

    (row,) = turn(log, "a")["requests"]

    assert (row["id"], row["gatewayMs"], row["source"]) == ("a", 7, "front")
    assert turn(log) == {}


@pytest.mark.parametrize(("named", "chosen"), [("g", True), ("-", False)])
def test_what_named_its_version_and_was_lost_is_no_request_that_was_shared_out(
    log: GatewayLog, clock: FakeClock, named: str, chosen: bool
) -> None:
    log.take([told("a", status=502, named=named, answer_ms=-1)])
    turn(log)
    clock.advance(10)

    (row,) = turn(log)["requests"]

    assert (row["source"], row["chosen"]) == ("gateway", chosen)


def test_what_was_lost_of_a_user_is_that_users(log: GatewayLog, clock: FakeClock) -> None:
    log.take([told("a", status=503, user="0123456789abcdef", answer_ms=-1)])
    turn(log)
    clock.advance(10)

    (row,) = turn(log)["requests"]

    assert row["user_Id"] == "0123456789abcdef"


def test_what_the_gateway_refused_itself_is_its_own_row(log: GatewayLog) -> None:
    told_ = told("a", status=401, path="/serve/ws/svc/score", connect_ms=-1, answer_ms=-1)
    log.take([told_])

    (row,) = turn(log)["requests"]

    assert (row["id"], row["source"], row["resultCode"]) == ("a", "gateway", "401")
    assert row["name"] == "POST /score"
    assert (row["errorCode"], row["success"]) == ("unauthenticated", False)
    assert (row["service"], row["cloud_RoleName"]) == ("svc", "ws/svc")
    assert turn(log) == {}


def test_a_request_that_a_front_lost_is_the_gateways_only_when_the_fronts_row_does_not_come(
    log: GatewayLog, clock: FakeClock
) -> None:
    lost = {"status": 502, "answer_ms": -1, "end": "SH--"}
    log.take([told("mine", **lost), told("the fronts", **lost)])
    assert turn(log) == {}
    assert turn(log, "the fronts")["requests"][0]["gatewayMs"] == 4

    clock.advance(PATIENCE + 0.1)

    (row,) = turn(log)["requests"]
    assert (row["id"], row["errorCode"]) == ("mine", "front_lost")
    assert turn(log) == {}


def test_a_fronts_row_that_comes_after_all_replaces_the_gateways(
    log: GatewayLog, clock: FakeClock
) -> None:
    log.take([told("late", status=504, answer_ms=-1)])
    turn(log)
    clock.advance(PATIENCE + 0.1)
    turn(log)
    batch = Batch()

    log.join([row_of("late")], batch)

    assert batch.replaced == ["late"]


def test_an_answer_of_500_by_a_front_is_no_row_of_the_gateway(
    log: GatewayLog, clock: FakeClock
) -> None:
    log.take([told("a", status=500)])

    assert turn(log, "a")["requests"][0]["source"] == "front"
    clock.advance(60)
    assert turn(log) == {}


def test_a_batch_that_failed_has_used_nothing_up(log: GatewayLog) -> None:
    log.take([told("a", total_ms=7), told("b", status=401, connect_ms=-1, answer_ms=-1)])
    batch = Batch()
    log.join([row_of("a")], batch)
    log.collect(batch)
    log.failed()

    rows = turn(log, "a")["requests"]

    assert [(row["id"], row["gatewayMs"]) for row in rows] == [("a", 7), ("b", 4)]


@pytest.mark.parametrize("empty", ["", "-"])
def test_requests_to_the_control_plane_are_no_rows(log: GatewayLog, empty: str) -> None:
    log.take([told("a", service=empty, status=502, connect_ms=-1, answer_ms=-1)])

    assert turn(log) == {}


def test_warnings_of_the_gateway_are_log_lines(log: GatewayLog) -> None:
    log.take([b"<132>Server backend_x/front1 is DOWN.", b"Proxy main started."])

    rows = turn(log)["traces"]

    assert [(row["message"], row["severityLevel"], row["source"]) for row in rows] == [
        ("Server backend_x/front1 is DOWN.", 2, "gateway"),
        ("Proxy main started.", None, "gateway"),
    ]


def test_times_that_nobody_asks_for_are_forgotten(log: GatewayLog, clock: FakeClock) -> None:
    log.take([told("a")])
    turn(log)
    clock.advance(KEPT + 0.1)
    turn(log)

    assert turn(log, "a")["requests"][0]["gatewayMs"] is None


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_are_taken_out_of_pieces_of_any_size(size: int) -> None:
    lines = [b"one", b"", b"three\nof two", b"x" * 300]
    data = b"".join(b"%d %s" % (len(line), line) for line in lines)
    frames = Frames()

    found = [f for at in range(0, len(data), size) for f in frames.feed(data[at : at + size])]

    assert found == lines


def test_of_a_line_that_is_too_long_the_beginning_is_taken() -> None:
    frames = Frames()
    data = b"%d %s5 after" % (LONGEST + 7, b"y" * (LONGEST + 7))

    found = [f for at in range(0, len(data), 999) for f in frames.feed(data[at : at + 999])]

    assert [len(f) for f in found] == [LONGEST, 5]


@pytest.mark.parametrize("data", [b"{rubbish", b"12345678901 x", b"\xff\x00", b"abc"])
def test_what_is_no_line_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        Frames().feed(data + b" " * 20)


@pytest.mark.parametrize("frame", [b"", b'{"time":', b'{"time":"x"}', b"\xff\xfe", b"<999>x"])
def test_rubbish_is_a_line_to_keep(frame: bytes) -> None:
    assert isinstance(understand(frame), Said)


def test_a_header_before_the_object_is_passed_over() -> None:
    found = understand(b"<134>1 2026-11-22T10:00:00Z host - - - - " + told("a") + b"\n")

    assert isinstance(found, Line)
    assert found.id == "a"


def test_lines_over_the_socket_join_the_rows_of_a_ring(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ring = place.ring()

    async def run() -> list[Any]:
        socket = GatewaySocket(tmp_path / "log.sock", place.gateway.take)
        await socket.start()
        assert (tmp_path / "log.sock").stat().st_mode & 0o777 == 0o600
        _, writer = await asyncio.open_unix_connection(tmp_path / "log.sock")
        async with place.open() as store:
            for number in range(20):
                put(ring, request(f"id{number}"))
                line = told(f"id{number}", total_ms=number)
                writer.write(b"%d %s" % (len(line), line))
            refused = told("no", status=401, connect_ms=-1, answer_ms=-1)
            writer.write(b"%d %s" % (len(refused), refused))

            async def all_() -> list[Any]:
                found = await store.query("SELECT id, gatewayMs, source FROM requests ORDER BY 2")
                return found if len(found) >= 21 else []

            found: list[Any] = await eventually(all_)
        writer.close()
        await socket.stop()
        await socket.stop()
        return found

    found = asyncio.run(run())
    assert [row for row in found if row[2] == "front"] == [
        (f"id{number}", float(number), "front") for number in range(20)
    ]
    assert [row for row in found if row[2] == "gateway"] == [("no", 4.0, "gateway")]
    ring.close()


def test_a_connection_that_sends_rubbish_is_closed_and_the_next_one_is_read(
    tmp_path: Path,
) -> None:
    lines: list[bytes] = []

    async def run() -> bytes:
        socket = GatewaySocket(tmp_path / "log.sock", lines.extend)
        await socket.start()
        reader, writer = await asyncio.open_unix_connection(tmp_path / "log.sock")
        writer.write(b"this is no line" * 10)
        end = await reader.read()
        _, other = await asyncio.open_unix_connection(tmp_path / "log.sock")
        other.write(b"2 ok")

        async def there() -> bool:
            return bool(lines)

        await eventually(there)
        writer.close()
        other.close()
        await socket.stop()
        return end

    assert asyncio.run(run()) == b""
    assert lines == [b"ok"]
