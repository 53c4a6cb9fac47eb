"""What happens to a request on its way, with a real HAProxy."""

import socket
import threading
import time
import uuid
from dataclasses import replace

import pytest

from modelyard.domain.routing import RoutingTable
from modelyard.domain.services import Auth
from tests.gateway.yard import Reply, Yard, exchange, route, table
from tests.waiting import wait_until


def is_problem(reply: Reply, status: int, code: str) -> bool:
    problem = reply.json
    assert reply.status == status, reply
    assert problem["code"] == code
    assert problem["message"]
    assert problem["request_id"] == reply.headers["x-request-id"]
    assert reply.headers["content-type"] == "application/json"
    return True


def test_front_and_caller_get_the_same_request_id(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    reply = yard.call("/serve/ws/svc/score", headers={"X-Request-Id": "mine"})

    assert uuid.UUID(reply.headers["x-request-id"])
    assert reply.json["headers"]["x-request-id"] == reply.headers["x-request-id"]


def test_the_query_stays_when_the_prefix_goes(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    assert yard.call("/serve/ws/svc/score?a=1&b=/x").json["path"] == "/score?a=1&b=/x"


def test_headers_that_only_we_may_send_are_removed(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    sent = {"X-Modelyard-Version": "x", "x-modelyard-user": "x", "X-MODELYARD-A": "x", "X-B": "1"}
    for path in ("/serve/ws/svc/score", "/api/v1/x"):
        seen = yard.call(path, headers=sent).json["headers"]

        assert not [name for name in seen if name.startswith("x-modelyard")]
        assert seen["x-b"] == "1"


def test_a_front_is_told_the_address_of_who_asks_not_what_they_say_it_is(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    reply = yard.call("/serve/ws/svc/score", headers={"X-Forwarded-For": "9.9.9.9"})

    assert reply.json["headers"]["x-forwarded-for"] == "127.0.0.1"


def test_the_front_never_sees_the_key(yard: Yard) -> None:
    yard.gateway.apply(table(route(auth=Auth.KEY, keys=("k",)), yard.front("a")))

    reply = yard.call("/serve/ws/svc/score", headers={"Authorization": "Bearer k"})

    assert reply.status == 200
    assert "authorization" not in reply.json["headers"]


def test_the_control_plane_does_its_own_authentication(yard: Yard) -> None:
    seen = yard.call("/api/v1/x", headers={"Authorization": "Bearer t"}).json["headers"]

    assert seen["authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param("Bearer k", 200, id="as everybody writes it"),
        pytest.param("bearer k", 200, id="the scheme in lower case"),
        pytest.param("Bearer x", 401, id="another value"),
        pytest.param("Basic azpr", 401, id="another scheme"),
        pytest.param("k", 401, id="no scheme"),
        pytest.param("Bearer ", 401, id="no key"),
    ],
)
def test_the_key_is_a_bearer_value(yard: Yard, header: str, status: int) -> None:
    yard.gateway.apply(table(route(auth=Auth.KEY, keys=("k",)), yard.front("a")))

    assert yard.call("/serve/ws/svc/x", headers={"Authorization": header}).status == status


def test_on_one_connection_each_request_is_judged_by_its_own_key(yard: Yard) -> None:
    routes = (route(auth=Auth.KEY, keys=("k", "l")), route("b", "other", Auth.KEY, keys=("o",)))
    yard.gateway.apply(table(routes, yard.front("a"), yard.front("b")))
    connection = yard.connect()

    def status(service: str, key: str | None) -> int:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return exchange(connection, f"/serve/ws/{service}/score", headers=headers).status

    asked = [("svc", "k"), ("svc", None), ("svc", "k"), ("svc", "x"), ("svc", "kk"), ("svc", "l"),
             ("other", "l"), ("other", None), ("other", "o"), ("svc", "o"), ("svc", "k"),
             ("other", "k")]  # fmt: skip
    found = [status(service, key) for service, key in asked]
    connection.close()

    assert found == [200, 401, 200, 401, 401, 200, 401, 401, 200, 401, 200, 401]


def test_a_key_that_is_revoked_opens_nothing_on_a_connection_that_knew_it(yard: Yard) -> None:
    keyed = route(auth=Auth.KEY, keys=("k",))
    yard.gateway.apply(table(keyed, yard.front("a")))
    connection = yard.connect()
    headers = {"Authorization": "Bearer k"}
    before = exchange(connection, "/serve/ws/svc/score", headers=headers)

    yard.gateway.apply(table(route(auth=Auth.KEY, keys=("l",)), yard.front("a")))
    after = exchange(connection, "/serve/ws/svc/score", headers=headers)
    connection.close()

    assert (before.status, after.status) == (200, 401)


def test_a_wrong_key_is_told_how_to_send_one(yard: Yard) -> None:
    yard.gateway.apply(table(route(auth=Auth.KEY, keys=("k",)), yard.front("a")))

    reply = yard.call("/serve/ws/svc/score")

    assert is_problem(reply, 401, "unauthenticated")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert "ws/svc" in str(reply.json["message"])


def test_a_wrong_key_is_told_in_the_way_that_clients_of_the_open_protocol_read(yard: Yard) -> None:
    yard.gateway.apply(table(route(auth=Auth.KEY, keys=("k",)), yard.front("a")))

    reply = yard.call("/serve/ws/svc/v2/models/net")

    assert reply.status == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert list(reply.json) == ["error"]
    assert "ws/svc" in str(reply.json["error"])


def test_an_unknown_service_is_named(yard: Yard) -> None:
    reply = yard.call('/serve/ws/"%7B\\x/score')

    assert is_problem(reply, 404, "not_found")
    assert 'ws/"%7B\\x' in str(reply.json["message"])


def test_a_service_that_is_not_ready_says_when_to_come_back(yard: Yard) -> None:
    yard.gateway.apply(table(route(backend=None)))

    reply = yard.call("/serve/ws/svc/score")

    assert is_problem(reply, 503, "not_ready")
    assert reply.headers["retry-after"] == "1"


def test_a_post_that_a_front_has_taken_is_never_sent_twice(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    connection = yard.connect()
    exchange(connection, "/serve/ws/svc/score")

    for _ in range(2):  # on a connection that was used before, and on a fresh one
        reply = exchange(connection, "/serve/ws/svc/die", body=b"x")
        connection.close()
        assert is_problem(reply, 502, "front_lost")

    assert yard.fronts["a"].requests == ["/score", "/die", "/die"]


@pytest.mark.parametrize("path", ["/untaken", "/unread"])
def test_a_post_that_no_front_has_taken_is_sent_again(yard: Yard, path: str) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    connection = yard.connect()
    exchange(connection, "/serve/ws/svc/score")

    reply = exchange(connection, f"/serve/ws/svc{path}", body=b"x" * 10_000)
    connection.close()

    assert reply.status == 200
    assert yard.fronts["a"].requests == ["/score", path, path]


def test_a_post_that_meets_a_dying_front_again_and_again_waits_for_the_next(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    reply = yard.call("/serve/ws/svc/dying", body=b"x" * 10_000)

    assert reply.status == 200
    assert yard.fronts["a"].requests == ["/dying"] * 4


def test_a_post_that_no_front_has_taken_and_none_takes_is_a_503(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    connection = yard.connect()
    exchange(connection, "/serve/ws/svc/score")
    replies: list[Reply] = []
    caller = threading.Thread(
        target=lambda: replies.append(exchange(connection, "/serve/ws/svc/hold", body=b"x"))
    )

    caller.start()
    yard.fronts["a"].waiting.wait(20)
    yard.lose("a")
    caller.join()
    connection.close()

    assert is_problem(replies[0], 503, "front_down")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/die", 502, "front_lost"), ("/wait", 504, "timeout"), ("/away", 503, "front_down")],
)
def test_an_error_instead_of_a_front_says_which_version_did_not_answer(
    yard: Yard, path: str, status: int, code: str
) -> None:
    front = replace(yard.front("a", timeout=3), version="blue")
    yard.gateway.apply(table(route(), front))
    if code == "front_down":
        yard.lose("a")

    reply = yard.call(f"/serve/ws/svc{path}", body=b"x")

    assert is_problem(reply, status, code)
    assert reply.headers["azureml-model-deployment"] == "blue"


def test_a_front_that_stays_away_is_a_503_after_two_seconds(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    yard.lose("a")
    before = time.monotonic()

    reply = yard.call("/serve/ws/svc/score")

    assert 1.5 < time.monotonic() - before < 4
    assert is_problem(reply, 503, "front_down")
    assert int(reply.headers["retry-after"]) >= 1


def test_a_front_that_comes_back_quickly_loses_no_request(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    yard.lose("a")
    replies: list[Reply] = []
    caller = threading.Thread(target=lambda: replies.append(yard.call("/serve/ws/svc/score")))

    caller.start()
    wait_until(lambda: yard.active("a") == 1)
    yard.front("a")
    caller.join()

    assert replies[0].status == 200


def test_a_front_that_is_too_slow_is_a_504(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a", timeout=0.3)))

    reply = yard.call("/serve/ws/svc/wait")

    assert is_problem(reply, 504, "timeout")
    assert "azureml-model-deployment" not in reply.headers  # it has no name here


def test_a_slow_upload_is_not_a_slow_answer(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a", timeout=0.5)))
    pause = threading.Event()

    with socket.create_connection(("127.0.0.1", yard.layout.port), timeout=20) as connection:
        connection.sendall(
            b"POST /serve/ws/svc/score HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Length: 10\r\n\r\n"
        )
        for _ in range(10):
            pause.wait(0.12)
            connection.sendall(b"x")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"received": 10' in answer


def test_a_front_learns_that_its_caller_has_gone(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    front = yard.fronts["a"]
    connection = yard.connect()
    connection.request("POST", "/serve/ws/svc/abandon", b"x")
    wait_until(front.waiting.is_set)

    assert not front.gone
    connection.close()

    wait_until(lambda: front.gone)
    assert yard.call("/serve/ws/svc/score").status == 200  # it lost this caller only


def test_a_body_over_the_limit_is_refused_before_it_is_read(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    reply = yard.call("/serve/ws/svc/score", body=b"x" * 1_000_001)

    assert is_problem(reply, 413, "too_large")
    assert "1000000" in str(reply.json["message"])
    assert yard.fronts["a"].requests == []


def test_a_body_at_the_limit_passes(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    assert yard.call("/serve/ws/svc/score", body=b"x" * 1_000_000).json["received"] == 1_000_000


def test_uploads_to_the_control_plane_may_be_larger(yard: Yard) -> None:
    assert yard.call("/api/v1/blobs/x", "PUT", b"x" * 1_500_000).json["received"] == 1_500_000


def test_services_go_on_without_the_control_plane(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))
    yard.control.close()

    assert is_problem(yard.call("/api/v1/x"), 503, "control_plane_down")
    assert yard.call("/serve/ws/svc/score").status == 200


def test_a_lost_answer_of_the_control_plane_says_so(yard: Yard) -> None:
    assert is_problem(yard.call("/die"), 502, "control_plane_lost")


def test_a_body_that_ends_early_is_a_400(yard: Yard) -> None:
    yard.gateway.apply(table(route(), yard.front("a")))

    with socket.create_connection(("127.0.0.1", yard.layout.port), timeout=20) as connection:
        connection.sendall(
            b"POST /serve/ws/svc/score HTTP/1.1\r\nHost: localhost\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 400")


def test_what_is_not_http_is_a_400(yard: Yard) -> None:
    assert yard.raw(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_each_request_to_a_service_leaves_one_line_without_its_key(yard: Yard) -> None:
    yard.gateway.apply(table(route(auth=Auth.KEY, keys=("secret",)), yard.front("a")))
    before = len(yard.log())

    headers = {"Authorization": "Bearer secret"}
    reply = yard.call("/serve/ws/svc/score?token=hidden", body=b"1234", headers=headers)
    yard.call("/api/v1/x")
    refused = yard.call("/serve/ws/svc/score")

    wait_until(lambda: refused.headers["x-request-id"] in yard.log())
    said = yard.log()[before:]
    lines = [line for line in said.splitlines() if line.startswith("{")]
    assert [record(line)["status"] for line in lines] == [200, 401]
    first = record(lines[0])
    assert first["id"] == reply.headers["x-request-id"]
    assert (first["service"], first["backend"], first["path"]) == (
        "ws/svc",
        "be_a",
        "/serve/ws/svc/score",
    )
    assert first["total_ms"] >= first["answer_ms"] >= 0
    assert "secret" not in said
    assert "hidden" not in said


def record(line: str) -> dict[str, object]:
    return Reply(0, {}, line.encode()).json


def test_an_empty_table_still_leads_to_the_control_plane(yard: Yard) -> None:
    yard.gateway.apply(RoutingTable())

    assert yard.call("/health", "GET").json["front"] == "control"
