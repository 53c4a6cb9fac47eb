"""Models without a script: how what is served is chosen, kept and laid out."""

from pathlib import Path
from typing import Any

import pytest

from modelyard.domain.errors import BadInput
from modelyard.usecases.predictors import dependency_lines, python_of, requirement_lines
from modelyard.wire import contents
from modelyard.wire import services as wire
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.images import ImageRequest
from modelyard.wire.models import ModelChange, ModelRequest, Tensor
from tests.usecases.yard import Yard

RECORD = {"python": "3.8.18", "packages": {"scikit-learn": "1.3.2", "numpy": "1.24.4"}}
SAMPLE = [Tensor(name="age", datatype="FP64", shape=[2, 1], data=[31.0, 40.0])]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    made.workspace()
    return made


def model(yard: Yard, files: dict[str, Any] | None = None, **facts: Any) -> str:
    manifest = yard.snapshot(files or {"model.pkl": "weights"})
    request = ModelRequest(name=facts.pop("name", "iris"), manifest=manifest, **facts)
    return yard.cases.models.register("ws", request).id


def deploy(yard: Yard, *models: str, **parts: Any) -> wire.Service:
    yard.deploy("iris", content=contents.Content(models=[*models], **parts))
    return yard.view("iris")


def test_the_recorded_framework_and_python_are_installed(yard: Yard) -> None:
    id = model(yard, framework="sklearn", record=RECORD, sample_input=SAMPLE)

    seen = deploy(yard, id)

    assert (seen.framework, seen.entry_script) == ("ScikitLearn 1.3.2", "")
    assert "No script: the model is served as ScikitLearn 1.3.2." in seen.notes
    content = yard.revisions("iris")[1].content
    assert content.predictor is not None
    assert content.predictor.sample[0]["data"] == [31.0, 40.0]
    build = yard.stores.environments.get_build(content.recipe)
    assert build.recipe.python == "3.8"
    assert "scikit-learn==1.3.2" in build.recipe.requirements
    assert "numpy==1.24.4" in build.recipe.requirements
    assert "pandas" in build.recipe.requirements  # the sample is a data frame


def test_the_given_version_counts_more_than_the_recorded_one(yard: Yard) -> None:
    record = {"python": "3.11.7", "packages": {"scikit-learn": "1.7.2"}}
    id = model(yard, framework="ScikitLearn", framework_version="0.24.2", record=record)

    seen = deploy(yard, id)

    recipe = yard.stores.environments.get_build(yard.revisions("iris")[1].content.recipe).recipe
    assert recipe.python == "3.8"
    assert "scikit-learn==0.24.2" in recipe.requirements
    assert "scikit-learn" not in "".join(n for n in seen.notes if "pinned to" in n)
    assert any("scikit-learn 1.7.2 was in use" in note for note in seen.notes)
    assert not any("was trained with" in note for note in seen.notes)


def test_files_tell_a_framework_that_was_not_said(yard: Yard) -> None:
    seen = deploy(yard, model(yard, {"net.onnx": "x"}))

    assert seen.framework == "Onnx"
    assert "No script: the model is served as Onnx, as its files tell." in seen.notes


@pytest.mark.parametrize("framework", [None, "Custom", "Fortran"])
def test_what_cannot_be_told_is_asked_for(yard: Yard, framework: str | None) -> None:
    id = model(yard, {"weights.bin": "x"}, framework=framework)

    with pytest.raises(BadInput, match=r"model_framework=.*InferenceConfig") as raised:
        deploy(yard, id)

    assert "ScikitLearn" in raised.value.details["frameworks"]


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_model_is_served(yard: Yard, count: int) -> None:
    ids = [model(yard, framework="sklearn", name=f"m{i}") for i in range(count)]

    with pytest.raises(BadInput, match="exactly one model"):
        deploy(yard, *ids)


def test_an_unregistered_file_is_served_too(yard: Yard) -> None:
    local = contents.LocalModel(name="net.onnx", manifest=yard.snapshot({"net.onnx": "x"}))

    assert deploy(yard, local_models=[local]).framework == "Onnx"


def test_a_given_environment_is_taken_as_it_is(yard: Yard) -> None:
    id = model(yard, framework="sklearn")
    given = EnvironmentDefinition(name="mine", python_version="3.8", pip_packages=["sklearn-lite"])

    seen = deploy(yard, id, environment=given)

    assert seen.environment["name"] == "mine"
    assert not yard.revisions("iris")[1].content.chosen_environment


def test_a_script_still_needs_its_environment(yard: Yard) -> None:
    with pytest.raises(BadInput, match="needs an environment"):
        yard.deploy("iris", content=yard.content(environment=None))


def test_another_model_gets_an_environment_of_its_own(yard: Yard) -> None:
    first = model(yard, framework="sklearn", framework_version="1.3.2")
    second = model(yard, framework="sklearn", framework_version="1.2.2")
    deploy(yard, first, serving=contents.ServingOptions(workers=2))

    yard.cases.services.update("ws", "iris", wire.ServiceChange(models=[second]))

    seen = yard.view("iris")
    assert seen.framework == "ScikitLearn 1.2.2"
    assert "scikit-learn==1.2.2" in seen.environment["pip_packages"]
    assert yard.revisions("iris")[2].content.serving.workers == 2


def test_a_script_takes_the_models_place_and_gives_it_back(yard: Yard) -> None:
    id = model(yard, framework="sklearn")
    deploy(yard, id)
    script = yard.content()

    with_script = wire.ServiceChange(
        source=script.source, entry_script="score.py", environment=script.environment
    )
    yard.cases.services.update("ws", "iris", with_script)
    scripted = yard.view("iris")
    yard.deploy("iris", content=contents.Content(models=[id]), overwrite=True)

    assert (scripted.entry_script, scripted.framework) == ("score.py", "")
    assert (yard.view("iris").entry_script, yard.view("iris").framework) == ("", "ScikitLearn")


def test_only_the_model_is_laid_out_and_the_front_is_told_of_it(yard: Yard) -> None:
    deploy(yard, model(yard, framework="sklearn", sample_input=SAMPLE))

    yard.settle()

    assert yard.view("iris").state == "Healthy"
    (spec,) = yard.target.specs.values()
    assert (spec.entry_script, spec.predictor.framework) == ("", "ScikitLearn")
    assert spec.predictor.sample[0]["name"] == "age"
    assert Path(spec.models[0].path).read_text() == "weights"
    root = Path(spec.app_root)
    assert [p.name for p in root.iterdir()] == ["azureml-models"]


def test_sample_rows_are_not_shown_with_each_revision(yard: Yard) -> None:
    seen = deploy(yard, model(yard, framework="sklearn", sample_input=SAMPLE))

    assert seen.revisions[0].content["predictor"]["sample"] == ()


def test_the_models_wish_for_resources_bounds_its_service(yard: Yard) -> None:
    wish = {"cpu": 1, "memoryInGB": 0.5, "gpu": 0}
    id = model(yard, framework="sklearn", resources=wish)

    implied = deploy(yard, id)
    yard.deploy("own", content=contents.Content(models=[id], limits=contents.Limits(cpu=0.5)))

    limits = yard.revisions("iris")[1].content.limits
    assert (limits.cpu, limits.memory, limits.gpu) == (1, 500_000_000, None)
    assert "cpu 1, memory 0.5 GB: from the model's resource configuration." in implied.notes
    assert yard.revisions("own")[1].content.limits.memory is None


def test_a_wish_beyond_the_machine_gets_the_machine(yard: Yard) -> None:
    id = model(yard, framework="sklearn", resources={"cpu": 4096, "memoryInGB": None, "gpu": None})

    deploy(yard, id)

    assert yard.revisions("iris")[1].content.limits.cpu == yard.target.capacity()[0]


def test_an_image_keeps_a_model_without_a_script(yard: Yard) -> None:
    id = model(yard, framework="sklearn")
    request = ImageRequest(name="img", content=contents.Content(models=[id]))

    image = yard.cases.images.create("ws", request)
    yard.deploy("iris", content=image.content)

    assert image.content.environment is None
    assert yard.view("iris").framework == "ScikitLearn"


# --- MLflow's own environment

CONDA = """
name: mlflow-env
channels: [conda-forge]
dependencies:
  - python=3.8.16
  - pip<=23.2
  - pip:
      - mlflow==2.9.2
      - scikit-learn==1.3.2
"""


def recipe_of(yard: Yard, files: dict[str, str]) -> Any:
    inside = {f"m/{name}": text for name, text in {"MLmodel": "flavors: {}", **files}.items()}
    deploy(yard, model(yard, inside))
    return yard.stores.environments.get_build(yard.revisions("iris")[1].content.recipe).recipe


def test_mlflows_conda_file_is_used(yard: Yard) -> None:
    recipe = recipe_of(yard, {"conda.yaml": CONDA})

    assert recipe.python == "3.8.16"
    assert {"mlflow==2.9.2", "scikit-learn==1.3.2"} <= set(recipe.requirements)


def test_mlflows_python_env_is_used(yard: Yard) -> None:
    files = {
        "python_env.yaml": "python: 3.8.16\ndependencies:\n- -r requirements.txt\n",
        "requirements.txt": "mlflow==2.9.2\n# a word\nscikit-learn==1.3.2  # why\n",
    }

    recipe = recipe_of(yard, files)

    assert recipe.python == "3.8.16"
    assert recipe.requirements == ("mlflow==2.9.2", "scikit-learn==1.3.2")


def test_mlflow_without_an_environment_file_gets_mlflow(yard: Yard) -> None:
    assert recipe_of(yard, {}).requirements == ("mlflow",)


def test_mlflows_files_are_read_as_they_are_written() -> None:
    python_env = 'python: "3.10.12"\nbuild_dependencies:\n- pip==23\ndependencies:\n- a==1\n- b\n'

    assert python_of(python_env) == "3.10.12"
    assert python_of("nothing: here") is None
    assert dependency_lines(python_env) == ["a==1", "b"]
    assert requirement_lines("\n# x\n--extra-index-url u\na==1 # y\n") == [
        "--extra-index-url u",
        "a==1",
    ]


# --- samples


def test_samples_are_kept_checked_and_changed(yard: Yard) -> None:
    id = model(yard, sample_input=SAMPLE)
    name, version = id.split(":")

    other = [Tensor(name="age", datatype="INT64", shape=[1, 1], data=[5])]
    yard.cases.models.change("ws", name, int(version), ModelChange(sample_output=other))

    kept = yard.cases.models.get("ws", name, int(version))
    assert (kept.sample_input[0]["data"], kept.sample_output[0]["data"]) == ([31.0, 40.0], [5])
    wrong = [Tensor(name="age", datatype="INT64", shape=[2, 1], data=[5])]
    with pytest.raises(BadInput, match="sample_input cannot be kept"):
        model(yard, sample_input=wrong)
    with pytest.raises(BadInput, match="sample_output cannot be kept"):
        yard.cases.models.change("ws", name, int(version), ModelChange(sample_output=wrong))
