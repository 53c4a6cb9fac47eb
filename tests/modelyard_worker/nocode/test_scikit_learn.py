"""Scikit-learn's models in a real worker."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.modelyard_worker.nocode.asking import tensors_as_json

X = np.random.default_rng(0).normal(size=(60, 4))
LABELS = np.where(X[:, 0] > 0, "yes", "no")
PEOPLE = pd.DataFrame(
    {
        "age": X[:, 0] * 10 + 40,
        "rooms": np.arange(60) % 5 + 1,
        "city": np.where(X[:, 1] > 0, "Ulm", "Köln"),
    }
)


@pytest.fixture
def saved(tmp_path):
    """Saves a model as ``model.joblib`` and gives its path."""

    def save(model, name: str = "model.joblib"):
        joblib.dump(model, tmp_path / name)
        return tmp_path / name

    return save


def people_pipeline():
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "rooms"]),
        (
            make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
            ["city"],
        ),
    )
    return make_pipeline(columns, LogisticRegression()).fit(PEOPLE, LABELS)


def test_a_classifier_of_arrays_tells_its_types_and_predicts(serve_model, saved):
    model = LogisticRegression().fit(X, LABELS)

    worker = serve_model("ScikitLearn", saved(model))

    assert worker.inputs == {"data": ("FP64", [-1, 4])}
    assert worker.outputs == {"predict": ("BYTES", [-1])}
    assert worker.signature["methods"] == ["predict", "predict_proba", "decision_function"]
    assert not worker.signature["columns"]
    assert worker.signature["platform"] == "sklearn_pickle"
    assert list(worker.predict(data=X)["predict"]) == list(model.predict(X))
    found = worker.predict("predict_proba", data=X)["predict_proba"]
    np.testing.assert_array_equal(found, model.predict_proba(X))


def test_rows_of_several_requests_may_be_put_together_and_the_worker_says_why(serve_model, saved):
    worker = serve_model("sklearn", saved(LogisticRegression().fit(X, LABELS)))

    assert worker.facts["batching"]["on"] is True
    assert "the same alone and together" in worker.facts["batching"]["why"]


def test_nothing_is_said_of_batching_where_nobody_asked(serve_model, saved):
    worker = serve_model("sklearn", saved(LinearRegression().fit(X, X[:, 0])), batching=False)

    assert "batching" not in worker.facts


def test_a_pipeline_of_columns_gets_a_frame_and_knows_its_columns_types(serve_model, saved):
    model = people_pipeline()

    worker = serve_model("scikit-learn", saved(model))

    assert worker.signature["columns"]
    assert worker.inputs == {
        "age": ("FP64", [-1, 1]),
        "rooms": ("FP64", [-1, 1]),
        "city": ("BYTES", [-1, 1]),
    }
    given = {name: PEOPLE[[name]].to_numpy() for name in ("city", "rooms", "age")}
    found = worker.predict("predict_proba", **given)["predict_proba"]
    np.testing.assert_array_equal(found, model.predict_proba(PEOPLE))
    assert worker.facts["batching"]["on"], worker.facts["batching"]


def test_a_registered_sample_types_columns_that_the_model_does_not_know(serve_model, saved):
    model = make_pipeline(
        make_column_transformer(("passthrough", ["rooms", "age"])), LinearRegression()
    ).fit(PEOPLE[["age", "rooms"]], X[:, 0])
    sample = tensors_as_json(age=[31.5, 40.0], rooms=[2, 3], other=["a", "b"])

    worker = serve_model("sklearn", saved(model), sample=sample)

    assert worker.inputs == {"age": ("FP64", [-1, 1]), "rooms": ("INT64", [-1, 1])}
    found = worker.predict(age=[[31.0]], rooms=[[2]])["predict"]
    wanted = model.predict(pd.DataFrame({"age": [31.0], "rooms": [2]}))
    np.testing.assert_array_equal(found, wanted)


def test_a_matrix_for_a_model_of_columns_is_taken_in_their_order(serve_model, saved):
    frame = PEOPLE[["age", "rooms"]]
    model = LinearRegression().fit(frame, X[:, 0])
    worker = serve_model("sklearn", saved(model))

    found = worker.predict(data=frame.to_numpy())["predict"]

    np.testing.assert_allclose(found, model.predict(frame))


def test_texts_are_taken_by_a_vectorizer(serve_model, saved):
    texts = ["good fine", "bad awful", "fine nice", "awful ugly"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])

    worker = serve_model("sklearn", saved(model))

    assert worker.inputs == {"data": ("BYTES", [-1])}
    assert worker.outputs == {"predict": ("INT64", [-1])}
    assert list(worker.predict(data=["so fine", "awful"])["predict"]) == [1, 0]


def test_several_targets_are_several_outputs_of_predict_proba(serve_model, saved):
    targets = np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)
    model = MultiOutputClassifier(RandomForestClassifier(3)).fit(X, targets)

    worker = serve_model("sklearn", saved(model))

    assert worker.outputs == {"predict": ("INT64", [-1, 2])}
    found = worker.predict("predict_proba", data=X[:3])
    assert list(found) == ["predict_proba_0", "predict_proba_1"]
    np.testing.assert_array_equal(found["predict_proba_1"], model.predict_proba(X[:3])[1])


def test_whole_numbers_and_floats_of_any_size_are_cast_once(serve_model, saved):
    model = LinearRegression().fit(X, X[:, 0])
    worker = serve_model("sklearn", saved(model))

    found = worker.predict(data=np.array([[1, 2, 3, 4]], dtype="i4"))["predict"]

    np.testing.assert_array_equal(found, model.predict([[1.0, 2.0, 3.0, 4.0]]))


def test_a_wrong_shape_or_type_is_refused_by_the_inputs_name(serve_model, saved):
    worker = serve_model("sklearn", saved(people_pipeline()))
    fine = {"age": [[1.0]], "rooms": [[2]], "city": [["Ulm"]]}

    refusals = [
        worker.refusal(**{**fine, "age": [[1.0, 2.0]]}),
        worker.refusal(**{**fine, "age": [["old"]]}),
        worker.refusal(**{**fine, "rooms": [[2], [3]]}),
        worker.refusal(**{**fine, "extra": [[2]]}),
        worker.refusal(age=[[1.0]], rooms=[[2]]),
        worker.refusal("transform", **fine),
    ]

    assert [status for status, _ in refusals] == [400] * 6
    fields = [body["field"] for _, body in refusals]
    assert fields == ["age", "age", "rooms", "extra", "city", "method"]
    assert "takes [-1, 1]" in refusals[0][1]["message"]
    assert refusals[0][1]["request_id"] == "request-1"


def test_what_the_model_raises_is_500_with_framework_exception_and_message(serve_model, saved):
    worker = serve_model("sklearn", saved(people_pipeline()))

    status, body = worker.refusal(age=[[1.0]], rooms=[[2]], city=[["Rom"]])

    assert status == 500
    assert body["code"] == "run_failed"
    assert (body["framework"], body["exception"]) == ("ScikitLearn", "ValueError")
    assert "Rom" in body["message"]
    assert "traceback" not in body
    assert worker.predict(age=[[1.0]], rooms=[[2]], city=[["Ulm"]])


def test_the_traceback_is_in_the_answer_where_the_service_says_so(serve_model, saved):
    worker = serve_model("sklearn", saved(people_pipeline()), tracebacks=True)

    _, body = worker.refusal(age=[[1.0]], rooms=[[2]], city=[["Rom"]])

    assert "Traceback" in body["traceback"]
    assert "Rom" in body["traceback"]


def test_no_rows_are_no_crash(serve_model, saved):
    worker = serve_model("sklearn", saved(LinearRegression().fit(X, X[:, 0])))

    status, body = worker.refusal(data=np.empty((0, 4)))

    assert (status, body["exception"]) == (500, "ValueError")


def test_rows_that_depend_on_each_other_are_not_put_together(serve_model, tmp_path):
    (tmp_path / "centred.py").write_text(
        "class Centred:\n    n_features_in_ = 2\n\n"
        "    def predict(self, data):\n        return data - data.mean()\n"
    )
    pickled = b"ccentred\nCentred\n)R."  # Centred()
    (tmp_path / "model.pkl").write_bytes(pickled)

    worker = serve_model("sklearn", tmp_path)

    assert worker.facts["batching"]["on"] is False
    assert "differs among others by up to" in worker.facts["batching"]["why"]
    assert worker.outputs == {"predict": ("FP64", [-1, 2])}


def test_a_model_that_keeps_no_rows_is_not_batched(serve_model, tmp_path):
    (tmp_path / "totals.py").write_text(
        "class Total:\n    n_features_in_ = 2\n\n"
        "    def predict(self, data):\n        return data.sum()\n"
    )
    (tmp_path / "model.pkl").write_bytes(b"ctotals\nTotal\n)R.")

    worker = serve_model("sklearn", tmp_path)

    assert "has not one row for each row" in worker.facts["batching"]["why"]
    assert worker.predict(data=[[1.0, 2.0]])["predict"] == 3.0


def test_a_clusterer_and_a_scaler_are_models_too(serve_model, saved):
    clusters = serve_model("sklearn", saved(KMeans(3, n_init=1).fit(X)))
    scaler = serve_model("sklearn", saved(StandardScaler().fit(X)))

    assert clusters.outputs == {"predict": ("INT32", [-1])}
    assert scaler.signature["methods"] == ["transform"]
    np.testing.assert_allclose(
        scaler.predict("transform", data=X)["transform"], StandardScaler().fit_transform(X)
    )
