"""Every route asks for a token, and for the right role."""

import re
from pathlib import Path

import pytest

from modelyard.api.access import PUBLIC, action_of
from modelyard.api.app import make_app
from modelyard.domain.tokens import Role
from modelyard.usecases.authorize import ROLES
from tests.api.conftest import Caller, Callers
from tests.usecases.yard import Yard

OWNERS_ONLY = {
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    ("DELETE", "/tokens/{id}"),
    ("DELETE", "/workspaces/{ws}"),
}
KEYS = "/workspaces/{ws}/services/{name}/keys"


def needed(method: str, path: str) -> Role:
    """The rule in words, written apart from the code's own."""
    if (method, path) in OWNERS_ONLY:
        return Role.OWNER
    if method in {"GET", "HEAD"} and path != KEYS:
        return Role.READER
    return Role.CONTRIBUTOR


def all_routes() -> list[tuple[str, str, Role | None]]:
    app = make_app(Yard(Path("/nowhere")).cases, "0")
    found = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            path = route.path_format.removeprefix("/api/v1")
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                public = handler.opt.get(PUBLIC)
                role = None if public else ROLES[action_of(method, handler.opt)]
                found.append((method, path, role))
    return sorted(found, key=str)


ROUTES = all_routes()
CLOSED = [(method, path) for method, path, role in ROUTES if role is not None]


def filled(path: str) -> str:
    """Each place in the path taken by a name that is nowhere; numbers where they must be."""
    path = path.replace("{version}", "1").replace("{path}", "a/b")
    return re.sub(r"\{\w+\}", "nowhere", path)


def test_only_health_and_the_document_are_public() -> None:
    public = {(m, p) for m, p, role in ROUTES if role is None}

    assert public == {("GET", "/health"), ("GET", "/openapi.json")}


def test_every_route_of_the_contract_is_there() -> None:
    paths = {p for _, p, _ in ROUTES}

    assert {"/blobs/pack", "/snapshots/{digest}", KEYS} <= paths
    assert len(ROUTES) >= 50


@pytest.mark.parametrize(("method", "path", "role"), ROUTES)
def test_each_route_asks_for_the_role_of_the_rule(
    method: str, path: str, role: Role | None
) -> None:
    assert role is None or role is needed(method, path)


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_without_a_token_nothing_opens(shared: Callers, method: str, path: str) -> None:
    answer = shared.nobody(method, filled(path))

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if method != "HEAD":
        assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_reader_may_look_and_nothing_more(shared: Callers, method: str, path: str) -> None:
    answer = shared.reader(method, filled(path))

    if needed(method, path) is Role.READER:
        assert answer.status_code not in {401, 403}
    else:
        assert answer.status_code == 403
        assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize(("method", "path"), sorted(OWNERS_ONLY))
def test_a_contributor_is_no_owner(shared: Callers, method: str, path: str) -> None:
    assert shared.contributor(method, filled(path)).status_code == 403


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer my_wrong", "Bearer ü".encode()]
)
def test_a_header_that_is_no_token_is_refused(shared: Callers, header: str | bytes) -> None:
    answer = shared.nobody("GET", "/workspaces", headers={"Authorization": header})

    assert answer.status_code == 401


def test_a_revoked_token_opens_nothing_more(owner: Caller, nobody: Caller) -> None:
    made = owner("POST", "/tokens", json={"name": "ci", "role": "reader"}).json()
    nobody.token = made["secret"]
    assert nobody("GET", "/workspaces").status_code == 200

    assert owner("DELETE", f"/tokens/{made['id']}").status_code == 204

    assert nobody("GET", "/workspaces").status_code == 401
    listed = owner("GET", "/tokens").json()["items"]
    assert {t["secret"] for t in listed} == {None}
