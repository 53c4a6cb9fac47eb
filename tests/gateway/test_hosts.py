"""The Host header, against DNS rebinding."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.yard import Yard, route, table


@pytest.fixture(scope="module")
def open_yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """One that listens on all addresses and has a further name."""
    home: Path = tmp_path_factory.mktemp("home")
    made = Yard(home, host="0.0.0.0", allowed_hosts=("Models.Example",))
    try:
        yield made.up()
    finally:
        made.close()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8700", 200),
        ("127.0.0.1", 200),
        ("localhost:8700", 200),
        ("LOCALHOST", 200),
        ("[::1]:8700", 200),
        ("testmachine:8700", 200),
        ("evil.example", 421),
        ("evil.example:8700", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("models.example", 421),
        ("10.1.2.3:8700", 421),
        ("", 421),
    ],
)
def test_on_loopback_only_names_of_this_machine_are_answered(
    yard: Yard, host: str, status: int
) -> None:
    reply = yard.call("/api/v1/x", "GET", headers={"Host": host})

    assert reply.status == status
    if status == 421:
        assert reply.json["code"] == "bad_host"
        assert reply.json["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("10.1.2.3:8700", 200),
        ("[2001:db8::1]:8700", 200),
        ("models.example:443", 200),
        ("testmachine", 200),
        ("evil.example", 421),
        ("10.1.2.3.evil.example", 421),
    ],
)
def test_off_loopback_addresses_and_allowed_names_are_answered_too(
    open_yard: Yard, host: str, status: int
) -> None:
    assert open_yard.call("/api/v1/x", "GET", headers={"Host": host}).status == status


def test_services_and_local_ports_check_it_too(yard: Yard) -> None:
    port = yard.free_port()
    yard.gateway.apply(table(route(port=port), yard.front("a")))
    evil = {"Host": "evil.example"}

    assert yard.call("/serve/ws/svc/score", headers=evil).status == 421
    assert yard.call("/score", headers=evil, port=port).status == 421


def test_a_second_host_header_does_not_help(yard: Yard) -> None:
    answer = yard.raw(
        b"GET /api HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )

    assert answer.split()[1] in {b"400", b"421"}


def test_a_request_without_a_host_is_not_answered(yard: Yard) -> None:
    answer = yard.raw(b"GET /api HTTP/1.1\r\nConnection: close\r\n\r\n")

    assert answer.split()[1] in {b"400", b"421"}
