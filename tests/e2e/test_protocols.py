"""What the gateway lets through to the protocols of a service, and the diff of two of them."""

import joblib
import pytest
from sklearn.linear_model import LinearRegression

from modelyard import Model, Webservice, Workspace
from modelyard.sdk.errors import WebserviceException
from tests.e2e.harness import Yard
from tests.serving.models import COLUMNS, frame


@pytest.fixture
def ws(sdk: Yard) -> Workspace:
    return Workspace.create("lab", exist_ok=True, show_output=False)


def deployed(ws: Workspace, name: str, columns: list[str]) -> Webservice:
    table = frame()[columns]
    joblib.dump(LinearRegression().fit(table, table.sum(axis=1)), "m.joblib")
    model = Model.register(ws, "m.joblib", name, model_framework="ScikitLearn", show_output=False)
    keys = Webservice.deploy_configuration(auth_enabled=True)
    service = Model.deploy(ws, name, [model], deployment_config=keys, overwrite=True)
    service.wait_for_deployment()
    return service


def test_the_gateway_passes_the_protocol_to_those_who_have_the_key(
    ws: Workspace, server: Yard
) -> None:
    service = deployed(ws, "people", list(COLUMNS))
    key = {"authorization": f"Bearer {service.get_keys()[0]}"}
    inputs = [{"name": n, "datatype": "FP32", "shape": [1], "data": [1]} for n in COLUMNS]
    base = "/serve/lab/people/v2"

    def status(method: str, path: str, headers: dict[str, str]) -> int:
        address = f"{server.url}{base}{path}"
        return server.http.request(method, address, headers=headers).status

    for method, path in (("GET", ""), ("GET", "/health/ready"), ("HEAD", "/health/live"),
                         ("GET", "/models/people/versions/1")):  # fmt: skip
        assert status(method, path, key) == 200
        assert status(method, path, {}) == 401
    infer = f"{server.url}{base}/models/people/infer"
    answer = server.http.request("POST", infer, headers=key, json={"inputs": inputs})
    assert answer.json()["outputs"][0]["data"] == [pytest.approx(3.0)]
    address = f"{server.url}/serve/lab/people/openapi.json"
    document = server.http.request("GET", address, headers=key)
    assert document.json()["servers"][0]["url"] == "/serve/lab/people"


def test_a_diff_says_what_breaks_callers(ws: Workspace, server: Yard) -> None:
    old = deployed(ws, "old", ["age", "height"])
    deployed(ws, "new", ["age", "weight"])

    found = old.diff("new")
    told = server.cli("service", "diff", "old", "new", "-w", "lab", check=False)
    same = server.cli("service", "diff", "old:1", "old", "-w", "lab")

    assert [(change.path, change.text) for change in found.breaking] == [
        ("inputs.height", "was renamed to 'weight'")
    ]
    assert told.returncode == 1
    assert told.stdout == "Breaks callers:\n  inputs.height was renamed to 'weight'\n"
    assert same.stdout == "old:1 and old take and give the same.\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("old:x", "new", "'old:x' names no revision"),
        ("old:9", "new", "has no revision 9; there is 1"),
        ("old", "nwe", "There is no service 'nwe'"),
    ],
)
def test_a_diff_of_what_is_not_there_says_so(
    ws: Workspace, server: Yard, old: str, new: str, words: str
) -> None:
    for name in ("old", "new"):
        if name not in ws.webservices:
            deployed(ws, name, ["age", "height"])

    told = server.cli("service", "diff", old, new, "-w", "lab", check=False)

    assert told.returncode not in {0, 1}
    assert words in " ".join(told.stderr.split())


def test_a_diff_with_a_service_that_never_ran_says_what_to_do(ws: Workspace) -> None:
    joblib.dump("no model", "broken.joblib")
    broken = Model.register(
        ws, "broken.joblib", "broken", model_framework="ScikitLearn", show_output=False
    )
    service = Model.deploy(ws, "broken", [broken])
    with pytest.raises(WebserviceException):
        service.wait_for_deployment()

    with pytest.raises(WebserviceException, match="has not run yet"):
        service.diff("broken")
