"""One shape for every error, and nothing of the inside in it."""

from typing import Any

import pytest

from modelyard.domain.errors import BY_CODE
from tests.api.conftest import Caller, Callers
from tests.usecases.yard import Yard

SERVICES = "/workspaces/ws/services"


def test_an_unknown_route_is_a_problem(shared: Callers) -> None:
    answer = shared.owner("GET", "/nothing/here")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert "/nothing/here" in answer.json()["message"]


def test_a_method_that_is_not_there_is_a_problem(shared: Callers) -> None:
    answer = shared.owner("PUT", "/workspaces")

    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "JSON"),
        (b"", "body: a JSON object is needed"),
        (b"[]", "body: Expected `object`"),
        (b"null", "object"),
        (b'{"name": 5}', "name: Expected `str`, got `int`"),
        (b'{"name": "ws2", "colour": "red"}', "colour"),
        (b'{"tags": {}}', "name"),
        (b'{"name": "ws2", "tags": {"a": 1}}', "tags"),
        (b'{"name": "\xff"}', ""),
        (b'{"name": "a\\u0000b"}', "cannot be the name"),
        (b'{"name": "ws2", "tags": {"a": "\\u0000"}}', "NUL"),
        (b'{"name": "ws2", "tags": {"\\ud800": "x"}}', ""),
    ],
)
def test_a_body_that_cannot_be_used_is_a_400_that_says_where(
    shared: Callers, body: bytes, words: str
) -> None:
    answer = shared.owner("POST", "/workspaces", content=body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in {"bad_input", "bad_name"}
    assert words in answer.json()["message"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"content": {"source": 1}}, "content.source"),
        ({"content": {"serving": {"workers": "two"}}}, "content.serving.workers"),
        ({"port": 1.5}, "port"),
        ({"content": {"models": {}}}, "content.models"),
    ],
)
def test_a_wrong_type_names_the_path_of_the_field(
    shared: Callers, change: dict[str, Any], field: str
) -> None:
    body = {
        "name": "salary",
        "content": {"source": "0" * 64, "entry_script": "s.py", "environment": {"name": "e"}},
    }
    if isinstance(change.get("content"), dict):
        change = {"content": {**body["content"], **change["content"]}}  # type: ignore[dict-item]

    answer = shared.owner("POST", SERVICES, json={**body, **change})

    assert answer.status_code == 400
    assert field in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/workspaces/nowhere", 404),
        ("GET", "/workspaces/nowhere/models", 404),
        ("GET", "/workspaces/nowhere/services", 404),
        ("GET", "/workspaces/nowhere/environments", 404),
        ("GET", "/workspaces/ws/models/m/versions/9", 404),
        ("GET", "/workspaces/ws/models/m/versions/x", 404),
        ("GET", "/workspaces/ws/models/m/versions/99999999999999999999", 404),
        ("GET", "/workspaces/ws/runs/nobody", 404),
        ("GET", "/workspaces/ws/runs/nobody/files/a", 404),
        ("GET", "/workspaces/ws/runs?limit=0", 400),
        ("GET", "/workspaces/ws/runs?limit=x", 400),
        ("GET", "/workspaces/ws/runs?cursor=x", 400),
        ("GET", "/workspaces/ws/runs?cursor=99999999999999999999", 400),
        ("GET", "/workspaces/ws/runs?status=Sleeping", 400),
        ("GET", "/workspaces/%00", 400),
        ("GET", "/workspaces/ws/models?name=%00", 400),
        ("GET", "/blobs/nonsense", 400),
        ("GET", "/snapshots/" + "0" * 64, 404),
        ("GET", "/workspaces/ws/builds/nonsense", 400),
        ("GET", "/workspaces/ws/builds/" + "0" * 64 + "/log", 404),
        ("GET", "/workspaces/ws/services/nobody/logs?lines=0", 400),
        ("GET", "/workspaces/ws/services/nobody/keys", 404),
        ("DELETE", "/tokens/nobody", 404),
        ("DELETE", "/workspaces/ws/services/nobody", 404),
    ],
)
def test_what_is_not_there_or_wrong_is_the_callers_fault(
    shared: Callers, method: str, path: str, status: int
) -> None:
    answer = shared.owner(method, path)

    assert answer.status_code == status, answer.text
    assert answer.json()["code"] in BY_CODE


def test_the_request_id_of_the_gateway_comes_back(shared: Callers) -> None:
    good = shared.owner("GET", "/workspaces", headers={"X-Request-Id": "abc-1"})
    bad = shared.owner("GET", "/workspaces/nowhere", headers={"X-Request-Id": "abc-2"})
    own = shared.owner("GET", "/nothing")

    assert good.headers["X-Request-Id"] == "abc-1"
    assert bad.json()["request_id"] == bad.headers["X-Request-Id"] == "abc-2"
    assert own.json()["request_id"] == own.headers["X-Request-Id"] != ""


def test_a_fault_of_ours_tells_nothing_of_the_inside(
    owner: Caller, yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("the secret is 42")

    object.__setattr__(yard.cases.workspaces, "list", broken)

    answer = owner("GET", "/workspaces", headers={"X-Request-Id": "trace-me"})

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "42" not in answer.text
    assert "trace-me" in caplog.text
    assert "the secret is 42" in caplog.text


def test_a_full_disk_is_a_507(owner: Caller, yard: Yard) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    object.__setattr__(yard.cases.workspaces, "list", full)

    assert owner("GET", "/workspaces").status_code == 507


def test_a_body_over_the_limit_is_a_413(shared: Callers) -> None:
    answer = shared.owner("POST", "/workspaces", content=b'{"name": "' + b"x" * 17_000_000 + b'"}')

    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
