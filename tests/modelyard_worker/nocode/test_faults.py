"""Models that cannot be served: the worker says why, and what to do."""

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

MODEL = LinearRegression().fit(np.eye(3), [1.0, 2.0, 3.0])


def test_an_unknown_framework_is_told_with_those_there_are(fail_model, tmp_path):
    fault = fail_model("Custom", tmp_path)

    assert "'Custom' cannot be served without a scoring script" in fault["message"]
    assert "ScikitLearn, Onnx, TensorFlow" in fault["hint"]
    assert fault["phase"] == "init"


@pytest.mark.parametrize(
    ("framework", "package"),
    [("Onnx", "onnxruntime"), ("xgb", "xgboost"), ("Torch", "torch"), ("keras", "tensorflow")],
)
def test_a_missing_package_is_named_with_the_way_out(fail_model, tmp_path, framework, package):
    (tmp_path / "model.keras").touch()

    fault = fail_model(framework, tmp_path)

    assert fault["type"] == "MissingPackage"
    assert fault["message"] == f"The environment has no '{package}'."
    assert f"Give an environment whose packages have '{package}'" in fault["hint"]
    assert "without an environment" in fault["hint"]


def test_several_files_are_named(fail_model, tmp_path):
    joblib.dump(MODEL, tmp_path / "a.pkl")
    joblib.dump(MODEL, tmp_path / "b.joblib")

    fault = fail_model("ScikitLearn", tmp_path)

    assert "several that could be the model: a.pkl, b.joblib" in fault["message"]
    assert "model_path='…/a.pkl'" in fault["hint"]


def test_a_folder_without_a_model_tells_what_it_holds(fail_model, tmp_path):
    (tmp_path / "README.txt").touch()

    fault = fail_model("ScikitLearn", tmp_path)

    assert "holds no pickled model" in fault["message"]
    assert "README.txt" in fault["message"]


def test_the_one_model_in_a_folder_of_folders_is_found(serve_model, tmp_path):
    (tmp_path / "outputs").mkdir()
    joblib.dump(MODEL, tmp_path / "outputs" / "model.pkl")
    (tmp_path / "notes.txt").touch()

    worker = serve_model("ScikitLearn", tmp_path)

    assert worker.predict(data=np.eye(3))["predict"] == pytest.approx([1, 2, 3])


@pytest.mark.parametrize("content", [b"", b"hello, I am no pickle", b"\x80\x04\x95\x10"])
def test_a_file_that_is_no_pickle_is_said_to_be_none(fail_model, tmp_path, content):
    (tmp_path / "model.pkl").write_bytes(content)

    fault = fail_model("ScikitLearn", tmp_path)

    assert "model.pkl" in fault["message"]
    assert fault["hint"]


def test_a_pickle_of_another_version_tells_both_versions(fail_model, tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"csklearn.linear_model\nLinearRegressionOfOld\n)R.")

    fault = fail_model("ScikitLearn", tmp_path, version="0.24.2")

    assert "another version of 'scikit-learn'" in fault["hint"]
    assert "0.24.2" in fault["hint"]
    assert "model_framework_version" in fault["hint"]


def test_a_class_of_the_users_own_is_named(fail_model, tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"cmy_own_module\nModel\n)R.")

    fault = fail_model("ScikitLearn", tmp_path)

    assert fault["type"] == "ModuleNotFoundError"
    assert "my_own_module" in fault["hint"]


def test_what_cannot_predict_is_no_model(fail_model, tmp_path):
    joblib.dump({"model": MODEL}, tmp_path / "model.pkl")

    fault = fail_model("ScikitLearn", tmp_path)

    assert "holds a builtins.dict, which has no predict()" in fault["message"]
    assert "entry_script" in fault["hint"]
