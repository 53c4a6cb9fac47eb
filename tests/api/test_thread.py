"""The main job over HTTP: from a folder to a healthy service."""

import pytest

from modelyard.bootstrap.control_parts import VERSION
from tests.api.conftest import Caller
from tests.usecases.yard import SCORE, Yard, sha, tar_of

TAR = {"Content-Type": "application/x-tar"}


@pytest.fixture
def source(contributor: Caller) -> str:
    answer = contributor("POST", "/snapshots", content=tar_of({"score.py": SCORE}), headers=TAR)
    return str(answer.json()["digest"])


@pytest.fixture
def model(contributor: Caller) -> str:
    files = contributor("POST", "/snapshots", content=tar_of({"m.pkl": "w"}), headers=TAR).json()
    request = {"name": "sal", "manifest": files["digest"], "tags": {"area": "pay"}}
    return str(contributor("POST", "/workspaces/ws/models", json=request).json()["id"])


def body(source: str, **changes: object) -> dict[str, object]:
    content = {
        "source": source,
        "entry_script": "score.py",
        "environment": {"name": "env", "python_version": "3.8"},
        **changes,
    }
    return {"name": "salary", "content": content}


def test_a_model_becomes_a_service(
    contributor: Caller, yard: Yard, source: str, model: str
) -> None:
    request = body(source, models=[model])
    made = contributor("POST", "/workspaces/ws/services", json=request)
    assert (made.status_code, made.json()["state"]) == (201, "Transitioning")

    yard.settle()

    found = contributor("GET", "/workspaces/ws/services/salary").json()
    assert (found["state"], found["models"], found["created_by"]) == (
        "Healthy",
        ["sal:1"],
        "a-contributor",
    )
    [listed] = contributor("GET", "/workspaces/ws/services").json()["items"]
    assert listed == found
    keys = contributor("GET", "/workspaces/ws/services/salary/keys").json()
    assert set(keys) == {"primary", "secondary"}

    yard.target.print(found["revisions"][0]["id"], "hello")
    logs = contributor("GET", "/workspaces/ws/services/salary/logs?lines=5").json()
    assert logs == {"lines": ["hello"]}


def test_a_service_is_changed_and_deleted(contributor: Caller, yard: Yard, source: str) -> None:
    contributor("POST", "/workspaces/ws/services", json=body(source))
    yard.settle()

    changed = contributor(
        "PATCH", "/workspaces/ws/services/salary", json={"variables": {"A": "1"}, "tags": {}}
    ).json()
    assert (changed["wanted_revision"], changed["live_revision"]) == (2, 1)
    yard.settle()
    gone = contributor("DELETE", "/workspaces/ws/services/salary")
    assert (gone.status_code, gone.json()["state"]) == (202, "Deleting")
    yard.settle()

    assert contributor("GET", "/workspaces/ws/services/salary").status_code == 404


def test_statuses_of_refusals(contributor: Caller, yard: Yard, source: str) -> None:
    def deploy(**changes: object) -> tuple[int, str]:
        answer = contributor("POST", "/workspaces/ws/services", json=body(source, **changes))
        return answer.status_code, answer.json().get("code", "")

    assert deploy(limits={"cpu": 999}) == (422, "no_capacity")
    assert deploy(models=["nobody"]) == (404, "not_found")
    assert deploy(environment={"name": "e", "conda_file": ": ["}) == (422, "bad_environment")
    assert deploy() == (201, "")
    assert deploy() == (409, "already_exists")


def test_models_are_filtered(contributor: Caller, model: str) -> None:
    def names(query: str) -> list[str]:
        items = contributor("GET", f"/workspaces/ws/models?{query}").json()["items"]
        return [m["id"] for m in items]

    assert (
        names("") == names("tag=area") == names("tag=area%3Dpay") == names("name=sal") == [model]
    )
    assert names("tag=area=tax") == names("name=other") == []


def test_a_model_is_changed(contributor: Caller, model: str) -> None:
    target = "/workspaces/ws/models/sal/versions/1"
    change = {"add_tags": {"b": "2"}, "remove_tags": ["area"], "add_properties": {"p": "1"}}
    changed = contributor("PATCH", target, json=change).json()
    assert (changed["tags"], changed["properties"]) == ({"b": "2"}, {"p": "1"})

    again = contributor("PATCH", target, json={"add_properties": {"p": "2"}})
    assert (again.status_code, again.json()["code"]) == (409, "immutable")
    assert contributor("DELETE", target).status_code == 204


def test_a_run_is_reported_and_gives_a_model(contributor: Caller, yard: Yard) -> None:
    runs = "/workspaces/ws/runs"
    run = contributor("POST", runs, json={"experiment": "salexp"}).json()
    target = f"{runs}/{run['id']}"
    metrics = {"metrics": [{"name": "slope", "kind": "scalar", "value": 1.5}]}
    assert contributor("POST", f"{target}/metrics", json=metrics).status_code == 204
    contributor("PUT", f"/blobs/{sha(b'pickle')}", content=b"pickle")
    files = {"files": [{"path": "outputs/m.pkl", "sha256": sha(b"pickle"), "size": 6}]}
    assert contributor("POST", f"{target}/files", json=files).status_code == 204
    contributor("PATCH", target, json={"status": "Completed"})

    assert contributor("GET", target).json()["status"] == "Completed"
    assert contributor("GET", f"{target}/metrics").json()["items"][0]["value"] == 1.5
    for path in ("outputs/m.pkl", "./outputs/m.pkl", "outputs%2Fm.pkl"):
        assert contributor("GET", f"{target}/files/{path}").content == b"pickle"
    request = {"name": "sal", "run_id": run["id"], "path": "./outputs/m.pkl"}
    model = contributor("POST", f"{target}/models", json=request)
    assert (model.status_code, model.json()["run_id"]) == (201, run["id"])


def test_runs_are_paged_newest_first(contributor: Caller) -> None:
    for n in range(5):
        request = {"experiment": "salexp", "id": f"run{n}"}
        contributor("POST", "/workspaces/ws/runs", json=request)

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        query = f"limit=2{'&cursor=' + cursor if cursor else ''}"
        page = contributor("GET", f"/workspaces/ws/runs?{query}").json()
        seen += [run["id"] for run in page["items"]]
        cursor = page["next"]

    assert seen == ["run4", "run3", "run2", "run1", "run0"]


def test_an_environment_is_registered_built_and_its_log_followed(
    contributor: Caller, yard: Yard
) -> None:
    definition = {"name": "env", "python_version": "3.8", "pip_packages": ["numpy==1.24.0"]}
    made = contributor("POST", "/workspaces/ws/environments", json=definition).json()
    assert (made["version"], made["definition"]["pip_packages"]) == (1, ["numpy==1.24.0"])
    found = contributor("GET", "/workspaces/ws/environments/env/versions/1").json()
    assert found == made
    build = contributor("POST", "/workspaces/ws/builds", json={"definition": definition}).json()
    assert build["state"] == "Queued"

    yard.settle()

    target = f"/workspaces/ws/builds/{build['digest']}"
    assert contributor("GET", target).json()["packages"]["numpy"] == "1.24.0"
    log = contributor("GET", f"{target}/log")
    assert log.text.endswith("1 packages.\n")
    assert log.headers["X-Build-State"] == "Succeeded"
    rest = contributor("GET", f"{target}/log?offset={log.headers['X-Log-Offset']}")
    assert rest.text == ""


def test_experiments_and_workspaces(owner: Caller) -> None:
    assert owner("POST", "/workspaces", json={"name": "two"}).status_code == 201
    assert owner("POST", "/workspaces", json={"name": "two"}).status_code == 409
    again = owner("POST", "/workspaces", json={"name": "two", "exist_ok": True})
    assert again.status_code == 201
    experiments = "/workspaces/two/experiments"
    owner("POST", experiments, json={"name": "salexp"})
    away = owner("PATCH", f"{experiments}/salexp", json={"archived": True}).json()
    assert away["archived"] is not None
    assert owner("DELETE", f"{experiments}/salexp").status_code == 204
    assert owner("DELETE", "/workspaces/two").status_code == 204
    assert owner("GET", "/workspaces/two").status_code == 404


def test_a_workspace_with_services_stays(owner: Caller, source: str) -> None:
    owner("POST", "/workspaces/ws/services", json=body(source))

    answer = owner("DELETE", "/workspaces/ws")

    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")


def test_the_state_of_the_server(owner: Caller, nobody: Caller) -> None:
    assert nobody("GET", "/health").json() == {"status": "ok", "version": VERSION}
    status = owner("GET", "/status").json()
    assert (status["cores"], status["services"]) == (8.0, 0)


def test_the_document_describes_every_route(nobody: Caller) -> None:
    document = nobody("GET", "/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    assert "/api/v1/workspaces/{ws}/services/{name}" in paths
    for path, item in paths.items():
        for method, operation in item.items():
            described = operation.get("summary") or operation.get("description")
            assert described, (method, path)
            assert set(operation["responses"]) - {"200", "201", "202", "204"} == {"default"}
            assert "status_code" not in str(operation), "an error of the framework"
    assert "application/x-tar" in str(paths["/api/v1/snapshots"]["post"]["requestBody"])
    for page in ("/schema", "/", "/swagger", "/redoc", "/docs"):
        assert nobody.client.get(page).status_code == 404
