"""A backend of several fronts, with a real HAProxy."""

import threading
import time

from inline_snapshot import snapshot

from modelyard.domain.routing import Backend, RoutingTable
from modelyard.gateway.config import render
from tests.gateway.load import Load
from tests.gateway.test_rendering import LAYOUT
from tests.gateway.test_requests import is_problem
from tests.gateway.yard import Reply, Yard, route, table
from tests.waiting import wait_until


def up(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.several("a", "a1", "a2")))


def fronts_of(yard: Yard, requests: int) -> set[object]:
    replies = [yard.call("/serve/ws/svc/score", body=b"x") for _ in range(requests)]
    assert [reply.status for reply in replies] == [200] * requests
    return {reply.json["front"] for reply in replies}


def call_meanwhile(yard: Yard, count: int) -> tuple[list[threading.Thread], list[Reply]]:
    """Callers that wait; so many are with the gateway when this returns."""
    replies: list[Reply] = []
    callers = [
        threading.Thread(target=lambda: replies.append(yard.call("/serve/ws/svc/score")))
        for _ in range(count)
    ]
    for caller in callers:
        caller.start()
    wait_until(lambda: yard.active("a") == count)
    return callers, replies


def test_the_configuration_of_several_fronts() -> None:
    backend = Backend("r1", ("/run/r1.1.sock", "/run/r1.2.sock"), 95.5)

    text = render(RoutingTable((), {"r1": backend}), LAYOUT)

    assert text[text.index("backend be_r1") :] == snapshot(
        """\
backend be_r1 from fronts
    timeout server 95500ms
    option http-keep-alive
    option http-buffer-request
    http-reuse always
    retries 2
    retry-on conn-failure empty-response
    balance leastconn
    default-server check inter 2s fastinter 100ms downinter 100ms fall 1 rise 1
    default-server observe layer4 error-limit 1 on-error mark-down
    server front1 'unix@/run/r1.1.sock'
    server front2 'unix@/run/r1.2.sock'
    server again 'unix@/run/user/1/my/again-r1' backup pool-max-conn 0 no-check

listen again_r1 from fronts
    bind 'unix@/run/user/1/my/again-r1' mode 600
    unique-id-format %[req.hdr(x-request-id)]
    timeout server 95500ms
    option http-buffer-request
    retry-on conn-failure empty-response
    retries 20
    balance leastconn
    default-server check inter 2s fastinter 100ms downinter 100ms fall 1 rise 1
    default-server observe layer4 error-limit 1 on-error mark-down
    server front1 'unix@/run/r1.1.sock'
    server front2 'unix@/run/r1.2.sock'
    server pause 127.0.0.1:1 backup no-check
"""
    )


def test_all_of_them_answer(yard: Yard) -> None:
    up(yard)

    assert fronts_of(yard, 10) == {"a1", "a2"}


def test_the_one_with_fewer_requests_is_next(yard: Yard) -> None:
    up(yard)
    holding = threading.Thread(target=lambda: yard.call("/serve/ws/svc/wait"))
    holding.start()
    wait_until(lambda: any(front.waiting.is_set() for front in yard.fronts.values()))
    (busy,) = (id for id, front in yard.fronts.items() if front.waiting.is_set())

    answered = []
    for _ in range(5):
        # an answer that has just arrived may still be counted as under way
        wait_until(lambda: yard.active("a") == 1, what="only the held request under way")
        answered.append(fronts_of(yard, 1))
    yard.fronts[busy].release.set()
    holding.join()

    assert answered == [{"a1", "a2"} - {busy}] * 5


def test_one_that_goes_while_idle_costs_nobody_anything(yard: Yard) -> None:
    up(yard)
    fronts_of(yard, 4)

    yard.lose("a1")
    before = time.monotonic()

    assert fronts_of(yard, 10) == {"a2"}
    assert time.monotonic() - before < 1.5  # nobody waits for the one that is away


def test_one_that_comes_back_is_used_again(yard: Yard) -> None:
    up(yard)
    yard.lose("a1")
    fronts_of(yard, 2)

    up(yard)

    wait_until(lambda: fronts_of(yard, 4) == {"a1", "a2"})
    assert fronts_of(yard, 10) == {"a1", "a2"}  # not for a moment only


def test_a_request_survives_the_restart_of_all(yard: Yard) -> None:
    up(yard)
    yard.lose("a1")
    yard.lose("a2")
    callers, replies = call_meanwhile(yard, 3)

    yard.several("a", "a2")
    for caller in callers:
        caller.join()

    assert [reply.json.get("front") for reply in replies] == ["a2"] * 3


def test_all_that_stay_away_are_a_503_after_two_seconds(yard: Yard) -> None:
    up(yard)
    yard.lose("a1")
    yard.lose("a2")
    before = time.monotonic()

    reply = yard.call("/serve/ws/svc/score")

    assert 1.5 < time.monotonic() - before < 4
    assert is_problem(reply, 503, "front_down")


def test_with_two_of_three_away_the_third_answers(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.several("a", "a1", "a2", "a3")))
    yard.lose("a1")
    yard.lose("a2")

    assert fronts_of(yard, 6) == {"a3"}


def test_a_post_that_one_has_taken_is_not_sent_to_the_other(yard: Yard) -> None:
    up(yard)

    assert is_problem(yard.call("/serve/ws/svc/die", body=b"x"), 502, "front_lost")

    assert [r for front in yard.fronts.values() for r in front.requests] == ["/die"]


def test_under_load_only_what_a_lost_front_had_fails(yard: Yard) -> None:
    up(yard)
    with Load(yard, clients=6) as load:
        yard.lose("a1")
        load.more(60)
        up(yard)
        load.more(60)

    assert len(load.failures) <= 6
    assert all(failure.startswith("502") for failure in load.failures)
