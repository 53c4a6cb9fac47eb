"""Versions, traffic and events over HTTP."""

import pytest

from tests.api.conftest import Caller, Callers
from tests.api.test_thread import TAR, body
from tests.usecases.yard import SCORE, Yard, tar_of

SERVICE = "/workspaces/ws/services/salary"


@pytest.fixture
def blue(contributor: Caller, yard: Yard) -> Caller:
    """Who has deployed a service of the version blue, healthy."""
    files = tar_of({"score.py": SCORE})
    source = contributor("POST", "/snapshots", content=files, headers=TAR).json()["digest"]
    request = body(source) | {"version": "blue", "kind": "AKSENDPOINT"}
    assert contributor("POST", "/workspaces/ws/services", json=request).status_code == 201
    yard.settle()
    return contributor


def test_a_version_is_made_shares_traffic_and_goes(blue: Caller, yard: Yard) -> None:
    made = blue("POST", f"{SERVICE}/versions", json={"name": "green", "tags": {"a": "1"}})
    assert (made.status_code, made.json()["state"]) == (201, "Transitioning")
    yard.settle()

    changed = blue("PATCH", f"{SERVICE}/versions/green", json={"traffic": 12.5})
    assert (changed.json()["state"], changed.json()["traffic"]) == ("Healthy", 12.5)
    listed = blue("GET", f"{SERVICE}/versions").json()["items"]
    assert [(v["name"], v["traffic"], v["is_default"]) for v in listed] == [
        ("blue", 87.5, True),
        ("green", 12.5, False),
    ]
    whole = blue("GET", SERVICE).json()
    assert whole["versions"] == listed
    assert (whole["kind"], whole["default_version"]) == ("AKSENDPOINT", "blue")

    in_use = blue("DELETE", f"{SERVICE}/versions/green")
    assert (in_use.status_code, in_use.json()["code"]) == (409, "in_use")
    blue("PATCH", f"{SERVICE}/traffic", json={"shares": {"blue": 100}, "exact": True})
    gone = blue("DELETE", f"{SERVICE}/versions/green")
    assert (gone.status_code, gone.json()["state"]) == (202, "Deleting")
    yard.settle()
    assert blue("GET", f"{SERVICE}/versions/green").status_code == 404


def test_traffic_is_changed_and_rolled_back(blue: Caller, yard: Yard) -> None:
    blue("POST", f"{SERVICE}/versions", json={"name": "green"})
    yard.settle()

    change = {"shares": {"green": 10}, "sticky": "cookie", "why": "to try it"}
    changed = blue("PATCH", f"{SERVICE}/traffic", json=change).json()
    yard.reconciler.step()

    assert changed == {
        "shares": {"blue": 90.0, "green": 10.0},
        "given": {"green": 10.0},
        "default": "blue",
        "closed": False,
        "sticky": "cookie",
        "shadows": {},
        "previous": {"blue": 100.0},
        "in_force": False,  # nobody leads here while the call waits
    }
    assert blue("GET", f"{SERVICE}/traffic").json() == changed | {"in_force": True}
    back = blue("POST", f"{SERVICE}/rollback", json={"why": "worse"})
    assert (back.status_code, back.json()["shares"]) == (200, {"blue": 100.0, "green": 0.0})
    assert blue("POST", f"{SERVICE}/rollback").json()["shares"] == {"blue": 90.0, "green": 10.0}


def test_every_change_is_told_with_who_made_it(blue: Caller, yard: Yard) -> None:
    blue("POST", f"{SERVICE}/versions", json={"name": "green"})
    blue("PATCH", f"{SERVICE}/traffic", json={"shares": {"blue": 100}, "why": "because"})
    blue("PATCH", SERVICE, json={"description": "new"})
    blue("PATCH", SERVICE, json={"enabled": False})
    blue("PATCH", SERVICE, json={"enabled": True})
    blue("POST", f"{SERVICE}/keys", json={"key": "Primary"})
    blue("DELETE", SERVICE)
    yard.settle()

    first = blue("GET", f"{SERVICE}/events?limit=3").json()
    rest = blue("GET", f"{SERVICE}/events?limit=50&before={first['next']}").json()

    told = [*first["items"], *rest["items"]]
    assert [e["what"] for e in told] == [
        "deleted",
        "key changed",
        "started",
        "stopped",
        "updated",
        "traffic",
        "version created",
        "deployed",
    ]
    assert {e["who"] for e in told} == {"a-contributor"}
    assert told[5]["why"] == "because"
    assert told[4]["after"] == {"description": "new"}
    assert told[1]["after"] == {"key": "primary", "how": "made anew"}
    assert rest["next"] is None


def test_logs_of_a_version_are_its_own(blue: Caller, yard: Yard) -> None:
    blue("POST", f"{SERVICE}/versions", json={"name": "green"})
    yard.settle()
    yard.target.print(yard.revisions(version="green")[1].id, "hello from green")

    logs = blue("GET", f"{SERVICE}/versions/green/logs?lines=5").json()

    assert logs == {"lines": ["hello from green"]}
    assert blue("GET", f"{SERVICE}/versions/red/logs").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("POST", "/versions", {"name": "green"}),
        ("PATCH", "/versions/blue", {"traffic": 5}),
        ("DELETE", "/versions/blue", None),
        ("PATCH", "/traffic", {"shares": {}}),
        ("POST", "/rollback", {}),
        ("POST", "/token", {}),
    ],
)
def test_who_only_reads_changes_nothing(
    own: Callers, blue: Caller, method: str, path: str, json: object
) -> None:
    answer = own.reader(method, SERVICE + path, json=json)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "json", "status", "words"),
    [
        ("POST", "/versions", {"name": "green", "trafic": 5}, 400, "trafic"),
        ("POST", "/versions", {"name": "blue"}, 409, "overwrite"),
        ("PATCH", "/versions/blue", {"traffic": "many"}, 400, "traffic"),
        ("PATCH", "/versions/red", {"traffic": 5}, 404, "no version 'red'"),
        ("PATCH", "/traffic", {"shares": {"blue": 101}}, 400, "from 0 to 100"),
        ("PATCH", "/traffic", {"shares": {"blue": None}}, 400, "shares"),
        ("POST", "/rollback", {"because": "x"}, 400, "because"),
        ("POST", "/rollback", {"why": "x" * 1001}, 400, "why: Expected"),
        ("GET", "/events?limit=0", None, 400, "limit"),
        ("POST", "/token", {}, 409, "token"),
    ],
)
def test_bad_input_is_answered_with_words(
    blue: Caller, method: str, path: str, json: object, status: int, words: str
) -> None:
    answer = blue(method, SERVICE + path, json=json)

    assert answer.status_code == status, answer.text
    assert words in answer.json()["message"]


def test_a_body_that_is_too_deep_is_the_callers_fault(blue: Caller) -> None:
    answer = blue("PATCH", f"{SERVICE}/traffic", content=b"[" * 100_000)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")


def test_a_service_with_tokens_hands_them_out(blue: Caller) -> None:
    assert blue("PATCH", SERVICE, json={"auth": "token"}).json()["auth"] == "token"

    answer = blue("POST", f"{SERVICE}/token")

    assert answer.status_code == 200
    assert answer.json()["access_token"].count(".") == 2
    assert blue("GET", f"{SERVICE}/keys").status_code == 409


def test_nobody_sees_the_events_of_a_workspace_that_is_not_there(blue: Caller) -> None:
    assert blue("GET", "/workspaces/nowhere/services/salary/events").status_code == 404
    assert blue("GET", "/workspaces/ws/services/never/events").json()["items"] == []
