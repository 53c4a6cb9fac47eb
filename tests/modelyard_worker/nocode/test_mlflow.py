"""MLflow's models: through MLflow, and without it by the flavour within."""

import json
import sys

import numpy as np
import pytest

from tests.modelyard_worker.nocode.environments import run_in

pytestmark = pytest.mark.slow

DATA = """
import json, warnings
warnings.simplefilter("ignore")
import mlflow, numpy as np, pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder

X = np.random.default_rng(0).normal(size=(100, 2))
frame = pd.DataFrame(X, columns=["age", "rooms"])
frame["city"] = np.where(X[:, 1] > 0, "Ulm", "Köln")
label = np.where(X[:, 0] > 0, 1, 0)
columns = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
pipeline = make_pipeline(columns, LogisticRegression()).fit(frame, label)
signature = infer_signature(frame, label)
"""
X = np.random.default_rng(0).normal(size=(100, 2))
GIVEN = {
    "age": X[:5, :1],
    "rooms": X[:5, 1:],
    "city": np.where(X[:5, 1:] > 0, "Ulm", "Köln").astype(object),
}
SAVE = """
mlflow.sklearn.save_model(pipeline, "model", signature=signature,
                          serialization_format="cloudpickle", pip_requirements=["scikit-learn"])
json.dump(pipeline.predict_proba(frame[:5]).tolist(), open("expected.json", "w"))
"""


def test_a_signature_of_columns_is_kept_and_probabilities_come_from_within(
    serve_model, tables, tmp_path
):
    run_in(tables, DATA + SAVE, tmp_path)

    worker = serve_model("MLflow", tmp_path / "model", python=tables)

    assert worker.inputs == {
        "age": ("FP64", [-1, 1]),
        "rooms": ("FP64", [-1, 1]),
        "city": ("BYTES", [-1, 1]),
    }
    assert worker.outputs == {"predict": ("INT64", [-1])}
    wanted = json.loads((tmp_path / "expected.json").read_text())
    found = worker.predict("predict_proba", **GIVEN)["predict_proba"]
    np.testing.assert_array_equal(found, wanted)
    assert worker.predict(**GIVEN)["predict"].tolist() == np.argmax(wanted, 1).tolist()
    assert worker.facts["batching"]["on"], worker.facts


def test_without_mlflow_the_flavour_within_is_served(serve_model, tables, tmp_path):
    run_in(tables, DATA + SAVE, tmp_path)

    worker = serve_model("mlflow", tmp_path / "model", python=sys.executable)

    assert worker.inputs["city"] == ("BYTES", [-1, 1])
    assert worker.signature["platform"] == "sklearn_pickle"
    wanted = json.loads((tmp_path / "expected.json").read_text())
    found = worker.predict("predict_proba", **GIVEN)["predict_proba"]
    np.testing.assert_allclose(found, wanted)


def test_a_signature_of_tensors_is_kept(serve_model, tables, tmp_path):
    run_in(
        tables,
        DATA
        + """
model = LogisticRegression().fit(X, label)
mlflow.sklearn.save_model(model, "model", signature=infer_signature(X, label),
                          pip_requirements=["scikit-learn"], serialization_format="cloudpickle")
""",
        tmp_path,
    )

    worker = serve_model("MLflow", tmp_path / "model", python=tables)

    assert list(worker.inputs.values()) == [("FP64", [-1, 2])]
    assert worker.predict(data=X[:3])["predict"].tolist() == (X[:3, 0] > 0).astype(int).tolist()
    assert worker.facts["batching"]["on"], worker.facts


def test_a_function_of_the_users_own_needs_mlflow(serve_model, fail_model, tables, tmp_path):
    run_in(
        tables,
        DATA
        + """
class Twice(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        when = model_input.pop("when")
        assert str(when.dtype).startswith("datetime64"), when.dtype
        return model_input * 2
given = frame[["age", "rooms"]].assign(when=pd.Timestamp("2026-01-02"))
mlflow.pyfunc.save_model("model", python_model=Twice(), pip_requirements=[],
                         signature=infer_signature(given, frame[["age", "rooms"]]))
""",
        tmp_path,
    )

    worker = serve_model("MLflow", tmp_path / "model", python=tables)
    fault = fail_model("MLflow", tmp_path / "model")

    assert worker.inputs["when"] == ("BYTES", [-1, 1])
    found = worker.predict(age=[[1.0]], rooms=[[2.0]], when=[["2026-02-03T04:05:06"]])
    assert {name: array.tolist() for name, array in found.items()} == {"age": [2], "rooms": [4]}
    assert "no 'mlflow'" in fault["message"]
    assert "conda.yaml" in fault["hint"]


def test_our_reader_of_mlmodel_agrees_with_yaml(tables, runtime, tmp_path):
    run_in(
        tables,
        DATA
        + SAVE
        + f"""
import sys
sys.path.insert(0, {str(runtime)!r})
import yaml
from modelyard_worker.nocode import mlmodel
text = open("model/MLmodel").read()
ours, theirs = mlmodel.parsed(text), yaml.safe_load(text)
assert ours["signature"] == theirs["signature"], (ours, theirs)
assert ours["flavors"]["sklearn"] == theirs["flavors"]["sklearn"], (ours, theirs)
assert ours["flavors"]["python_function"] == theirs["flavors"]["python_function"]
long = yaml.safe_dump({{"a": {{"b": json.dumps([{{"name": "it's " + "x y " * 60}}])}}, "c": None}})
assert mlmodel.parsed(long) == yaml.safe_load(long), long
""",
        tmp_path,
    )
