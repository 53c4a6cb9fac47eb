"""Changing the gateway while it works."""

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from modelyard.domain.errors import GatewayFailed
from modelyard.domain.routing import Backend, RoutingTable
from modelyard.domain.services import Auth
from modelyard.gateway import ports
from modelyard.gateway.haproxy import HaproxyGateway
from modelyard.testing.gateway import key_hash
from tests.gateway.load import Load
from tests.gateway.yard import Reply, Yard, exchange, route, table
from tests.waiting import wait_until


def reloads(yard: Yard) -> int:
    return yard.log().count("Reloading HAProxy")


def test_twenty_reloads_under_keep_alive_posts_lose_no_request(yard: Yard) -> None:
    a, further = yard.front("a"), yard.front("b")
    yard.gateway.apply(table(route(), a))

    with Load(yard, clients=16) as load:
        for i in range(20):
            yard.gateway.apply(table(route(), a, further) if i % 2 == 0 else table(route(), a))
            load.more(16)

    assert load.failures == []
    assert reloads(yard) >= 20


def test_two_hundred_switches_under_load_lose_nothing_and_are_in_force_at_once(
    yard: Yard,
) -> None:
    fronts = (yard.front("a"), yard.front("b"))
    yard.gateway.apply(table(route("a"), *fronts))
    before = reloads(yard)
    connection = yard.connect()

    with Load(yard, clients=4) as load:
        for i in range(200):
            id = "ab"[i % 2]
            yard.gateway.apply(table(route(id), *fronts))
            assert exchange(connection, "/serve/ws/svc/score").json["front"] == id

    connection.close()
    assert load.failures == []
    assert reloads(yard) == before


def test_a_new_front_answers_also_on_connections_from_before_the_reload(yard: Yard) -> None:
    yard.gateway.apply(table(route("a"), yard.front("a")))
    connections = [yard.connect() for _ in range(5)]
    for connection in connections:
        exchange(connection, "/serve/ws/svc/score")

    yard.gateway.apply(table(route("b"), yard.front("a"), yard.front("b")))
    replies = [exchange(connection, "/serve/ws/svc/score") for connection in connections]

    for connection in connections:
        connection.close()
    assert [reply.json["front"] for reply in replies] == ["b"] * 5
    for reply in replies:
        assert reply.headers["x-request-id"] == reply.json["headers"]["x-request-id"]


def test_a_key_revoked_after_a_reload_is_refused_on_old_connections_too(yard: Yard) -> None:
    keyed = route(auth=Auth.KEY, keys=("k",))
    yard.gateway.apply(table(keyed, yard.front("a")))
    headers = {"Authorization": "Bearer k"}
    connection = yard.connect()
    assert exchange(connection, "/serve/ws/svc/score", headers=headers).status == 200

    yard.gateway.apply(table(keyed, yard.front("a"), yard.front("b")))
    yard.gateway.apply(table(replace(keyed, key_hashes=()), yard.front("a"), yard.front("b")))

    assert exchange(connection, "/serve/ws/svc/score", headers=headers).status == 401
    connection.close()


def test_keys_routes_and_authentication_never_reload(yard: Yard) -> None:
    fronts = (yard.front("a"), yard.front("b"))
    yard.gateway.apply(table(route("a"), *fronts))
    before = reloads(yard)

    for changed in (
        route("b"),
        route("b", auth=Auth.KEY, keys=("k",)),
        route("b", auth=Auth.KEY, keys=("l", "m"), cors=True),
        route(None, auth=Auth.TOKEN),
        route("a"),
    ):
        yard.gateway.apply(table(changed, *fronts))
    yard.gateway.apply(table((route("a"), route("b", "other")), *fronts))
    yard.gateway.apply(table((), *fronts))

    assert reloads(yard) == before


def test_hundreds_of_entries_change_at_once(yard: Yard) -> None:
    front = yard.front("a")
    many = tuple(
        replace(route(service=f"svc-{i}", auth=Auth.KEY), key_hashes=(key_hash(f"k{i}"),))
        for i in range(300)
    )
    yard.gateway.apply(table((), front))
    before = reloads(yard)

    yard.gateway.apply(table(many, front))

    assert yard.ask("POST", "/serve/ws/svc-299/score", key="k299").status == 200
    assert yard.ask("POST", "/serve/ws/svc-299/score", key="k298").status == 401
    assert reloads(yard) == before


def test_what_was_changed_at_run_time_outlives_a_reload(yard: Yard) -> None:
    fronts = (yard.front("a"), yard.front("b"))
    yard.gateway.apply(table(route("a"), *fronts))
    yard.gateway.apply(table(route("b"), *fronts))

    yard.gateway.apply(table(route("b"), *fronts, yard.front("c")))

    assert yard.ask("POST", "/serve/ws/svc/score").front == "b"


def test_a_new_control_plane_finds_what_is_in_force(yard: Yard) -> None:
    wanted = table(route(auth=Auth.KEY, keys=("k",)), yard.front("a"))
    yard.gateway.apply(wanted)
    before = reloads(yard)

    fresh = HaproxyGateway(yard.layout, yard.gateway.process().argv[0])
    fresh.prepare()
    fresh.apply(wanted)
    fresh.apply(table(route(auth=Auth.KEY, keys=("l",)), yard.front("a")))

    assert reloads(yard) == before
    assert yard.ask("POST", "/serve/ws/svc/score", key="l").status == 200
    assert yard.ask("POST", "/serve/ws/svc/score", key="k").status == 401


def test_a_change_that_was_cut_short_is_finished_by_the_next_apply(yard: Yard) -> None:
    fronts = (yard.front("a"), yard.front("b"))
    yard.gateway.apply(table(route("a"), *fronts))
    yard.runtime.run(["set map backends.map ws/svc be_b", "add map auth.map ws/ghost off"])
    yard.layout.config.write_text("torn")

    yard.gateway.apply(table(route("a"), *fronts))

    assert yard.ask("POST", "/serve/ws/svc/score").front == "a"
    assert yard.ask("POST", "/serve/ws/ghost/score").status == 404
    assert yard.layout.config.read_text() != "torn"


def test_a_map_that_names_an_unknown_backend_never_leads_to_the_control_plane(yard: Yard) -> None:
    port = yard.free_port()
    yard.gateway.apply(table(route("a", port=port), yard.front("a")))

    yard.runtime.run(["set map backends.map ws/svc be_unknown"])

    assert yard.ask("POST", "/serve/ws/svc/score").code == "not_ready"
    assert yard.ask("POST", "/score", port=port).code == "not_ready"


def test_a_configuration_that_haproxy_refuses_changes_nothing(yard: Yard) -> None:
    yard.gateway.apply(table(route("a"), yard.front("a")))
    too_long = Backend("b", ("/tmp/" + "x" * 200,), 10)

    with pytest.raises(GatewayFailed, match="old one stays in force"):
        yard.gateway.apply(table(route("b"), too_long))

    assert yard.ask("POST", "/serve/ws/svc/score").front == "a"
    yard.gateway.apply(table(route("b"), yard.front("b")))
    assert yard.ask("POST", "/serve/ws/svc/score").front == "b"


def test_an_occupied_port_does_not_disturb_a_single_request(yard: Yard) -> None:
    front, port = yard.front("a"), yard.taken_port()
    yard.gateway.apply(table(route(), front))

    with Load(yard, clients=4) as load, pytest.raises(GatewayFailed, match=str(port)):
        yard.gateway.apply(table((route(), route(service="loc", port=port)), front))

    assert load.failures == []


def test_two_services_cannot_have_the_same_port(yard: Yard) -> None:
    front, port = yard.front("a"), yard.free_port()

    with pytest.raises(GatewayFailed, match="ws/one and ws/two"):
        yard.gateway.apply(
            table((route(service="one", port=port), route(service="two", port=port)), front)
        )


def test_a_local_port_moves_to_another_service_and_goes_away(yard: Yard) -> None:
    fronts, port = (yard.front("a"), yard.front("b")), yard.free_port()
    yard.gateway.apply(table(route("a", "one", port=port), *fronts))
    connection = yard.connect(port)
    assert exchange(connection, "/score").json["front"] == "a"

    yard.gateway.apply(table(route("b", "two", port=port), *fronts))
    assert exchange(connection, "/score").json["front"] == "b"
    connection.close()

    yard.gateway.apply(RoutingTable())
    assert ports.free(port)


def test_it_is_not_settled_while_an_older_process_finishes_a_request(yard: Yard) -> None:
    yard.gateway.apply(table(route("a"), yard.front("a")))
    replies: list[Reply] = []
    caller = threading.Thread(target=lambda: replies.append(yard.call("/serve/ws/svc/wait")))
    caller.start()
    wait_until(yard.fronts["a"].waiting.is_set)

    yard.gateway.apply(table(route("b"), yard.front("b")))

    assert not yard.gateway.settled()
    yard.fronts["a"].release.set()
    caller.join()
    assert replies[0].json["front"] == "a"
    wait_until(yard.gateway.settled, timeout=5)


def test_idle_connections_and_long_downloads_do_not_keep_it_unsettled(yard: Yard) -> None:
    yard.gateway.apply(table(route("a"), yard.front("a")))
    idle = yard.connect()
    exchange(idle, "/serve/ws/svc/score")
    following = yard.connect()
    following.request("GET", "/wait")
    wait_until(yard.control.waiting.is_set)

    yard.gateway.apply(table(route("b"), yard.front("b")))

    assert yard.gateway.settled()
    assert yard.runtime.workers().old
    yard.control.release.set()
    assert following.getresponse().read()
    following.close()
    idle.close()


@pytest.mark.parametrize("victim", ["worker", "master"])
def test_killed_it_returns_within_seconds_at_the_same_port(yard: Yard, victim: str) -> None:
    local = yard.free_port()
    yard.gateway.apply(table(route(auth=Auth.KEY, keys=("k",), port=local), yard.front("a")))
    assert yard.process is not None

    if victim == "worker":
        worker = yard.runtime.workers().current
        assert worker is not None
        os.kill(worker, signal.SIGKILL)
        assert yard.process.wait(10) != 0
    else:
        os.kill(yard.process.pid, signal.SIGKILL)
        yard.process.wait(10)
    yard.start()

    wait_until(lambda: answers(yard), timeout=5)
    assert yard.ask("POST", "/serve/ws/svc/score").status == 401
    assert yard.ask("POST", "/score", port=local).front == "a"
    yard.gateway.apply(table(route(), yard.front("a"), yard.front("b")))


def answers(yard: Yard) -> bool:
    try:
        return yard.ask("POST", "/serve/ws/svc/score", key="k").status == 200
    except OSError:
        return False


def test_not_started_yet_it_waits_and_then_says_so(stopped: Yard) -> None:
    stopped.gateway = HaproxyGateway(
        stopped.layout, stopped.gateway.process().argv[0], start_timeout=0.1
    )

    with pytest.raises(GatewayFailed, match="not running"):
        stopped.gateway.apply(table(route(), stopped.front("a")))

    stopped.start()
    wait_until(stopped.runtime.stamp)
    assert stopped.ask("POST", "/serve/ws/svc/score").status == 200


def test_an_occupied_local_port_does_not_keep_everything_from_starting(stopped: Yard) -> None:
    port = stopped.taken_port()
    wanted = table((route(), route(service="loc", port=port)), stopped.front("a"))
    stopped.gateway.prepare()
    refused: list[GatewayFailed] = []

    def apply() -> None:
        try:
            stopped.gateway.apply(wanted)
        except GatewayFailed as error:
            refused.append(error)

    applying = threading.Thread(target=apply)
    stopped.gateway = HaproxyGateway(stopped.layout, stopped.gateway.process().argv[0])
    applying.start()
    wait_until(lambda: "be_a" in stopped.layout.config.read_text())
    stopped.start()
    applying.join()

    assert refused[0].details["port"] == port
    assert stopped.ask("POST", "/serve/ws/svc/score").status == 200


def test_an_occupied_main_port_is_named(stopped: Yard) -> None:
    taken = replace(stopped.layout, port=stopped.taken_port())
    gateway = HaproxyGateway(taken, stopped.gateway.process().argv[0], start_timeout=0.1)

    with pytest.raises(GatewayFailed, match=f"port {taken.port}"):
        gateway.apply(RoutingTable())


def test_prepare_keeps_the_last_table_but_not_another_address(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    yard.gateway.prepare()
    assert "be_a" in yard.layout.config.read_text()

    moved = replace(yard.layout, port=yard.free_port())
    HaproxyGateway(moved, "haproxy").prepare()
    assert f"127.0.0.1:{moved.port}" in moved.config.read_text()


def test_a_changed_layout_is_applied_to_the_running_process(yard: Yard) -> None:
    moved = replace(yard.layout, port=yard.free_port())
    gateway = HaproxyGateway(moved, yard.gateway.process().argv[0])

    gateway.apply(table(route(), yard.front("a")))

    assert yard.call("/score", port=moved.port, headers={"Host": "localhost"}).status == 200
    assert ports.free(yard.layout.port)


def test_files_and_sockets_are_for_this_user_alone(yard: Yard) -> None:
    yard.gateway.apply(table(route(auth=Auth.KEY, keys=("k",)), yard.front("a")))

    private: list[Path] = [*yard.layout.folder.iterdir(), *yard.layout.sockets.iterdir()]
    assert private
    assert {path.name: path.stat().st_mode & 0o077 for path in private} == {
        path.name: 0 for path in private
    }
    assert yard.layout.folder.stat().st_mode & 0o077 == 0


def test_a_home_with_spaces_and_quotes_works(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "it's a home")
    try:
        yard.up().gateway.apply(table(route(), yard.front("a")))

        assert yard.ask("POST", "/serve/ws/svc/score").front == "a"
    finally:
        yard.close()


def test_a_soft_stop_finishes_what_it_has(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    replies: list[Reply] = []
    caller = threading.Thread(target=lambda: replies.append(yard.call("/serve/ws/svc/wait")))
    caller.start()
    wait_until(yard.fronts["a"].waiting.is_set)
    assert yard.process is not None
    spec = yard.gateway.process()

    yard.process.send_signal(signal.Signals[spec.stop_signal])
    wait_until(lambda: ports.free(yard.layout.port))
    yard.fronts["a"].release.set()
    caller.join()

    assert replies[0].status == 200
    assert yard.process.wait(10) == 0
