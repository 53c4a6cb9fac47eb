import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest

from modelyard.collector.app import Web
from modelyard.collector.routing import Router
from modelyard.collector.web import HttpAnswer, HttpRequest, Route
from modelyard.domain.errors import BadInput, Unavailable


async def echo(request: HttpRequest) -> HttpAnswer:
    found = {"parameters": dict(request.parameters), "workspace": request.workspace,
             "body": request.body.decode()}  # fmt: skip
    return HttpAnswer(200, body=json.dumps(found).encode())


async def bad(_: HttpRequest) -> HttpAnswer:
    raise BadInput("Nothing fits.", details={"field": "x"})


async def away(_: HttpRequest) -> HttpAnswer:
    raise Unavailable("It is away.")


async def broken(_: HttpRequest) -> HttpAnswer:
    raise ZeroDivisionError("a secret")


ROUTES = [
    Route("GET", "/things/{name}", echo),
    Route("GET", "/things/special", away),
    Route("POST", "/things/{name}/parts/{part}", echo, body_limit=100),
    Route("POST", "/bad", bad),
    Route("POST", "/broken", broken),
]
WEB = Web(ROUTES)


def ask(method: str, path: str, body: bytes = b"", **headers: str) -> HttpAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(WEB.answer(HttpRequest(method, path, headers=named, body=body)))


def said(answer: HttpAnswer) -> dict[str, Any]:
    assert isinstance(answer.body, bytes)
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_a_path_gives_its_parameters() -> None:
    found = said(ask("POST", "/things/a b/parts/7", b"x"))

    assert found["parameters"] == {"name": "a b", "part": "7"}


def test_a_written_out_segment_comes_before_a_parameter() -> None:
    assert ask("GET", "/things/special").status == 503
    assert ask("GET", "/things/other").status == 200


@pytest.mark.parametrize("path", ["/", "", "/things", "/things/", "/things/a/", "//things/a"])
def test_what_is_not_there_is_a_404_in_the_apis_shape(path: str) -> None:
    answer = ask("GET", path, x_request_id="r1")

    assert answer.status == 404
    assert said(answer)["code"] == "not_found"
    assert said(answer)["request_id"] == "r1"


def test_a_method_that_is_not_possible_is_a_405_that_names_those_that_are() -> None:
    answer = ask("DELETE", "/things/a")

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_head_is_answered_as_get() -> None:
    assert ask("HEAD", "/things/a").status == 200


def test_errors_have_their_status_code_and_details() -> None:
    answer = ask("POST", "/bad")

    assert answer.status == 400
    assert said(answer) == {
        "code": "bad_input", "message": "Nothing fits.", "request_id": "",
        "details": {"field": "x"},
    }  # fmt: skip


def test_what_is_away_says_when_to_ask_again() -> None:
    assert ask("GET", "/things/special").headers["retry-after"] == "1"


def test_a_fault_of_ours_says_nothing_of_its_cause() -> None:
    answer = ask("POST", "/broken")

    assert answer.status == 500
    assert "secret" not in str(answer.body)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("identity", bytes),
        ("GZIP ", gzip.compress),
    ],
)
def test_packed_bodies_are_unpacked(encoding: str, pack: Any) -> None:
    answer = ask("POST", "/things/a/parts/b", pack(b"hello"), content_encoding=encoding)

    assert said(answer)["body"] == "hello"


def test_a_gzip_body_of_two_parts_is_whole() -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two")

    assert (
        said(ask("POST", "/things/a/parts/b", body, content_encoding="gzip"))["body"] == "one two"
    )


@pytest.mark.parametrize("body", [b"x" * 101, gzip.compress(b"x" * 10_000_000)])
def test_a_body_over_the_limit_is_refused_also_when_it_is_small_on_the_way(body: bytes) -> None:
    encoding = "gzip" if body[:2] == b"\x1f\x8b" else ""

    answer = ask("POST", "/things/a/parts/b", body, content_encoding=encoding)

    assert answer.status == 413
    assert said(answer)["details"] == {"limit": 100}


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        pytest.param(b"rubbish", "gzip", "cannot be unpacked", id="no gzip"),
        pytest.param(gzip.compress(b"hello")[:-6], "gzip", "ends too early", id="cut"),
        pytest.param(gzip.compress(b"") * 101, "gzip", "more than 100 parts", id="parts"),
        pytest.param(b"x", "br", "not understood", id="another packing"),
    ],
)
def test_bodies_that_cannot_be_unpacked_say_why(body: bytes, encoding: str, words: str) -> None:
    answer = ask("POST", "/things/a/parts/b", body, content_encoding=encoding)

    assert answer.status == 400
    assert words in said(answer)["message"]


@pytest.mark.parametrize(("header", "seen"), [("*", None), ("ws", "ws"), ("", "")])
def test_the_gateway_says_which_workspace_may_be_seen(header: str, seen: str | None) -> None:
    assert said(ask("GET", "/things/a", x_modelyard_workspace=header))["workspace"] == seen


def test_two_routes_of_one_place_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="Two routes answer GET /a"):
        Router([Route("GET", "/a", echo), Route("GET", "/a", echo)])
