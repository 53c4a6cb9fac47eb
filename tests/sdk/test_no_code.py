"""Deploying without a script, as far as a server takes part that runs nothing yet."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelyard import (
    AciWebservice,
    Batching,
    Environment,
    Image,
    InferenceConfig,
    Model,
    ResourceConfiguration,
    Webservice,
    Workspace,
)
from modelyard.domain.errors import BadInput
from modelyard.sdk import deploying
from modelyard.sdk.errors import UserErrorException, WebserviceException
from modelyard.wire import contents
from modelyard.wire import services as wire

SCRIPT = "def init(): pass\ndef run(data): return data\n"


@pytest.fixture
def model(ws: Workspace) -> Model:
    Path("m.pkl").write_bytes(b"weights")
    return Model.register(
        ws, "m.pkl", "mine", model_framework=Model.Framework.SCIKITLEARN,
        sample_input_dataset=pd.DataFrame({"age": [31.0], "name": ["a"]}),
        sample_output_dataset=np.array([1.5]),
        resource_configuration=ResourceConfiguration(1, 0.5),
    )  # fmt: skip


def wanted(service: Webservice) -> wire.Service:
    """The service as the server has it; it is deleted, since its environment is of no use."""
    found = service._read()
    service.delete()
    return found


def test_samples_are_kept_with_a_model_and_changed(ws: Workspace, model: Model) -> None:
    again = Model(ws, "mine")
    assert again.sample_input_dataset is not None
    assert again.sample_input_dataset.to_list() == [{"age": 31.0, "name": "a"}]
    assert again.sample_output_dataset is not None
    assert again.sample_output_dataset.to_list() == [1.5]

    again.update(sample_input_dataset=[[1, 2]])

    assert again.sample_input_dataset.to_list() == [[1, 2]]
    assert again.sample_output_dataset.to_list() == [1.5]


def test_a_model_without_samples_has_none(ws: Workspace) -> None:
    Path("m.pkl").write_bytes(b"weights")
    plain = Model.register(ws, "m.pkl", "plain")

    assert plain.sample_input_dataset is None
    assert plain.sample_output_dataset is None


def test_what_is_cut_off_a_sample_is_said(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("m.pkl").write_bytes(b"weights")

    Model.register(ws, "m.pkl", "long", sample_input_dataset=[[1]] * 500)

    assert "the first 100 rows are kept" in capsys.readouterr().out


def test_a_bad_sample_registers_nothing(ws: Workspace) -> None:
    Path("m.pkl").write_bytes(b"weights")

    with pytest.raises(WebserviceException, match="sample_input_dataset cannot be of type int"):
        Model.register(ws, "m.pkl", "bad", sample_input_dataset=42)

    assert "bad" not in ws.models


def test_one_model_is_deployed_without_a_configuration(ws: Workspace, model: Model) -> None:
    service = Model.deploy(ws, "bare", [model])

    assert (service.entry_script, service.compute_type) == (None, "NATIVE")
    assert service.framework is not None
    assert service.framework.startswith("ScikitLearn")
    found = wanted(service)
    assert any(n.startswith("No script: the model is served as ScikitLearn") for n in found.notes)
    assert found.revisions[0].content["limits"]["cpu"] == 1


@pytest.mark.parametrize("count", [0, 2])
def test_another_number_of_models_is_refused_under_azures_name(
    ws: Workspace, model: Model, count: int
) -> None:
    with pytest.raises(UserErrorException, match="exactly one model"):
        Model.deploy(ws, "bare", [model] * count)
    with pytest.raises(UserErrorException, match=r"write \[model\]"):
        Model.deploy(ws, "bare", model)


def test_a_framework_that_cannot_be_told_is_asked_for(ws: Workspace) -> None:
    Path("m.bin").write_bytes(b"weights")
    unknown = Model.register(ws, "m.bin", "unknown")

    with pytest.raises(WebserviceException, match="Register it with model_framework="):
        Model.deploy(ws, "bare", [unknown])


def test_an_environment_alone_serves_without_a_script(ws: Workspace, model: Model) -> None:
    config = InferenceConfig(environment=Environment("mine"), batching=Batching(8, 2))

    found = wanted(Model.deploy(ws, "own", [model], config))

    assert (found.environment["name"], found.entry_script) == ("mine", "")
    assert found.revisions[0].content["serving"]["batching"] == {"max_size": 8, "max_wait_ms": 2}


def test_batching_of_a_script_is_sent_and_changed(ws: Workspace, model: Model) -> None:
    Path("score.py").write_text(SCRIPT)
    config = InferenceConfig("score.py", environment=Environment("mine"), batching=Batching(16))
    aci = AciWebservice.deploy_configuration(cpu_cores=1)
    service = Model.deploy(ws, "batched", [model], config, aci)

    service.update(batching=Batching(max_size=1), tracebacks=True, nan="error")

    first, second = wanted(service).revisions
    assert first.content["serving"]["batching"]["max_size"] == 16
    assert second.content["serving"]["batching"]["max_size"] == 1
    assert (second.content["serving"]["tracebacks"], second.content["serving"]["nan"]) == (
        True, "error",
    )  # fmt: skip


def test_a_native_service_is_configured(ws: Workspace, model: Model) -> None:
    configuration = Webservice.deploy_configuration(
        workers=2, queue_limit=7, detect_failures=True, preload=True, fronts=2, memory_gb=0.5
    )

    found = wanted(Model.deploy(ws, "native", [model], deployment_config=configuration))

    serving = found.revisions[0].content["serving"]
    assert (serving["workers"], serving["queue_limit"], serving["fronts"]) == (2, 7, 2)
    assert serving["detect_failures"]
    assert serving["preload"]
    assert found.kind == "NATIVE"


def test_what_cannot_be_is_refused_by_name() -> None:
    with pytest.raises(WebserviceException, match="batching must be a modelyard"):
        Webservice.deploy_configuration(batching=64).serving()  # type: ignore[arg-type]
    with pytest.raises(WebserviceException, match=r"got `str` - at `\$\.workers`"):
        Webservice.deploy_configuration(workers="two").serving()  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="max_size is 'many'"):
        Batching(max_size="many")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="max_size is 0"):
        Batching(max_size=0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "missing 1 required positional argument: 'entry_script'"),
        ({"environment": Environment("e"), "source_directory": "."}, "source_directory without"),
        ({"batching": 64}, "must be a modelyard.Batching"),
    ],
)
def test_a_configuration_without_a_script_says_what_is_missing(
    arguments: dict[str, object], says: str
) -> None:
    with pytest.raises(WebserviceException, match=says):
        InferenceConfig(**arguments)  # type: ignore[arg-type]


def test_nothing_is_sent_for_what_the_server_chooses() -> None:
    made = deploying.content(None, InferenceConfig(batching=Batching(4)))  # type: ignore[arg-type]

    assert (made.source, made.entry_script, made.environment) == ("", "", None)
    assert made.serving.batching == contents.Batching(max_size=4)


def test_an_image_holds_a_model_without_a_script(ws: Workspace, model: Model) -> None:
    image = Image.create(ws, "img", [model])

    found = wanted(Webservice.deploy_from_image(ws, "from-image", image))

    assert found.framework.startswith("ScikitLearn")
