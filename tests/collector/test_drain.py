"""What lies in the folder of rings and is none."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.collector.drain import HELD, Drain
from modelyard.collector.gateway_log import BACKLOG, GatewayLog
from modelyard.collector.sink import Row
from modelyard.collector.store_engine import Batch, Ring
from modelyard.telemetry.records import About, Log
from modelyard.telemetry.tables import TABLES
from modelyard.testing.clock import FakeClock
from tests.collector.stores import Place, put, request
from tests.collector.test_gateway_log import told


class NoGateway:
    """Of which nothing comes."""

    active = False
    caught_up = False

    def know(self, front: About) -> None:
        """Nothing."""

    def waiting(self) -> bool:
        return False

    def join(self, rows: list[Row], batch: Batch) -> list[Row]:
        return rows

    def collect(self, batch: Batch) -> None:
        """Nothing."""

    def committed(self) -> None:
        """Nothing."""

    def failed(self) -> None:
        """Nothing."""


def test_what_cannot_be_read_as_a_ring_is_told_once_and_again_when_it_comes_back(
    tmp_path: Path,
) -> None:
    notes: list[str] = []
    drain = Drain(tmp_path, NoGateway())
    drain.note = notes.append
    pipe = tmp_path / "pipe.ring"
    os.mkfifo(pipe)

    for _ in range(3):
        assert not drain.waiting()
    assert len(notes) == 1

    pipe.unlink()
    drain.waiting()
    os.mkfifo(pipe)
    drain.waiting()
    assert len(notes) == 2
    assert "pipe.ring cannot be read" in notes[1]


def test_a_link_to_what_is_no_ring_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"x" * 5000)
    link = tmp_path / "link.ring"
    link.symlink_to(target)
    drain = Drain(tmp_path, NoGateway())

    assert not drain.waiting()

    assert not link.is_symlink()
    assert target.read_bytes() == b"x" * 5000


class Outage:
    """A collector that comes back: requests and lines have gathered in the rings meanwhile."""

    def __init__(self, folder: Path) -> None:
        place = Place(folder)
        self.clock = FakeClock()
        self.gateway = GatewayLog(self.clock.monotonic)
        self.ring = place.ring()
        self.logs = place.ring("front-1.logs")
        self.running = True
        self.drain = Drain(
            place.rings, self.gateway, lambda: self.running, self.clock.monotonic
        )  # fmt: skip
        put(self.ring, request("a"), request("b"))

    def come_back(self, *, known: bool = True) -> None:
        assert self.drain.waiting()
        self.drain.opened({ring.id: Ring(0) for ring in self.drain.rings} if known else {})

    def turn(self) -> dict[str, list[Row]]:
        batch = Batch()
        assert self.drain.waiting()
        self.drain.collect(batch)
        self.drain.committed()
        return batch.rows

    def close(self) -> None:
        self.drain.close()
        self.ring.close()
        self.logs.close()


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Outage]:
    made = Outage(tmp_path)
    yield made
    made.close()


def gateway_times(rows: list[Row]) -> list[object]:
    place = TABLES["requests"].names.index("gatewayMs")
    return [row[place] for row in rows]


def test_requests_of_an_outage_wait_for_the_gateways_lines_of_them(outage: Outage) -> None:
    put(outage.logs, Log(1.0, "front", "a line"))
    outage.come_back()

    assert list(outage.turn()) == ["traces"]  # nothing else waits
    outage.clock.advance(HELD - 1)
    outage.gateway.take([told("a", total_ms=7)])
    assert outage.turn() == {}
    outage.gateway.take([told("b", total_ms=8)])
    outage.clock.advance(BACKLOG)
    rows = outage.turn().get("requests", []) + outage.turn().get("requests", [])

    assert gateway_times(rows) == [7, 8]


def test_they_wait_no_longer_where_no_line_comes(outage: Outage) -> None:
    outage.come_back()
    assert outage.turn() == {}

    outage.clock.advance(HELD)

    assert gateway_times(outage.turn()["requests"]) == [None, None]


def test_the_first_collector_of_a_home_waits_for_nothing(outage: Outage) -> None:
    outage.come_back(known=False)

    assert len(outage.turn()["requests"]) == 2


def test_where_there_is_no_gateway_nothing_waits_for_it(outage: Outage) -> None:
    outage.running = False
    outage.come_back()

    assert len(outage.turn()["requests"]) == 2


def test_a_collector_that_opens_its_store_anew_waits_for_nothing(outage: Outage) -> None:
    outage.come_back(known=False)
    outage.come_back()

    assert len(outage.turn()["requests"]) == 2


def test_a_ring_that_is_half_full_waits_for_nothing(outage: Outage) -> None:
    assert outage.drain.waiting()
    (ring,) = (ring for ring in outage.drain.rings if ring.of_requests)
    number = 0
    while not ring.crowded:
        put(outage.ring, request(f"more{number}", path="/" + "x" * 4000))
        number += 1
    outage.come_back()

    assert len(outage.turn()["requests"]) > number // 2


def test_a_request_that_a_front_lost_is_of_that_fronts_version(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ring = place.ring(version="green", revision=3, instance="rev-7")
    gateway = GatewayLog()
    drain = Drain(place.rings, gateway)
    put(ring, request("a"))
    refused = {"status": 503, "connect_ms": -1, "answer_ms": -1, "end": "SC--"}
    assert drain.waiting()
    gateway.take([told("lost", backend="be_rev-7", **refused)])
    gateway.take([told("nowhere", backend="nowhere", **refused)])
    batch = Batch()

    drain.collect(batch)

    names = TABLES["requests"].names
    rows = [dict(zip(names, row, strict=True)) for row in batch.rows["requests"]]
    versions = {r["id"]: (r["application_Version"], r["revision"]) for r in rows}
    assert versions["lost"] == ("green", 3)
    assert versions["nowhere"] == (None, None)
    drain.close()
    ring.close()
