"""Requests among the versions of a service, with a real HAProxy."""

import os
import signal
import threading
from collections import Counter
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pytest

from modelyard.domain.errors import GatewayFailed
from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.traffic import BUCKETS, Runs, buckets, reassign, runs
from modelyard.gateway.config import render
from modelyard.gateway.files import write_changed
from modelyard.gateway.maps import PLANS, after, in_safe_order, maps, render_maps
from tests.gateway.load import Load
from tests.gateway.test_requests import is_problem
from tests.gateway.yard import Reply, Yard, exchange, table
from tests.gateway.yard import route as plain
from tests.waiting import wait_until

SCORE = "/serve/ws/svc/score"
HEADER = "azureml-model-deployment"
FRONTS = {"blue": "a", "green": "b"}


def fronts(yard: Yard) -> tuple[Backend, Backend]:
    return yard.front("a"), yard.front("b")


def shared(green: int, *, sticky: str = "", owners: Runs = (), **more: object) -> Route:
    """Blue and green, who has so many tenths of a percent."""
    owners = owners or runs(reassign(("blue",) * BUCKETS, {"blue": 1000 - green, "green": green}))
    return replace(plain(), id="s1", versions=FRONTS, owners=owners, sticky=sticky, **more)


def seen(reply: Reply) -> dict[str, str]:
    assert reply.status == 200, reply
    headers: dict[str, str] = reply.json["headers"]
    return headers


def answers(yard: Yard, count: int) -> list[Reply]:
    connection = yard.connect()
    replies = [exchange(connection, SCORE) for _ in range(count)]
    connection.close()
    return replies


def by_user(yard: Yard, count: int, header: str = "X-User-Id") -> dict[str, tuple[object, int]]:
    """The front and the bucket of each user."""
    connection = yard.connect()
    found = {}
    for number in range(count):
        reply = exchange(connection, SCORE, headers={header: f"user-{number}"})
        found[f"user-{number}"] = (reply.json["front"], int(seen(reply)["x-modelyard-bucket"]))
    connection.close()
    return found


def as_asked(count: int, of: int, tenths: int) -> bool:
    """Whether chance explains it in 999 of 1,000 cases."""
    share = tenths / BUCKETS
    return abs(count - of * share) <= 3.29 * sqrt(of * share * (1 - share)) + 0.5


@pytest.mark.parametrize("green", [5, 100, 500])
def test_each_version_gets_the_share_that_was_asked_for(yard: Yard, green: int) -> None:
    yard.gateway.apply(table(shared(green), *fronts(yard)))

    def once() -> bool:
        found = Counter(reply.json["front"] for reply in answers(yard, 1000))
        return as_asked(found["b"], 1000, green)

    assert once() or once()  # one of 1,000 is beyond the bounds by chance


def test_a_bucket_leads_to_its_owner_and_the_front_is_told_which_it_is(yard: Yard) -> None:
    route = shared(137)
    yard.gateway.apply(table(route, *fronts(yard)))

    replies = answers(yard, 400)

    owners = buckets(route.owners)
    told = [int(seen(reply)["x-modelyard-bucket"]) for reply in replies]
    assert [reply.json["front"] for reply in replies] == [FRONTS[owners[b]] for b in told]
    assert 0 <= min(told) < 100
    assert 900 <= max(told) < BUCKETS
    assert not [r for r in replies if {"x-modelyard-user", "x-modelyard-chosen"} & {*seen(r)}]


def test_the_same_user_gets_the_same_version(yard: Yard) -> None:
    route = shared(300, sticky="header:x-user-id")
    yard.gateway.apply(table(route, *fronts(yard)))

    first, second = by_user(yard, 150), by_user(yard, 150)

    owners = buckets(route.owners)
    assert first == second
    assert {front for front, _ in first.values()} == {"a", "b"}
    assert all(front == FRONTS[owners[bucket]] for front, bucket in first.values())


def test_from_ten_to_twenty_percent_only_those_move_who_must(yard: Yard) -> None:
    before = shared(100, sticky="header:x-user-id")
    owners = reassign(buckets(before.owners), {"blue": 800, "green": 200})
    later = shared(200, sticky="header:x-user-id", owners=runs(owners))
    yard.gateway.apply(table(before, *fronts(yard)))
    ten = by_user(yard, 300)

    yard.gateway.apply(table(later, *fronts(yard)))
    twenty = by_user(yard, 300)

    moved = {user for user in ten if ten[user] != twenty[user]}
    old = buckets(before.owners)
    assert {ten[user][0] for user in moved} == {"a"}
    assert moved == {user for user, (_, b) in ten.items() if old[b] != owners[b]}
    assert 10 < len(moved) < 60


def test_users_are_told_apart_by_a_salted_hash_and_another_service_salts_otherwise(
    yard: Yard,
) -> None:
    mine = shared(500, sticky="header:x-user-id")
    other = replace(mine, service="other", id="s2")
    yard.gateway.apply(table((mine, other), *fronts(yard)))

    def user(service: str, name: str) -> str:
        reply = yard.call(f"/serve/ws/{service}/score", headers={"x-user-id": name})
        return seen(reply)["x-modelyard-user"]

    assert len(user("svc", "ada")) == 16
    assert user("svc", "ada") == user("svc", "ada")
    assert len({user("svc", "ada"), user("svc", "bob"), user("other", "ada")}) == 3


def test_without_a_value_a_request_falls_to_chance(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500, sticky="header:x-user-id"), *fronts(yard)))

    nobody = [seen(yard.call(SCORE)) for _ in range(10)]
    empty = [seen(yard.call(SCORE, headers={"x-user-id": ""})) for _ in range(10)]

    for told in (nobody, empty):
        assert len({headers["x-modelyard-bucket"] for headers in told}) > 2
        assert not [headers for headers in told if "x-modelyard-user" in headers]


def test_a_cookie_of_the_callers_own_tells_users_apart(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500, sticky="cookie:login"), *fronts(yard)))

    def bucket(login: str) -> str:
        reply = yard.call(SCORE, headers={"Cookie": f"theme=dark; login={login}"})
        assert "set-cookie" not in reply.headers
        return seen(reply)["x-modelyard-bucket"]

    assert bucket("ada") == bucket("ada")
    assert len({bucket(str(number)) for number in range(20)}) > 10


def test_the_gateways_own_cookie_is_given_once_and_keeps_the_version(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500, sticky="cookie"), *fronts(yard)))

    first = yard.call(SCORE)
    cookie, *attributes = first.headers["set-cookie"].split("; ")
    again = [yard.call(SCORE, headers={"Cookie": cookie}) for _ in range(5)]

    assert cookie.startswith("modelyard-user=")
    assert {"Path=/serve/ws/svc", "HttpOnly", "SameSite=Lax"} <= {*attributes}
    assert {seen(r)["x-modelyard-bucket"] for r in again} == {seen(first)["x-modelyard-bucket"]}
    assert {seen(r)["x-modelyard-user"] for r in again} == {seen(first)["x-modelyard-user"]}
    assert not [reply for reply in again if "set-cookie" in reply.headers]


def test_each_newcomer_is_somebody_else(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500, sticky="cookie"), *fronts(yard)))

    assert len({yard.call(SCORE).headers["set-cookie"] for _ in range(10)}) == 10


def test_services_that_are_not_shared_give_no_cookie(yard: Yard) -> None:
    routes = (shared(500, sticky="cookie"), plain("a", "plain"))
    yard.gateway.apply(table(routes, *fronts(yard)))

    reply = yard.call("/serve/ws/plain/score")

    assert "set-cookie" not in reply.headers
    assert "x-modelyard-bucket" not in seen(reply)


def test_a_named_version_is_told_that_it_was_chosen(yard: Yard) -> None:
    yard.gateway.apply(table(shared(0, owners=(("blue", 1000),)), *fronts(yard)))

    reply = yard.call(SCORE, headers={HEADER: "green"})

    assert reply.json["front"] == "b"
    assert seen(reply)["x-modelyard-chosen"] == "1"
    assert "x-modelyard-bucket" not in seen(reply)


def test_an_empty_header_names_nobody(yard: Yard) -> None:
    yard.gateway.apply(table((shared(1000), plain("a", "plain")), *fronts(yard)))

    assert yard.call(SCORE, headers={HEADER: ""}).json["front"] == "b"
    assert yard.call("/serve/ws/plain/score", headers={HEADER: ""}).json["front"] == "a"


def test_an_unknown_version_is_named_with_its_service(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500), *fronts(yard)))

    for name in ("pink", "svc/blue", "../svc/blue"):
        reply = yard.call(SCORE, headers={HEADER: name})

        assert is_problem(reply, 404, "not_found")
        assert "ws/svc" in str(reply.json["message"])
        assert name in str(reply.json["message"])


def test_a_version_of_another_service_cannot_be_named(yard: Yard) -> None:
    other = replace(plain("b", "other"), versions={"secret": "b"})
    yard.gateway.apply(table((shared(0, owners=(("blue", 1000),)), other), *fronts(yard)))

    assert yard.call(SCORE, headers={HEADER: "secret"}).status == 404
    assert yard.call("/serve/ws/other/x", headers={HEADER: "secret"}).status == 200


def test_a_version_that_waits_is_named_and_says_when_to_come_back(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500, waiting=("red",)), *fronts(yard)))

    reply = yard.call(SCORE, headers={HEADER: "red"})

    assert is_problem(reply, 503, "not_ready")
    assert "red" in str(reply.json["message"])
    assert reply.headers["retry-after"] == "1"


def test_a_version_answers_by_name_while_the_service_has_nothing_else_ready(yard: Yard) -> None:
    route = replace(plain(None), versions={"green": "b"}, waiting=("blue",))
    yard.gateway.apply(table(route, *fronts(yard)))

    assert is_problem(yard.call(SCORE), 503, "not_ready")
    assert yard.call(SCORE, headers={HEADER: "green"}).json["front"] == "b"


def test_a_closed_service_is_named_with_the_way_out(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500, closed=True), *fronts(yard)))

    reply = yard.call(SCORE)

    assert is_problem(reply, 404, "not_found")
    assert "ws/svc" in str(reply.json["message"])
    assert HEADER in str(reply.json["message"])


def test_versions_of_a_local_service_share_its_own_port(yard: Yard) -> None:
    port = yard.free_port()
    local = shared(500, sticky="cookie", port=port)
    yard.gateway.apply(table(local, *fronts(yard)))

    first = yard.call("/score", port=port)
    cookie, *attributes = first.headers["set-cookie"].split("; ")
    again = yard.call("/score", headers={"Cookie": cookie}, port=port)

    assert "Path=/" in attributes
    assert again.json["front"] == first.json["front"]
    assert len({yard.call("/score", port=port).json["front"] for _ in range(30)}) == 2
    assert is_problem(yard.call("/score", headers={HEADER: "pink"}, port=port), 404, "not_found")


def test_after_a_reload_everybody_is_where_they_were(yard: Yard) -> None:
    wanted = shared(300, sticky="header:x-user-id")
    yard.gateway.apply(table(wanted, *fronts(yard)))
    connections = [yard.connect() for _ in range(4)]

    def all_of_them() -> list[object]:
        return [
            exchange(connection, SCORE, headers={"x-user-id": str(number)}).json["front"]
            for number, connection in enumerate(connections * 10)
        ]

    before = all_of_them()
    yard.gateway.apply(table(wanted, *fronts(yard), yard.front("c")))
    after_it = all_of_them()

    for connection in connections:
        connection.close()
    assert after_it == before
    assert {*before} == {"a", "b"}


def test_changes_of_shares_under_load_lose_nothing(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500), *fronts(yard)))
    before = yard.log().count("Reloading HAProxy")
    connection = yard.connect()

    with Load(yard, clients=4) as load:
        for turn in range(25):
            green = (turn * 37) % 990 + 5
            yard.gateway.apply(table(shared(green), *fronts(yard)))
            whole = "green" if turn % 2 else "blue"
            yard.gateway.apply(table(shared(0, owners=((whole, BUCKETS),)), *fronts(yard)))
            assert exchange(connection, SCORE).json["front"] == FRONTS[whole]

    connection.close()
    assert load.failures == []
    assert yard.log().count("Reloading HAProxy") == before


def test_no_step_of_a_change_leaves_a_request_without_a_version(yard: Yard) -> None:
    old = maps(table(shared(137), *fronts(yard)))
    new = after(maps(table(shared(612), *fronts(yard))), old)
    yard.gateway.apply(table(shared(137), *fronts(yard)))
    connection = yard.connect()

    for command in in_safe_order(new, old):
        yard.runtime.run([command])
        assert [exchange(connection, SCORE).status for _ in range(5)] == [200] * 5
    connection.close()

    assert yard.runtime.map(PLANS) == new[PLANS]


def test_a_service_whose_plan_is_missing_is_not_ready(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500), *fronts(yard)))

    yard.runtime.run(["clear map buckets.map"])

    assert is_problem(yard.call(SCORE), 503, "not_ready")


def test_a_plan_that_was_not_added_whole_is_added_again(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500), *fronts(yard)))
    plan = yard.runtime.map("backends.map")["ws/svc"]
    yard.runtime.run([f"del map {PLANS} {plan}", f"del map buckets.map {plan}/1"])

    yard.gateway.apply(table(shared(500), *fronts(yard)))

    assert {reply.status for reply in answers(yard, 50)} == {200}


def test_plans_that_nobody_goes_by_any_more_are_gone_after_the_next_change(yard: Yard) -> None:
    for green in (100, 200, 300, 400):
        yard.gateway.apply(table(shared(green), *fronts(yard)))

    there = {key.partition("/")[0] for key in yard.runtime.map("buckets.map")}

    assert len(there) == 2
    assert yard.runtime.map("backends.map")["ws/svc"] in there
    assert {*yard.runtime.map(PLANS)} == there


def test_a_command_that_is_refused_is_said(yard: Yard) -> None:
    with pytest.raises(GatewayFailed, match="Unknown map"):
        yard.runtime.run(["add map nothing.map a b"])


def test_several_tables_are_read_at_once(yard: Yard) -> None:
    yard.gateway.apply(table(shared(500), *fronts(yard)))
    names = ("cors.map", "auth.map", "keys.map", "versions.map", "tokens.map")

    stamp, tables = yard.runtime.tables(names)

    assert stamp == yard.runtime.stamp()
    assert tables == {name: yard.runtime.map(name) for name in names}
    assert yard.runtime.tables(("nothing.map", "auth.map"))[1]["auth.map"] == {"ws/svc": "off"}
    assert yard.runtime.tables(()) == (stamp, {})


@pytest.mark.parametrize("written", [5, 6, 7, 8])
def test_killed_with_the_control_plane_it_starts_with_a_state_that_answers(
    stopped: Yard, written: int
) -> None:
    """Whatever was written of a change when the power went."""
    backends = {b.id: b for b in fronts(stopped)}
    old, new = (RoutingTable((shared(green),), backends) for green in (137, 612))
    texts = [
        {stopped.layout.folder / name: text for name, text in render_maps(content).items()}
        for content in (maps(old), after(maps(new), maps(old)))
    ]
    config = {stopped.layout.config: render(new, stopped.layout)}
    stopped.gateway.prepare()
    write_changed({**texts[0], **config})
    write_changed(dict(list(texts[1].items())[:written]))

    stopped.start()
    wait_until(stopped.runtime.stamp)
    statuses = Counter(reply.status for reply in answers(stopped, 50))
    stopped.gateway.apply(new)

    assert statuses == {200: 50}
    found = answers(stopped, 200)
    owners = buckets(new.routes[0].owners)
    assert all(
        reply.json["front"] == FRONTS[owners[int(seen(reply)["x-modelyard-bucket"])]]
        for reply in found
    )


def test_killed_during_changes_it_comes_back_and_the_next_change_is_applied(yard: Yard) -> None:
    wanted = [table(shared(green), *fronts(yard)) for green in (100, 900)]
    yard.gateway.apply(wanted[0])
    failures: list[GatewayFailed] = []
    stop = threading.Event()

    def change() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            try:
                yard.gateway.apply(wanted[turn % 2])
            except GatewayFailed as error:
                failures.append(error)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(2):
            assert yard.process is not None
            worker = yard.runtime.workers().current
            os.kill(yard.process.pid, signal.SIGKILL)
            yard.process.wait(10)
            if worker is not None:
                wait_until(lambda pid=worker: not Path(f"/proc/{pid}").exists())
            yard.start()
            wait_until(yard.runtime.stamp)
            assert Counter(reply.status for reply in answers(yard, 30)) == {200: 30}
    finally:
        stop.set()
        changing.join()

    yard.gateway.apply(table(shared(0, owners=(("green", BUCKETS),)), *fronts(yard)))
    assert yard.call(SCORE).json["front"] == "b"
