import pytest

from modelyard.domain.errors import BadInput
from modelyard.domain.framework_packages import installation
from modelyard.domain.frameworks import (
    HUGGINGFACE,
    LIGHTGBM,
    MLFLOW,
    ONNX,
    PYTORCH,
    SCIKITLEARN,
    SKOPS,
    TENSORFLOW,
    named,
    recognised,
)


@pytest.mark.parametrize(
    ("files", "packages", "framework"),
    [
        pytest.param(["m/MLmodel", "m/model.pkl"], {}, "MLflow", id="MLflow before its pickle"),
        pytest.param(["m/MLmodel", "m/data/saved_model.pb"], {}, "MLflow", id="MLflow's tensors"),
        pytest.param(["net.onnx"], {}, "Onnx", id="onnx"),
        pytest.param(["m/saved_model.pb", "m/variables/x"], {}, "TensorFlow", id="SavedModel"),
        pytest.param(["m.keras"], {}, "TfKeras", id="keras"),
        pytest.param(["m.cbm"], {}, "CatBoost", id="catboost"),
        pytest.param(["m.skops"], {}, "Skops", id="skops"),
        pytest.param(["m.pt2"], {}, "PyTorch", id="torch.export"),
        pytest.param(["M.PT"], {}, "PyTorch", id="capitals"),
        pytest.param(["m.ubj"], {}, "XGBoost", id="xgboost"),
        pytest.param(["m.lgb"], {}, "LightGBM", id="lightgbm"),
        pytest.param(["b/config.json", "b/model.safetensors"], {}, "HuggingFace", id="bert"),
        pytest.param(
            ["b/config.json", "b/tokenizer.json", "b/onnx/model.onnx"],
            {},
            "HuggingFace",
            id="a pipeline with an export beside it",
        ),
        pytest.param(["m.json"], {"xgboost": "2.1"}, "XGBoost", id="json where xgboost was"),
        pytest.param(["m.txt"], {"lightgbm": "4"}, "LightGBM", id="text where lightgbm was"),
        pytest.param(["m.pkl"], {"scikit_learn": "1.7"}, "ScikitLearn", id="pickle of sklearn's"),
        pytest.param(
            ["d/m.joblib", "d/notes.txt"],
            {"scikit-learn": "1.7", "lightgbm": "4"},
            "ScikitLearn",
            id="a text beside a pickle tells nothing",
        ),
        pytest.param(["m.pkl"], {}, None, id="a pickle of nobody knows whom"),
        pytest.param(["config.json"], {}, None, id="a configuration alone"),
        pytest.param(["a.bin"], {"scikit-learn": "1.7"}, None, id="unknown"),
    ],
)
def test_files_tell_their_framework(
    files: list[str], packages: dict[str, str], framework: str | None
) -> None:
    found = recognised(files, packages)

    assert (found.name if found else None) == framework


@pytest.mark.parametrize("name", ["ScikitLearn", "scikit-learn", "sklearn", "SCIKIT_LEARN"])
def test_a_framework_is_known_however_it_is_spelt(name: str) -> None:
    assert named(name) is SCIKITLEARN


def test_what_is_no_framework_is_none() -> None:
    assert named("Fortran") is None
    assert named(None) is None
    assert named("") is None


def test_the_recorded_packages_are_left_to_be_pinned() -> None:
    record = {"packages": {"scikit-learn": "1.7.2", "numpy": "2.3.1", "pandas": "2.3.0"}}

    made = installation(SCIKITLEARN, None, record, ["m.pkl"])

    assert made.packages == ("joblib", "numpy", "pandas", "scikit-learn", "scipy")
    assert made.version == "1.7.2"
    assert made.python == ">=3.10,<3.15"


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("1.7.2", "scikit-learn==1.7.2"),
        ("1.7", "scikit-learn==1.7.*"),
        ("1.5.0rc1", "scikit-learn==1.5.0rc1"),
        ("v1.7.2", "scikit-learn==1.7.2"),
    ],
)
def test_a_given_version_is_installed(version: str, line: str) -> None:
    assert line in installation(SCIKITLEARN, version, {}, ["m.pkl"]).packages


def test_a_version_of_2021_gets_the_python_and_numpy_of_its_time() -> None:
    made = installation(SCIKITLEARN, "0.24.2", {"python": "3.11.7"}, ["m.pkl"])

    assert made.python == ">=3.6,<3.10"
    assert {"numpy<1.24", "scipy<1.9", "scikit-learn==0.24.2"} <= set(made.packages)


def test_what_was_in_use_says_nothing_when_another_version_is_given() -> None:
    record = {"packages": {"scikit-learn": "1.9.1", "pandas": "3.1.1"}}

    other = installation(SCIKITLEARN, "0.24.2", record, ["m.pkl"])
    absent = installation(SCIKITLEARN, "1.9.1", {"packages": {"pandas": "3.1.1"}}, ["m.pkl"])
    series = installation(SCIKITLEARN, "1.9", record, ["m.pkl"])

    assert not other.as_recorded
    assert "1.9.1 was in use when the model was registered" in other.notes[0]
    assert (absent.as_recorded, absent.notes) == (False, ())
    assert series.as_recorded


def test_onnx_versions_are_not_those_of_the_runtime() -> None:
    made = installation(ONNX, "1.3", {}, ["m.onnx"])

    assert made.packages == ("numpy", "onnxruntime")
    assert "version of the format" in made.notes[0]


def test_old_tensorflow_gets_the_bounds_that_it_forgot() -> None:
    made = installation(TENSORFLOW, "2.4.1", {}, ["m/saved_model.pb"])

    assert set(made.packages) == {"numpy<1.24", "protobuf<3.21", "tensorflow==2.4.1"}
    assert made.python == ">=3.6,<3.9"


def test_pandas_comes_where_the_model_may_want_data_frames() -> None:
    def packages(framework, record, *, frame=False):
        return installation(framework, None, record, ["m"], frame=frame).packages

    known = {"packages": {"numpy": "2.3"}}
    assert "pandas" in packages(SCIKITLEARN, {})
    assert "pandas" not in packages(SCIKITLEARN, known)
    assert "pandas" in packages(SCIKITLEARN, known, frame=True)
    assert "pandas" not in packages(PYTORCH, {}, frame=True)


def test_a_pickle_brings_what_it_was_written_with() -> None:
    record = {"packages": {"lightgbm": "4.6.0", "imbalanced-learn": "0.13", "torch": "2.8"}}

    made = installation(SCIKITLEARN, None, record, ["m.joblib"])

    assert {"lightgbm", "imbalanced-learn"} <= set(made.packages)
    assert "torch" not in made.packages
    assert "scikit-learn" in installation(LIGHTGBM, None, {}, ["m.pkl"]).packages
    assert "scikit-learn" not in installation(LIGHTGBM, None, {}, ["m.txt"]).packages


@pytest.mark.parametrize(
    ("framework", "packages"),
    [
        (HUGGINGFACE, ("numpy", "torch", "transformers")),
        (MLFLOW, ("mlflow",)),
        (SKOPS, ("numpy", "pandas", "scikit-learn", "skops")),
    ],
)
def test_what_else_a_framework_needs_is_installed(framework, packages: tuple[str, ...]) -> None:
    assert installation(framework, None, {}, []).packages == packages


def test_local_versions_are_on_no_index() -> None:
    assert "torch==2.1.0" in installation(PYTORCH, "2.1.0+cpu", {}, ["m.pt"]).packages


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(BadInput, match="'newest' of ScikitLearn is no version"):
        installation(SCIKITLEARN, "newest", {}, ["m.pkl"])
