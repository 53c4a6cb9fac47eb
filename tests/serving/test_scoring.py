import socket
import stat
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.serving.fronts import Front

Start = Callable[..., Front]

RAW = """
from azureml.contrib.services.aml_request import rawhttp, AMLRequest
from azureml.contrib.services.aml_response import AMLResponse
def init(): pass
@rawhttp
def run(request):
    return AMLResponse(request.method, 200)
"""


def test_a_request_is_scored(start: Start) -> None:
    front = start()

    answer = front.score(data=[1, 2])

    assert answer.status == 200
    assert answer.json["data"] == [1, 2]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-modelyard-version"] == "blue"
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert answer.headers["x-ms-server-version"].startswith("modelyard/")
    assert float(answer.headers["x-ms-run-fn-exec-ms"]) >= 0


def test_health_is_told_without_asking_a_worker(start: Start) -> None:
    front = start()

    answer = front.ask("GET", "/")

    assert (answer.status, answer.body) == (200, b"Healthy")
    assert answer.headers["content-type"].startswith("text/html")


def test_the_gateways_request_id_comes_back_under_both_names(start: Start) -> None:
    front = start()

    answer = front.ask("GET", "/", headers={"x-request-id": "abc", "x-ms-client-request-id": "me"})

    assert answer.headers["x-request-id"] == answer.headers["x-ms-request-id"] == "abc"
    assert answer.headers["x-ms-client-request-id"] == "me"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        pytest.param("GET", "/nothing", {}, 404, "not_found", id="no such route"),
        pytest.param("PUT", "/score", {}, 405, "method_not_allowed", id="method"),
        pytest.param("POST", "/", {}, 405, "method_not_allowed", id="method of health"),
        pytest.param(
            "POST", "/score", {"x-ms-client-request-id": "x" * 101}, 431,
            "client_request_id_too_long", id="long client id",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_gets_one_json_shape(
    start: Start, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    front = start()

    answer = front.ask(method, path, body={}, headers=headers)

    assert answer.status == status
    assert answer.json["code"] == code
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    assert answer.json["message"]


def test_an_unknown_route_is_told_all_that_there_are(start: Start) -> None:
    answer = start().ask("GET", "/predict")

    for route in ("/score", "/v2", "/openapi.json", "/swagger.json"):
        assert route in answer.json["message"].partition(" here; ")[2]


def test_a_body_over_the_limit_is_refused_by_its_length(start: Start) -> None:
    front = start(body_limit=1000)

    answer = front.ask(body=b"x" * 1001)

    assert (answer.status, answer.json["code"]) == (413, "too_large")
    assert answer.json["details"] == {"limit": 1000}


def test_a_body_over_the_limit_is_refused_while_it_is_read(start: Start) -> None:
    front = start(body_limit=1000)

    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(front.socket))
        sock.sendall(b"POST /score HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        sock.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")  # and no end
        head = sock.recv(100)

    assert head.startswith(b"HTTP/1.1 413 ")


def test_a_large_body_goes_there_and_back(start: Start) -> None:
    front = start()

    answer = front.score(text="x" * 20_000_000)

    assert answer.status == 200
    assert len(answer.body) > 20_000_000


def test_a_raw_script_gets_every_method(start: Start) -> None:
    front = start(RAW)

    answers = [front.ask(method) for method in ("GET", "POST", "PUT", "DELETE", "PATCH")]

    assert [answer.status for answer in answers] == [200] * 5
    assert b"DELETE" in answers[3].body


def test_options_lists_the_methods_of_an_ordinary_script(start: Start) -> None:
    front = start()

    answer = front.ask("OPTIONS")

    assert (answer.status, answer.headers["allow"]) == (200, "GET, POST, OPTIONS")


def test_a_browser_may_call_from_the_origins_named(start: Start) -> None:
    front = start(cors_origins=["https://app.example"])
    asked = {"access-control-request-method": "POST", "origin": "https://app.example"}

    preflight = front.ask("OPTIONS", headers=asked)
    answer = front.ask("GET", "/", headers={"origin": "https://app.example"})
    foreign = front.ask("GET", "/", headers={"origin": "https://evil.example"})

    assert preflight.status == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in foreign.headers


def test_the_old_name_of_a_clients_id_is_echoed_under_the_new_one(start: Start) -> None:
    front = start()

    old = front.ask("GET", "/", headers={"x-ms-request-id": "mine"})
    both = front.ask(body={}, headers={"x-ms-request-id": "old", "x-ms-client-request-id": "new"})
    long = front.ask(body={}, headers={"x-ms-request-id": "x" * 101})

    assert old.headers["x-ms-client-request-id"] == "mine"
    assert old.headers["x-ms-request-id"] == old.headers["x-request-id"] != "mine"
    assert both.headers["x-ms-client-request-id"] == "new"
    assert (long.status, long.json["code"]) == (431, "client_request_id_too_long")


def test_what_the_front_answers_itself_is_no_failure_of_run(start: Start) -> None:
    front = start()

    answers = [front.ask("GET", "/nothing"), front.ask("PUT"), front.ask("OPTIONS"),
               front.ask("GET", "/swagger.json")]  # fmt: skip

    assert {answer.headers["x-ms-run-function-failed"] for answer in answers} == {"False"}


def test_a_prefix_is_told_in_the_description(start: Start) -> None:
    front = start(variables={"SERVICE_PATH_PREFIX": "/models/prices/"})

    paths = front.ask("GET", "/swagger.json?version=3").json["paths"]

    assert list(paths) == [
        "/models/prices/",
        "/models/prices/score",
        "/models/prices/swagger.json",
    ]
    assert front.score(a=1).status == 200


def test_each_version_of_the_description_may_be_written_by_hand(start: Start) -> None:
    front = start()
    for name in ("swagger2", "swagger3", "swagger3.1"):
        (front.app / f"{name}.json").write_text(f'{{"mine": "{name}"}}')

    answers = [front.ask("GET", f"/swagger.json?version={v}") for v in ("2.0", "3", "3.1")]

    assert [answer.json["mine"] for answer in answers] == ["swagger2", "swagger3", "swagger3.1"]


@pytest.mark.parametrize(
    ("query", "key", "value"),
    [("", "swagger", "2.0"), ("?version=2.0", "swagger", "2.0"),
     ("?version=3", "openapi", "3.0.3"), ("?version=3.1", "openapi", "3.1.0")],
)  # fmt: skip
def test_the_service_describes_itself(start: Start, query: str, key: str, value: str) -> None:
    front = start()

    answer = front.ask("GET", f"/swagger.json{query}")

    assert answer.json[key] == value
    assert answer.json["info"]["title"] == "prices"


def test_a_swagger_file_of_the_author_wins(start: Start) -> None:
    front = start()
    (front.app / "swagger3.json").write_text('{"mine": true}')

    answers = [front.ask("GET", f"/swagger.json?version={v}") for v in ("3", "9")]

    assert answers[0].json == {"mine": True}
    assert answers[1].status == 404
    assert answers[1].json["message"] == (
        "Swagger version [9] is not valid. Supported versions: [2, 3, 3.1]."
    )


def test_sockets_and_log_are_for_their_owner_only(start: Start) -> None:
    front = start()

    modes = [stat.S_IMODE(p.stat().st_mode)
             for p in (front.socket, front.control_socket, front.log_file)]  # fmt: skip

    assert modes == [0o600] * 3


def test_a_header_that_http_does_not_allow_does_not_cost_the_answer(start: Start) -> None:
    script = """
from azureml.contrib.services.aml_response import AMLResponse
def init(): pass
def run(data):
    return AMLResponse("fine", 201, {"x-good": "1", "x-bad": "a" + chr(10) + "b: c"})
"""
    front = start(script)

    answer = front.score(data=1)

    assert answer.status in {201, 500}
    assert b"b: c" not in str(answer.headers).encode()
    assert answer.body


def test_headers_with_foreign_characters_do_not_break_an_answer(start: Start) -> None:
    front = start()
    odd = "caf\u00e9"

    answer = front.ask(
        body={"a": 1},
        headers={"x-request-id": odd, "x-ms-client-request-id": odd, "traceid": odd, "x-own": odd},
    )

    assert (answer.status, answer.json["a"]) == (200, 1)
    assert answer.headers["x-request-id"].isascii()


def test_a_front_never_loads_the_database_or_the_api() -> None:
    code = (
        "import sys, modelyard.bootstrap.front\n"
        "print([n for n in ('sqlalchemy', 'litestar', 'alembic') if n in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"
