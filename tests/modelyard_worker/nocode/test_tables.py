"""ONNX, LightGBM, XGBoost, CatBoost and skops: models trained on the spot, in real workers."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.modelyard_worker.nocode.asking import tensors_as_json
from tests.modelyard_worker.nocode.environments import run_in

pytestmark = pytest.mark.slow

DATA = """
import json
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 3))
y = X[:, 0] * 2 + X[:, 1]
label = np.where(y > 0, "yes", "no")
three = np.digitize(y, [-1, 1])
frame = pd.DataFrame(X, columns=["age", "rooms", "size"])
frame["city"] = pd.Categorical(np.where(X[:, 2] > 0, "Ulm", "Köln"))
kinds = frame.assign(city=frame.city.astype(object))

def expect(**values):
    with open("expected.json", "w") as file:
        json.dump({name: np.asarray(value).tolist() for name, value in values.items()}, file)

"""
X = np.random.default_rng(0).normal(size=(200, 3))
CITY = np.where(X[:, 2] > 0, "Ulm", "Köln").astype(object)
COLUMNS = {name: X[:5, at : at + 1] for at, name in enumerate(["age", "rooms", "size"])}


@pytest.fixture
def train(tables, tmp_path):
    """Runs a program that saves a model and what it predicts for the first five rows."""

    def run(program: str) -> dict:
        run_in(tables, DATA + program, tmp_path)
        return json.loads((tmp_path / "expected.json").read_text())

    return run


@pytest.fixture
def serve(serve_model, tables):
    return lambda *arguments, **more: serve_model(*arguments, python=tables, **more)


def batches(worker) -> bool:
    return worker.facts["batching"]["on"]


def test_onnx_tells_its_inputs_and_gives_labels_and_probabilities(train, serve, tmp_path):
    wanted = train(
        """
from sklearn.linear_model import LogisticRegression
from skl2onnx import to_onnx
model = LogisticRegression().fit(X, label)
open("model.onnx", "wb").write(to_onnx(model, X[:1].astype("f4")).SerializeToString())
expect(label=model.predict(X[:5]), probability=model.predict_proba(X[:5]))
"""
    )

    worker = serve("onnx", tmp_path / "model.onnx")

    assert worker.inputs == {"X": ("FP32", [-1, 3])}
    assert worker.outputs == {
        "output_label": ("BYTES", [-1]),
        "output_probability": ("FP32", [-1, 2]),
    }
    found = worker.predict(X=X[:5])
    assert found["output_label"].tolist() == wanted["label"]
    np.testing.assert_allclose(found["output_probability"], wanted["probability"], atol=1e-6)
    assert batches(worker)


def test_an_onnx_network_of_named_columns_takes_columns(train, serve, tmp_path):
    train(
        """
import onnx
from onnx import helper, TensorProto as T
node = helper.make_node("Add", ["a", "b"], ["sum"])
graph = helper.make_graph([node], "g",
    [helper.make_tensor_value_info(n, T.DOUBLE, ["N", 1]) for n in "ab"],
    [helper.make_tensor_value_info("sum", T.DOUBLE, ["N", 1])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.save(model, "model.onnx")
expect()
"""
    )

    worker = serve("ORT", tmp_path)

    assert worker.signature["columns"]
    assert worker.predict(a=[[1.0], [2.0]], b=[[3], [4]])["sum"].tolist() == [[4.0], [6.0]]


def test_an_onnx_network_of_one_fixed_row_is_never_batched(train, serve, tmp_path):
    train(
        """
import onnx
from onnx import helper, TensorProto as T
node = helper.make_node("Relu", ["x"], ["y"])
shape = [1, 3]
graph = helper.make_graph([node], "g",
    [helper.make_tensor_value_info("x", T.FLOAT, shape)],
    [helper.make_tensor_value_info("y", T.FLOAT, shape)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.save(model, "model.onnx")
expect()
"""
    )

    worker = serve("Onnx", tmp_path / "model.onnx")

    assert not batches(worker)
    assert "takes exactly 1 rows" in worker.facts["batching"]["why"]
    assert worker.predict(x=[[1, -1, 2]])["y"].tolist() == [[1, 0, 2]]
    status, body = worker.refusal(x=[[1, -1, 2], [1, 2, 3]])
    assert (status, body["field"]) == (400, "x")


def test_onnx_imports_neither_pandas_nor_scikit_learn(train, serve, tmp_path):
    train(
        """
from sklearn.linear_model import LinearRegression
from skl2onnx import to_onnx
model = to_onnx(LinearRegression().fit(X, y), X[:1])
open("model.onnx", "wb").write(model.SerializeToString())
expect()
"""
    )

    worker = serve("Onnx", tmp_path)

    mapped = Path(f"/proc/{worker.process.process.pid}/maps").read_text()
    assert "onnxruntime" in mapped
    assert not [name for name in ("pandas", "sklearn", "scipy") if f"/{name}/" in mapped]


def test_a_broken_onnx_file_is_told_with_the_way_out(fail_model, tables, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"nothing of the kind")

    fault = fail_model("Onnx", tmp_path, python=tables)

    assert "onnxruntime cannot read 'model.onnx'" in fault["message"]
    assert "newer onnxruntime" in fault["hint"]


def test_lightgbm_text_of_arrays_and_columns(train, serve, tmp_path):
    wanted = train(
        """
import lightgbm as lgb
quiet = {"verbose": -1}
array = lgb.train(quiet, lgb.Dataset(X, y), 5)
array.save_model("array.txt")
multi = lgb.train({**quiet, "objective": "multiclass", "num_class": 3},
                  lgb.Dataset(frame[["age", "rooms", "size"]], three), 5)
multi.save_model("columns.txt")
expect(array=array.predict(X[:5]), columns=multi.predict(X[:5]))
"""
    )

    array = serve("LightGBM", tmp_path / "array.txt")
    columns = serve("lgbm", tmp_path / "columns.txt")

    assert array.inputs == {"data": ("FP64", [-1, 3])}
    np.testing.assert_array_equal(array.predict(data=X[:5])["predict"], wanted["array"])
    assert batches(array)
    assert columns.signature["columns"]
    assert columns.outputs == {"predict": ("FP64", [-1, 3])}
    np.testing.assert_array_equal(columns.predict(**COLUMNS)["predict"], wanted["columns"])
    assert batches(columns)


def test_lightgbm_keeps_the_categories_of_a_data_frame(train, serve, tmp_path):
    wanted = train(
        """
import joblib, lightgbm as lgb
data = lgb.Dataset(frame, y + 5 * (X[:, 2] > 0))
booster = lgb.train({"verbose": -1, "min_data_in_leaf": 2}, data, 10)
booster.save_model("model.txt")
model = lgb.LGBMClassifier(n_estimators=5, verbose=-1).fit(frame, label)
joblib.dump(model, "model.pkl")
expect(booster=booster.predict(frame[:5]), model=model.predict_proba(frame[:5]),
       label=model.predict(frame[:5]))
"""
    )
    given = {**COLUMNS, "city": CITY[:5].reshape(-1, 1)}

    booster = serve("LightGBM", tmp_path / "model.txt")
    model = serve("LightGBM", tmp_path / "model.pkl")

    assert booster.inputs["city"] == model.inputs["city"] == ("BYTES", [-1, 1])
    np.testing.assert_array_equal(booster.predict(**given)["predict"], wanted["booster"])
    found = model.predict("predict_proba", **given)["predict_proba"]
    np.testing.assert_array_equal(found, wanted["model"])
    assert model.predict(**given)["predict"].tolist() == wanted["label"]
    assert batches(booster)
    assert batches(model)


def test_xgboost_natively_and_pickled(train, serve, tmp_path):
    wanted = train(
        """
import joblib, xgboost as xgb
booster = xgb.train({}, xgb.DMatrix(X, y), 5)
booster.save_model("booster.ubj")
model = xgb.XGBClassifier(n_estimators=5).fit(frame[["age", "rooms", "size"]], three)
model.save_model("model.json")
joblib.dump(model, "model.pkl")
rows = frame[["age", "rooms", "size"]][:5]
expect(booster=booster.predict(xgb.DMatrix(X[:5])), proba=model.predict_proba(rows),
       label=model.predict(rows))
"""
    )

    booster = serve("XGBoost", tmp_path / "booster.ubj")
    native = serve("xgb", tmp_path / "model.json")
    pickled = serve("xgboost", tmp_path / "model.pkl")

    assert booster.inputs == {"data": ("FP32", [-1, 3])}
    np.testing.assert_allclose(booster.predict(data=X[:5])["predict"], wanted["booster"])
    for model in (native, pickled):
        assert model.signature["methods"][:2] == ["predict", "predict_proba"]
        assert model.predict(**COLUMNS)["predict"].tolist() == wanted["label"]
        found = model.predict("predict_proba", **COLUMNS)["predict_proba"]
        np.testing.assert_allclose(found, wanted["proba"])
        assert batches(model)
    assert batches(booster)


@pytest.mark.parametrize("framework", ["XGBoost", "CatBoost"])
def test_a_pickle_of_another_framework_is_named_with_the_right_one(
    framework, train, fail_model, tables, tmp_path
):
    train(
        """
import joblib
from sklearn.linear_model import LogisticRegression
joblib.dump(LogisticRegression().fit(X, label), "model.pkl")
expect()
"""
    )

    fault = fail_model(framework, tmp_path / "model.pkl", python=tables)

    assert f"LogisticRegression, which is no {framework} model" in fault["message"]
    assert "framework of what it holds: ScikitLearn" in fault["hint"]


def test_xgboost_with_categories(train, serve, tmp_path):
    wanted = train(
        """
import xgboost as xgb
booster = xgb.train({}, xgb.DMatrix(frame, y + 5 * (X[:, 2] > 0), enable_categorical=True), 5)
booster.save_model("booster.ubj")
expect(booster=booster.predict(xgb.DMatrix(frame[:5], enable_categorical=True)))
"""
    )
    sample = tensors_as_json(
        **{name: values[:2] for name, values in COLUMNS.items()}, city=["Ulm", "Köln"]
    )

    worker = serve("XGBoost", tmp_path / "booster.ubj", sample=sample)

    found = worker.predict(**COLUMNS, city=CITY[:5].reshape(-1, 1))["predict"]
    np.testing.assert_allclose(found, wanted["booster"])
    assert batches(worker)


def test_catboost_with_categories_and_with_arrays(train, serve, tmp_path):
    wanted = train(
        """
from catboost import CatBoostClassifier, CatBoostRegressor
model = CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False)
model.fit(kinds, label, cat_features=["city"])
model.save_model("classes.cbm")
number = CatBoostRegressor(iterations=5, verbose=0, allow_writing_files=False).fit(X, y)
number.save_model("numbers.cbm")
multi = CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False).fit(X, three)
multi.save_model("multi.cbm")
expect(label=model.predict(kinds[:5]), proba=model.predict_proba(kinds[:5]),
       number=number.predict(X[:5]), multi=multi.predict(X[:5]))
"""
    )
    given = {**COLUMNS, "city": CITY[:5].reshape(-1, 1)}
    sample = tensors_as_json(**{name: values[:, 0] for name, values in given.items()})

    classes = serve("CatBoost", tmp_path / "classes.cbm", sample=sample)
    numbers = serve("catboost", tmp_path / "numbers.cbm")
    multi = serve("catboost", tmp_path / "multi.cbm")

    assert classes.inputs["city"] == ("BYTES", [-1, 1])
    assert classes.signature["methods"] == ["predict", "predict_proba"]
    assert classes.predict(**given)["predict"].tolist() == wanted["label"]
    found = classes.predict("predict_proba", **given)["predict_proba"]
    np.testing.assert_allclose(found, wanted["proba"])
    assert numbers.inputs == {"data": ("FP32", [-1, 3])}
    np.testing.assert_allclose(numbers.predict(data=X[:5])["predict"], wanted["number"], rtol=1e-6)
    assert multi.predict(data=X[:5])["predict"].tolist() == np.ravel(wanted["multi"]).tolist()
    assert multi.outputs == {"predict": ("INT64", [-1])}
    assert batches(classes)
    assert batches(numbers)


def test_skops_and_what_it_does_not_trust(train, serve, fail_model, tables, tmp_path):
    wanted = train(
        """
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
model = LogisticRegression().fit(X, label)
skops.io.dump(model, "model.skops")
skops.io.dump(make_pipeline(FunctionTransformer(np.linalg.det), LogisticRegression()), "odd.skops")
expect(label=model.predict(X[:5]))
"""
    )

    worker = serve("Skops", tmp_path / "model.skops")
    fault = fail_model("skops", tmp_path / "odd.skops", python=tables)

    assert worker.predict(data=X[:5])["predict"].tolist() == wanted["label"]
    assert batches(worker)
    assert "does not trust: numpy.linalg" in fault["message"]
    assert "SKOPS_TRUSTED=numpy.linalg" in fault["hint"]
