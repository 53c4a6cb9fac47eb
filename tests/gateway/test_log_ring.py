"""What the gateway tells the collector: by the real HAProxy, into the collector's own reader."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from modelyard.collector.gateway_lines import Line, Said, understand
from modelyard.collector.gateway_log import GatewaySocket
from tests.collector.stores import eventually
from tests.gateway.yard import Yard, route, table


def lines_while(yard: Yard, do: Callable[[], None], wanted: int) -> dict[str, Line]:
    """The lines of requests that come to the collector's socket during ``do``, by id."""
    found: dict[str, Line] = {}

    def take(frames: list[bytes]) -> None:
        for line in map(understand, frames):
            if not isinstance(line, Said):
                found[line.id] = line

    async def run() -> None:
        socket = GatewaySocket(yard.layout.log_socket, take)
        await socket.start()
        await asyncio.to_thread(do)

        async def all_() -> bool:
            return len(found) >= wanted

        await eventually(all_, 20, f"{wanted} lines, not {len(found)}")
        await socket.stop()

    asyncio.run(run())
    return found


def test_what_a_front_answered_is_told_with_the_id_that_the_caller_sees(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    ids: list[str] = []

    def call() -> None:
        ids.extend(yard.call("/serve/ws/svc/score").headers["x-request-id"] for _ in range(20))

    found = lines_while(yard, call, 20)

    assert set(ids) <= set(found)
    assert all(line.answered and line.service == "ws/svc" for line in found.values())


def test_what_the_gateway_refused_is_told_as_its_own(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    found = lines_while(yard, lambda: yard.call("/serve/ws/other/score") and None, 1)

    (line,) = found.values()
    assert (line.status, line.answered, line.refused) == (404, False, True)


def test_a_front_that_is_lost_is_neither_answered_nor_refused(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    def lose() -> None:
        yard.call("/serve/ws/svc/score", headers={"x-test": "die"})
        yard.lose("a")
        yard.call("/serve/ws/svc/score")

    found = lines_while(yard, lose, 2)

    failed = [line for line in found.values() if line.status >= 500]
    assert failed
    assert not any(line.answered for line in failed)


def test_lines_wait_in_the_gateway_while_there_is_no_collector(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    for _ in range(50):
        yard.call("/serve/ws/svc/score")

    found = lines_while(yard, lambda: None, 50)

    assert len(found) == 50


def test_it_is_told_whether_a_request_named_its_version(yard: Yard) -> None:
    yard.gateway.apply(table(replace(route(), versions={"green": "a"}), yard.front("a")))
    named: list[str] = []

    def call() -> None:
        headers = {"azureml-model-deployment": "green"}
        named.append(yard.call("/serve/ws/svc/score", headers=headers).headers["x-request-id"])
        yard.call("/serve/ws/svc/score")

    found = lines_while(yard, call, 2)

    assert [id for id, line in found.items() if line.named] == named


def test_it_is_told_whose_request_it_was_as_the_front_is_told(yard: Yard) -> None:
    sticky = replace(
        route(), versions={"a": "a", "b": "b"}, owners=(("a", 500), ("b", 500)),
        sticky="header:x-user", id="s1",
    )  # fmt: skip
    yard.gateway.apply(table(sticky, yard.front("a"), yard.front("b")))
    told: list[str] = []

    def call() -> None:
        headers = {"x-user": "ann"}
        reply = yard.call("/serve/ws/svc/score", headers=headers)
        told.append(reply.json["headers"]["x-modelyard-user"])
        yard.call("/serve/ws/svc/score")

    found = lines_while(yard, call, 2)

    assert sorted(line.user for line in found.values()) == ["", *told]
