"""Endpoints against a real server: versions, traffic, in Azure's words and in today's."""

import json
from pathlib import Path

import pytest

from modelyard import (
    AksEndpoint,
    AksWebservice,
    Endpoint,
    InferenceConfig,
    Model,
    Webservice,
    Workspace,
)
from modelyard.domain.errors import BadInput, InUse, NotFound
from modelyard.sdk.access_tokens import AksServiceAccessToken
from modelyard.sdk.errors import WebserviceException
from tests.e2e.deploying import bare_environment, config

NAMING = """
import os

def init():
    global name
    folder = os.environ["AZUREML_MODEL_DIR"]
    name = open(os.path.join(folder, os.listdir(folder)[0])).read()
    print("this is", name)

def run(data):
    return name
"""


@pytest.fixture
def code(tmp_path: Path) -> InferenceConfig:
    return config(tmp_path / "code", NAMING)


def model(ws: Workspace, text: str) -> Model:
    Path(f"{text}.txt").write_text(text)
    return Model.register(ws, f"{text}.txt", text)


def endpoint_of(ws: Workspace, code: object, **options: object) -> Endpoint:
    """A native endpoint with the version blue."""
    made = Model.deploy(
        ws, "churn", [model(ws, "blue")], code,
        Endpoint.deploy_configuration(version_name="blue", **options),  # type: ignore[arg-type]
    )  # fmt: skip
    made.wait_for_deployment()
    assert type(made) is Endpoint
    return made


def test_a_version_is_added_shares_the_traffic_and_is_reached_by_name(
    ws: Workspace, code: object
) -> None:
    endpoint = endpoint_of(ws, code)

    endpoint.create_version("green", models=[model(ws, "green")], tags={"a": 1}, description="g")
    endpoint.wait_for_deployment()

    assert endpoint.traffic == {"blue": 100, "green": 0}
    assert {endpoint.run("") for _ in range(10)} == {"blue"}
    assert endpoint.run("", version="green") == "green"
    green = endpoint.versions["green"]
    assert (green.state, green.traffic, green.is_default) == ("Healthy", 0, False)
    assert (green.tags, green.description) == ({"a": "1"}, "g")
    assert [m.id for m in green.models] == ["green:1"]
    assert green.run("") == "green"
    assert "this is green" in green.get_logs()
    assert "this is blue" in endpoint.get_logs()
    assert "green" not in endpoint.get_logs(version="blue")
    assert json.loads(json.dumps(endpoint.serialize()))["traffic"] == {"blue": 100, "green": 0}
    assert isinstance(Webservice(ws, "churn"), Endpoint)

    endpoint.traffic = {"blue": 0, "green": 100}

    assert endpoint.traffic == {"blue": 0, "green": 100}
    assert {endpoint.run("") for _ in range(10)} == {"green"}
    assert endpoint.rollback() == {"blue": 100, "green": 0}
    assert {endpoint.run("") for _ in range(10)} == {"blue"}
    assert [event.what for event in endpoint.events()][:2] == ["rollback", "traffic"]
    assert len(endpoint.events(limit=1)) == 1
    endpoint.delete_version("green")
    assert [*endpoint.versions] == ["blue"]


def test_shares_that_cannot_be_are_refused_and_change_nothing(ws: Workspace, code: object) -> None:
    endpoint = endpoint_of(ws, code)
    wrong: list[tuple[object, str]] = [
        ({"blue": 60}, "100"),
        ({"blue": 90, "green": 20}, "'green'"),
        ({"blue": 101}, "101"),
        ({"blue": -1}, "-1"),
        ({"blue": "all"}, "'all'"),
        ([100], "dict of percentages"),
    ]

    for shares, says in wrong:
        with pytest.raises(WebserviceException, match=says):
            endpoint.traffic = shares  # type: ignore[assignment]

    assert endpoint.traffic == {"blue": 100}
    endpoint.traffic = {"blue": 0}
    with pytest.raises(WebserviceException, match="404"):
        endpoint.run("")
    assert endpoint.run("", version="blue") == "blue"


@pytest.mark.slow
def test_blue_green_takes_the_traffic_over_by_itself(ws: Workspace, code: object) -> None:
    endpoint = endpoint_of(ws, code)

    endpoint.deploy(
        "green", models=[model(ws, "green")], strategy="blue-green", keep_warm=600
    ).wait_for_deployment(show_output=True)

    assert endpoint.default_version == "green"
    assert endpoint.run("") == "green"
    assert endpoint.versions["blue"].stop_at is not None
    endpoint.rollback()
    assert endpoint.run("") == "blue"


def test_a_version_that_fails_is_explained_and_the_old_one_goes_on(
    ws: Workspace, code: object, tmp_path: Path
) -> None:
    endpoint = endpoint_of(ws, code)
    broken = config(tmp_path / "broken", "def init():\n    open('nothing.pkl')\ndef run(d): pass")

    endpoint.create_version("green", inference_config=broken, traffic_percentile=50)
    with pytest.raises(WebserviceException, match="Failed") as raised:
        endpoint.wait_for_deployment()

    assert "FileNotFoundError" in str(raised.value)
    assert endpoint.versions["green"].state == "Failed"
    assert {endpoint.run("") for _ in range(10)} == {"blue"}


@pytest.mark.slow
def test_sticky_mirror_and_default_are_set_by_assignment(ws: Workspace, code: object) -> None:
    endpoint = endpoint_of(ws, code, sticky="header:x-user-id")
    assert endpoint.sticky == "header:x-user-id"
    endpoint.create_version("green", models=[model(ws, "green")])
    endpoint.wait_for_deployment()

    endpoint.sticky = "cookie"
    endpoint.mirror_traffic = {"green": 10}

    assert (endpoint.sticky, endpoint.mirror_traffic) == ("cookie", {"green": 10})
    assert endpoint.versions["green"].mirror_traffic == 10
    endpoint.mirror_traffic = {}
    endpoint.default_version = "green"
    assert (endpoint.default_version, endpoint.mirror_traffic) == ("green", {})
    with pytest.raises(WebserviceException) as raised:
        endpoint.delete_version("green")
    assert isinstance(raised.value, InUse)


@pytest.mark.slow
def test_a_version_is_changed_by_itself(ws: Workspace, code: object) -> None:
    endpoint = endpoint_of(ws, code)
    endpoint.create_version("green", models=[model(ws, "green")], workers=1)
    endpoint.wait_for_deployment()

    endpoint.update_version("green", models=[model(ws, "greener")], tags={"n": 2})
    endpoint.wait_for_deployment()

    assert endpoint.run("", version="green") == "greener"
    assert endpoint.versions["green"].tags == {"n": "2"}
    assert endpoint.run("", version="blue") == "blue"
    with pytest.raises(TypeError, match="'worker'"):
        endpoint.update_version("green", worker=2)
    with pytest.raises(Exception, match="nothing to change"):
        endpoint.update_version("green")
    with pytest.raises(WebserviceException, match=r"'grene'.*'green'") as raised:
        endpoint.update_version("grene", traffic_percentile=10)
    assert isinstance(raised.value, NotFound)


def test_azures_words_say_control_and_treatment(ws: Workspace, code: object) -> None:
    endpoint = Model.deploy(
        ws, "aks", [model(ws, "one")], code,
        AksEndpoint.deploy_configuration(traffic_percentile=40, enable_app_insights=True),
    )  # fmt: skip
    endpoint.wait_for_deployment()
    assert isinstance(endpoint, AksEndpoint)
    assert isinstance(endpoint, AksWebservice)
    assert isinstance(Endpoint(ws, "aks"), AksEndpoint)

    # a version may be called like its endpoint, and like one of another endpoint
    endpoint.create_version("blue", models=[model(ws, "two")], traffic_percentile=10)
    endpoint.wait_for_deployment(True)
    endpoint.update_version(
        "blue", traffic_percentile=40, is_default=True, is_control_version_type=True
    )
    endpoint.wait_for_deployment(True)

    versions = endpoint.versions
    assert {n: v.traffic_percentile for n, v in versions.items()} == {"aks": 40, "blue": 40}
    assert {n: v.is_default for n, v in versions.items()} == {"aks": False, "blue": True}
    assert {n: v.version_type for n, v in versions.items()} == {
        "aks": "Treatment", "blue": "Control",
    }  # fmt: skip
    assert endpoint.traffic == {"aks": 40, "blue": 60}
    with pytest.raises(WebserviceException, match="110") as raised:
        endpoint.update_version("aks", traffic_percentile=70)
    assert isinstance(raised.value, BadInput)

    endpoint.update(description="new", tags={"t": "1"}, enable_app_insights=False)
    endpoint.delete_version("aks")

    assert endpoint.traffic == {"blue": 100}
    assert (endpoint.description, endpoint.tags) == ("new", {"t": "1"})
    assert endpoint.run("") == "two"


def test_a_service_takes_tokens_in_place_of_keys(ws: Workspace, code: object) -> None:
    service = Model.deploy(
        ws, "tokens", [model(ws, "one")], code,
        AksWebservice.deploy_configuration(token_auth_enabled=True, num_replicas=1),
    )  # fmt: skip
    service.wait_for_deployment()

    token = service.get_access_token()

    assert isinstance(token, AksServiceAccessToken)
    assert (service.auth_enabled, service.token_auth_enabled) == (False, True)
    assert token.token_type == "Bearer"
    assert token.expiry_on > token.refresh_after
    assert token.access_token not in repr(token)
    assert service.get_token()[1] >= token.refresh_after
    assert service.run("") == "one"
    service.__dict__["_scoring_key"] = "stale"
    assert service.run("") == "one"
    with pytest.raises(WebserviceException, match="token"):
        service.get_keys()

    service.update(token_auth_enabled=False)

    assert (service.auth_enabled, service.token_auth_enabled) == (True, False)
    service.__dict__.pop("_scoring_key")
    assert service.run("") == "one"


@pytest.mark.slow
def test_app_insights_collects_inputs_and_says_so(ws: Workspace, code: object) -> None:
    service = Model.deploy(ws, "plain", [model(ws, "one")], code)
    service.wait_for_deployment()

    service.update(enable_app_insights=True)
    service.wait_for_deployment()

    assert any("collected" in note for note in service.notes)
    revision = service._facts.revisions[-1].content
    assert revision["serving"]["collect_model_data"] is True


@pytest.mark.slow
def test_replicas_change_what_each_of_them_may_use(ws: Workspace, code: object) -> None:
    service = Model.deploy(
        ws, "scaled", [model(ws, "one")], code,
        AksWebservice.deploy_configuration(num_replicas=1, memory_gb=0.2, cpu_cores=0.5),
    )  # fmt: skip
    service.wait_for_deployment()

    service.update(num_replicas=2)
    service.wait_for_deployment()

    limits = service._facts.revisions[-1].content["limits"]
    assert (limits["memory"], limits["cpu"]) == (400_000_000, 1.0)


def test_an_endpoint_asked_for_by_another_environment_is_whole(
    ws: Workspace, code: object
) -> None:
    endpoint_of(ws, code)

    found = Endpoint(ws, "churn")

    assert found.versions["blue"].environment is not None
    assert found.environment is not None
    assert found.environment.name == bare_environment().name
    assert found.versions["blue"].entry_script == "score.py"
