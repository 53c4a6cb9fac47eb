import json
from pathlib import Path

import pytest

from modelyard import (
    AciWebservice,
    AksWebservice,
    CondaDependencies,
    ContainerImage,
    Environment,
    Image,
    InferenceConfig,
    LocalWebservice,
    Model,
    Webservice,
    Workspace,
)
from modelyard.domain.errors import AlreadyExists, Conflict, DeploymentFailed, NotFound
from modelyard.sdk.errors import NotSupportedException, WebserviceException
from tests.e2e.harness import free_port

SCORE = """
import json, os
from azureml.core.model import Model

def init():
    global weights
    weights = open(Model.get_model_path('mine')).read()
    print('loaded', weights)

def run(data):
    if data == 'fail':
        raise ValueError('asked to fail')
    return {"weights": weights, "sent": json.loads(data)}
"""


@pytest.fixture
def model(ws: Workspace) -> Model:
    Path("m.txt").write_text("w1")
    return Model.register(ws, "m.txt", "mine")


@pytest.fixture
def config(sdk: object) -> InferenceConfig:
    Path("score.py").write_text(SCORE)
    environment = Environment("bare")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=[])
    return InferenceConfig("score.py", environment=environment)


def test_a_native_service_has_keys_and_answers(
    ws: Workspace, model: Model, config: InferenceConfig
) -> None:
    service = Model.deploy(ws, "native", [model], config)
    service.wait_for_deployment()

    assert type(service) is Webservice
    assert (service.state, service.auth_enabled, service.compute_type) == (
        "Healthy", True, "NATIVE",
    )  # fmt: skip
    assert service.run('{"x": 1}') == {"weights": "w1", "sent": {"x": 1}}
    assert service.score({"y": 2})["sent"] == {"y": 2}
    assert "loaded w1" in service.get_logs()
    assert [m.id for m in service.models] == ["mine:1"]
    assert service.environment is not None


def test_the_keys_stay_until_they_are_made_anew(
    ws: Workspace, model: Model, config: InferenceConfig
) -> None:
    service = Model.deploy(ws, "keyed", [model], config)
    service.wait_for_deployment()
    _, secondary = service.get_keys()
    assert service.run("{}")["weights"] == "w1"

    Webservice(ws, "keyed").regen_key("Primary", set_key="my-own-key-of-some-length")

    assert service.get_keys() == ("my-own-key-of-some-length", secondary)
    # the object still has the old key: it asks for the new one and tries again
    assert service.run("{}")["weights"] == "w1"
    with pytest.raises(WebserviceException, match="Primary"):
        service.regen_key("Third")


def test_a_call_right_after_its_key_was_made_anew_is_answered(
    ws: Workspace, model: Model, config: InferenceConfig
) -> None:
    service = Model.deploy(ws, "rekeyed", [model], config)
    service.wait_for_deployment()

    for _ in range(5):
        service.regen_key("Primary")

        assert service.run("{}")["weights"] == "w1"


def test_an_aci_service_is_open_and_says_so(
    ws: Workspace, model: Model, config: InferenceConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = AciWebservice.deploy_configuration(tags={"a": 1}, description="d")
    service = Model.deploy(ws, "aci", [model], config, wanted)
    service.wait_for_deployment(show_output=True)

    said = capsys.readouterr().out
    assert "Running" in said
    assert "open: no key needed" in said
    assert 'ACI service creation operation finished, operation "Succeeded"' in said
    assert isinstance(Webservice(ws, "aci"), AciWebservice)
    assert (service.tags, service.description) == ({"a": "1"}, "d")
    assert service.run("{}")["sent"] == {}
    with pytest.raises(WebserviceException, match="auth") as raised:
        service.get_keys()
    assert isinstance(raised.value, Conflict)
    with pytest.raises(NotSupportedException):
        service.get_token()


def test_a_service_changes_in_place(ws: Workspace, model: Model, config: InferenceConfig) -> None:
    service = Model.deploy(ws, "changing", [model], config, AciWebservice.deploy_configuration())
    service.wait_for_deployment()
    Path("m.txt").write_text("w2")
    second = Model.register(ws, "m.txt", "mine")

    service.update(models=[second], tags={"new": 1}, auth_enabled=True)
    service.wait_for_deployment()

    assert service.run("{}")["weights"] == "w2"
    assert (service.tags, service.auth_enabled) == ({"new": "1"}, True)
    service.add_tags({"b": 2})
    service.remove_tags("new")
    assert service.tags == {"b": "2"}


def test_a_script_that_fails_is_explained(
    ws: Workspace, model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("score.py").write_text("def init():\n    open('nothing.pkl')\ndef run(d): return d\n")
    environment = Environment("bare")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=[])
    service = Model.deploy(
        ws, "failing", [model], InferenceConfig("score.py", environment=environment)
    )

    with pytest.raises(WebserviceException) as raised:
        service.wait_for_deployment(show_output=True)

    said = str(raised.value)
    assert "non-successful terminal state, current service state: Failed" in said
    assert "FileNotFoundError" in said
    assert "score.py:2" in said
    assert "get_logs()" in said
    assert isinstance(raised.value, DeploymentFailed)
    assert "Failed" in capsys.readouterr().out
    assert service.state == "Failed"


def test_an_error_of_run_is_raised_with_code_and_content(
    ws: Workspace, model: Model, config: InferenceConfig
) -> None:
    service = Model.deploy(ws, "raising", [model], config)
    service.wait_for_deployment()

    with pytest.raises(WebserviceException, match="Response Code: 500") as raised:
        service.run("fail")

    assert raised.value.status_code == 500


def test_a_taken_name_is_refused_unless_it_is_overwritten(
    ws: Workspace, model: Model, config: InferenceConfig
) -> None:
    first = Model.deploy(ws, "taken", [model], config)
    first.wait_for_deployment()
    keys = first.get_keys()

    with pytest.raises(WebserviceException, match="overwrite") as raised:
        Model.deploy(ws, "taken", [model], config)
    assert isinstance(raised.value, AlreadyExists)
    second = Model.deploy(ws, "taken", [model], config, overwrite=True)
    second.wait_for_deployment()

    assert second.get_keys() == keys


def test_a_service_that_is_not_there_is_an_azure_error(ws: Workspace) -> None:
    with pytest.raises(WebserviceException, match="WebserviceNotFound") as raised:
        Webservice(ws, "nothing")

    assert isinstance(raised.value, NotFound)


def test_services_are_listed_filtered_and_deleted(
    ws: Workspace, model: Model, config: InferenceConfig
) -> None:
    one = Model.deploy(ws, "one", [model], config, AciWebservice.deploy_configuration())
    two = Model.deploy(ws, "two", [], config, AksWebservice.deploy_configuration(tags={"t": 1}))
    one.wait_for_deployment()

    assert {s.name for s in Webservice.list(ws)} == {"one", "two"}
    assert [s.name for s in Webservice.list(ws, compute_type="aci")] == ["one"]
    assert [s.name for s in Webservice.list(ws, model_name="mine")] == ["one"]
    assert [s.name for s in Webservice.list(ws, tags=["t"])] == ["two"]
    assert json.dumps(one.serialize())
    assert Webservice.deserialize(ws, one.serialize()).name == "one"
    one.delete()
    one.delete()
    two.delete()
    assert Webservice.list(ws) == []
    assert one.state == "Deleting"


def test_a_local_service_has_a_port_of_its_own_and_reloads(
    ws: Workspace, model: Model, config: InferenceConfig
) -> None:
    port = free_port()
    service = Model.deploy(
        ws, "local", [model], config, LocalWebservice.deploy_configuration(port)
    )
    assert isinstance(service, LocalWebservice)
    service.wait_for_deployment()

    assert (service.state, service.port) == ("running", port)
    assert service.scoring_uri == f"http://localhost:{port}/score"
    assert service.run("{}")["weights"] == "w1"
    with pytest.raises(NotImplementedError):
        service.get_keys()

    Path("score.py").write_text("def init(): pass\ndef run(data): return 'changed'\n")
    service.reload(wait=True)
    assert service.run("{}") == "changed"
    Path("score.py").write_text("def init(): pass\ndef run(data): return 'again'\n")
    LocalWebservice(ws, "local").reload(wait=True)
    assert service.run("{}") == "again"
    service.delete()


def test_a_local_file_is_a_model_too(ws: Workspace, config: InferenceConfig) -> None:
    Path("mine").write_text("not registered")
    service = Model.deploy(ws, "unregistered", ["mine"], config)

    service.wait_for_deployment()

    assert service.run("{}")["weights"] == "not registered"
    assert service.models == []


def test_an_image_is_made_and_deployed(ws: Workspace, model: Model) -> None:
    Path("score.py").write_text(SCORE)
    Path("env.yml").write_text("dependencies:\n- pip:\n  - azureml-defaults\n")
    wanted = ContainerImage.image_configuration("score.py", "python", conda_file="env.yml")

    image = ContainerImage.create(ws, "img", [model], wanted)
    image.wait_for_creation(show_output=True)
    service = Webservice.deploy_from_image(ws, "from-image", image)
    service.wait_for_deployment()

    assert (image.id, image.creation_state) == ("img:1", "Succeeded")
    assert [i.id for i in Image.list(ws, model_name="mine")] == ["img:1"]
    assert Image(ws, "img").version == 1
    assert service.compute_type == "ACI"
    assert service.run("{}")["weights"] == "w1"


def test_files_are_registered_and_deployed_at_once(ws: Workspace) -> None:
    Path("mine").write_text("direct")
    Path("score.py").write_text(SCORE)
    wanted = ContainerImage.image_configuration("score.py", "python")

    service = Webservice.deploy(ws, "direct", ["mine"], wanted)
    service.wait_for_deployment()

    assert service.run("{}")["weights"] == "direct"


def test_without_script_and_framework_the_error_says_what_to_write(
    ws: Workspace, model: Model
) -> None:
    with pytest.raises(WebserviceException, match=r"model_framework=.*score\.py"):
        Model.deploy(ws, "nocode", [model])


@pytest.mark.parametrize("name", ["Capital", "ab", "ends-", "x" * 33, "under_score"])
def test_a_bad_name_is_refused_before_anything_is_sent(
    ws: Workspace, config: InferenceConfig, name: str
) -> None:
    with pytest.raises(WebserviceException, match="3 to 32"):
        Model.deploy(ws, name, [], config)


def test_wrong_kinds_of_arguments_are_named(
    ws: Workspace, model: Model, config: InferenceConfig
) -> None:
    with pytest.raises(WebserviceException, match=r"\[model\]"):
        Model.deploy(ws, "wrong", model, config)  # type: ignore[arg-type]
    with pytest.raises(WebserviceException, match="deployment_config"):
        Model.deploy(ws, "wrong", [model], config, {"cpu": 1})
    with pytest.raises(WebserviceException, match="inference_config"):
        Model.deploy(ws, "wrong", [model], "score.py")
    with pytest.raises(WebserviceException, match="no version 9"):
        Model.deploy(ws, "wrong", ["mine:9"], config)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cpu_cores": -1}, "cpu_cores"),
        ({"autoscale_min_replicas": 5, "autoscale_max_replicas": 1}, "above"),
        ({}, "nothing to change"),
    ],
)
def test_an_update_that_cannot_be_is_refused_before_anything_is_sent(
    ws: Workspace, config: InferenceConfig, changes: dict[str, object], says: str
) -> None:
    service = Model.deploy(ws, "unchanged", [], config, AksWebservice.deploy_configuration())

    with pytest.raises(Exception, match=says):
        service.update(**changes)
