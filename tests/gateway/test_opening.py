"""What opens a service besides its keys, with a real HAProxy: access tokens; and feedback."""

import base64
import hmac
import json
import time
from dataclasses import replace

import pytest

from modelyard.domain.routing import Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.gateway.config import render
from modelyard.testing.gateway import service_token
from tests.gateway.test_requests import is_problem
from tests.gateway.yard import Reply, Yard, exchange, route
from tests.waiting import wait_until

KEY = "a" * 64
SCORE = "/serve/ws/svc/score"


def tokened(service: str = "svc", id: str = "s1", **more: object) -> Route:
    return replace(route("a", service, Auth.TOKEN), id=id, **more)


def up(yard: Yard, *routes: Route, key: str = KEY) -> None:
    backend = yard.front("a")
    yard.gateway.apply(RoutingTable(routes or (tokened(),), {"a": backend}, signing_key=key))


def token(key: str = KEY, **claims: object) -> str:
    usual = {"aud": "ws/svc", "sid": "s1", "exp": int(time.time()) + 60}
    return service_token(key, **{**usual, **claims})


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


def forged(algorithm: str, digest: str | None) -> str:
    """A token with another algorithm in its header, signed with the right key or not at all."""

    def text(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    header = text(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    body = f"{header}.{token().split('.')[1]}"
    signature = b"" if digest is None else hmac.digest(KEY.encode(), body.encode(), digest)
    return f"{body}.{text(signature)}"


def test_the_front_never_sees_the_token(yard: Yard) -> None:
    up(yard)

    reply = yard.call(SCORE, headers=bearer(token()))

    assert reply.status == 200
    assert "authorization" not in reply.json["headers"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(forged("none", None), id="alg none without a signature"),
        pytest.param(forged("none", "sha256"), id="alg none, signed"),
        pytest.param(forged("HS512", "sha512"), id="another algorithm, the same key"),
        pytest.param(forged("HS512", "sha256"), id="another algorithm in the header only"),
        pytest.param(service_token(KEY, aud="ws/svc", sid="s1"), id="without an end"),
        pytest.param(token(exp="soon"), id="an end that is no time"),
        pytest.param(token(aud=["ws/svc"]), id="several audiences"),
        pytest.param(token(sid=""), id="no service"),
        pytest.param(token().rpartition(".")[0], id="no signature"),
        pytest.param("." * 3, id="only dots"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_not_a_token_as_we_make_them_opens_nothing(yard: Yard, value: str) -> None:
    up(yard)

    reply = yard.call(SCORE, headers=bearer(value))

    assert is_problem(reply, 401, "unauthenticated")
    assert yard.fronts["a"].requests == []


def test_who_has_no_token_or_an_old_one_is_told_how_to_get_one(yard: Yard) -> None:
    up(yard)

    none = yard.call(SCORE)
    old = yard.call(SCORE, headers=bearer(token(exp=int(time.time()) - 5)))
    triton = yard.call("/serve/ws/svc/v2/models/net")

    assert "needs an access token" in str(none.json["message"])
    assert "has expired" in str(old.json["message"])
    assert "get_access_token" in str(old.json["message"])
    assert none.headers["www-authenticate"] == "Bearer"
    assert list(triton.json) == ["error"]


def test_on_one_connection_each_request_is_judged_by_its_own_token(yard: Yard) -> None:
    up(yard, tokened(), tokened("other", "s2"), route("a", "keyed", Auth.KEY, keys=("k",)))
    mine, others = token(), token(aud="ws/other", sid="s2")
    connection = yard.connect()

    def status(service: str, value: str | None) -> int:
        headers = {} if value is None else bearer(value)
        return exchange(connection, f"/serve/ws/{service}/score", headers=headers).status

    asked = [("svc", mine), ("svc", None), ("svc", mine), ("other", mine), ("other", others),
             ("svc", others), ("svc", mine), ("keyed", mine), ("keyed", "k"), ("svc", "k"),
             ("svc", mine), ("svc", token(exp=1)), ("svc", mine)]  # fmt: skip
    found = [status(service, value) for service, value in asked]
    connection.close()

    assert found == [200, 401, 200, 401, 200, 401, 200, 401, 200, 401, 200, 401, 200]


def test_a_token_that_ends_opens_nothing_on_a_connection_that_knew_it(yard: Yard) -> None:
    up(yard)
    short = token(exp=int(time.time()) + 2)
    connection = yard.connect()

    first = exchange(connection, SCORE, headers=bearer(short)).status
    wait_until(lambda: exchange(connection, SCORE, headers=bearer(short)).status == 401)
    connection.close()

    assert first == 200


def test_a_service_of_the_same_name_that_comes_later_takes_no_old_token(yard: Yard) -> None:
    up(yard)
    old = token()
    connection = yard.connect()
    before = exchange(connection, SCORE, headers=bearer(old)).status

    up(yard, tokened(id="s9"))
    after = exchange(connection, SCORE, headers=bearer(old)).status
    connection.close()

    assert (before, after) == (200, 401)
    assert yard.call(SCORE, headers=bearer(token(sid="s9"))).status == 200


def test_another_signing_key_makes_all_tokens_void_also_on_kept_connections(yard: Yard) -> None:
    up(yard)
    connection = yard.connect()
    before = exchange(connection, SCORE, headers=bearer(token())).status

    up(yard, key="b" * 64)
    after = exchange(connection, SCORE, headers=bearer(token())).status
    connection.close()

    assert (before, after) == (200, 401)


def test_tokens_work_with_the_control_plane_down(yard: Yard) -> None:
    up(yard)
    yard.control.close()

    assert yard.call(SCORE, headers=bearer(token())).status == 200


def test_preflight_requests_need_no_token_where_cors_is_on(yard: Yard) -> None:
    up(yard, tokened(cors=True))

    assert yard.call(SCORE, "OPTIONS").status == 200
    assert yard.call(SCORE).status == 401


def test_versions_open_with_the_token_of_their_service(yard: Yard) -> None:
    up(yard, tokened(versions={"blue": "a"}, owners=(("blue", 1000),)))

    named = {**bearer(token()), "azureml-model-deployment": "blue"}

    assert yard.call(SCORE, headers=bearer(token())).status == 200
    assert yard.call(SCORE, headers=named).status == 200
    assert yard.call(SCORE, headers={"azureml-model-deployment": "blue"}).status == 401


def test_a_too_large_body_with_a_token_is_refused_before_it_is_read(yard: Yard) -> None:
    up(yard)

    reply = yard.call(SCORE, body=b"x" * 1_000_001, headers=bearer(token()))

    assert is_problem(reply, 413, "too_large")


def test_the_signing_key_is_only_there_while_somebody_needs_it(yard: Yard) -> None:
    text = render(RoutingTable((tokened(),), signing_key=KEY), yard.layout)

    assert KEY in text
    assert "jwt_verify(HS256" in text
    assert "jwt_verify" not in render(RoutingTable((tokened(),)), yard.layout)


FEEDBACK = "/serve/ws/svc/feedback"


def feedback(yard: Yard, key: str = "k", **headers: str) -> Reply:
    return yard.call(FEEDBACK, body=b'{"id":1}', headers={**bearer(key), **headers})


def test_the_collector_learns_whose_feedback_it_is_and_not_from_the_caller(yard: Yard) -> None:
    yard.gateway.apply(RoutingTable((route(None, auth=Auth.KEY, keys=("k",)),)))

    reply = feedback(yard, **{"X-Modelyard-Workspace": "*", "X-Modelyard-Role": "owner"})

    told = reply.json["headers"]
    assert reply.json["path"] == "/api/v1/telemetry/services/ws/svc/feedback"
    assert [told[f"x-modelyard-{name}"] for name in ("workspace", "service", "role")] == [
        "ws",
        "svc",
        "feedback",
    ]
    assert "authorization" not in told
    assert reply.json["received"] == 8


def test_feedback_needs_neither_the_control_plane_nor_a_version(yard: Yard) -> None:
    closed = replace(route(None, auth=Auth.KEY, keys=("k",)), closed=True, waiting=("blue",))
    yard.gateway.apply(RoutingTable((closed,)))
    yard.control.close()

    assert feedback(yard).status == 200
    assert feedback(yard, **{"azureml-model-deployment": "pink"}).status == 200


def test_feedback_of_a_service_with_tokens_opens_with_one(yard: Yard) -> None:
    up(yard)

    assert feedback(yard, token()).status == 200
    assert feedback(yard, token(sid="s9")).status == 401


def test_a_local_service_takes_feedback_on_its_own_port(yard: Yard) -> None:
    port = yard.free_port()
    yard.gateway.apply(RoutingTable((route(None, port=port),)))

    reply = yard.call("/feedback", body=b"{}", port=port)

    assert reply.json["path"] == "/api/v1/telemetry/services/ws/svc/feedback"


def test_what_is_read_at_that_path_is_the_models_own(yard: Yard) -> None:
    yard.gateway.apply(RoutingTable((route(),), {"a": yard.front("a")}))

    assert yard.call(FEEDBACK, "GET").json["front"] == "a"


def test_without_a_collector_feedback_says_so_and_is_no_failed_request(yard: Yard) -> None:
    yard.gateway.apply(RoutingTable((route(),), {"a": yard.front("a")}))
    assert yard.collector is not None
    yard.collector.close()

    reply = yard.call(FEEDBACK, body=b"{}")

    assert is_problem(reply, 503, "collector_down")
    wait_until(lambda: reply.headers["x-request-id"] in yard.log())
    (line,) = (x for x in yard.log().splitlines() if reply.headers["x-request-id"] in x)
    assert '"service":"-"' in line
