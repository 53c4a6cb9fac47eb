"""Scikit-learn's models in a real worker."""

import sys

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

from tests.modelyard_worker.nocode.asking import NoCodeWorker, tensors_as_json
from tests.modelyard_worker.worker import WorkerProcess

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


@pytest.fixture(scope="module")
def shared(runtime, tmp_path_factory):
    """Workers for several tests."""
    workers = []

    def start(model) -> NoCodeWorker:
        folder = tmp_path_factory.mktemp("shared")
        joblib.dump(model, folder / "model.joblib")
        (folder / "app").mkdir()
        workers.append(WorkerProcess(sys.executable, runtime, folder / "app", {}))
        worker = NoCodeWorker(workers[-1])
        worker.start("ScikitLearn", folder / "model.joblib")
        return worker

    yield start
    for worker in workers:
        worker.close()


@pytest.fixture(scope="module")
def classifier(shared):
    return shared(LogisticRegression().fit(X, LABELS))


@pytest.fixture(scope="module")
def people(shared):
    return shared(people_pipeline())


def people_pipeline():
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "rooms"]),
        (
            make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
            ["city"],
        ),
    )
    return make_pipeline(columns, LogisticRegression()).fit(PEOPLE, LABELS)


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


@pytest.mark.slow
def test_a_clusterer_and_a_scaler_are_models_too(serve_model, saved):
    clusters = serve_model("sklearn", saved(KMeans(3, n_init=1).fit(X)))
    scaler = serve_model("sklearn", saved(StandardScaler().fit(X)))

    assert clusters.outputs == {"predict": ("INT32", [-1])}
    assert scaler.signature["methods"] == ["transform"]
    np.testing.assert_allclose(
        scaler.predict("transform", data=X)["transform"], StandardScaler().fit_transform(X)
    )


def test_a_classifier_of_arrays_tells_its_types_and_predicts(classifier):
    worker = classifier
    model = LogisticRegression().fit(X, LABELS)

    assert worker.inputs == {"data": ("FP64", [-1, 4])}
    assert worker.outputs == {"predict": ("BYTES", [-1])}
    assert worker.signature["methods"] == ["predict", "predict_proba", "decision_function"]
    assert not worker.signature["columns"]
    assert worker.signature["platform"] == "sklearn_pickle"
    assert list(worker.predict(data=X)["predict"]) == list(model.predict(X))
    found = worker.predict("predict_proba", data=X)["predict_proba"]
    np.testing.assert_array_equal(found, model.predict_proba(X))


def test_rows_of_several_requests_may_be_put_together_and_the_worker_says_why(classifier):
    assert classifier.facts["batching"]["on"] is True
    assert "the same alone and together" in classifier.facts["batching"]["why"]


def test_whole_numbers_and_floats_of_any_size_are_cast(classifier):
    whole = classifier.predict("decision_function", data=np.array([[1, 2, 3, 4]], dtype="i4"))
    floats = classifier.predict("decision_function", data=[[1.0, 2.0, 3.0, 4.0]])

    assert whole == floats


def test_no_rows_are_no_crash(classifier):
    status, body = classifier.refusal(data=np.empty((0, 4)))

    assert (status, body["exception"]) == (500, "ValueError")


def test_a_pipeline_of_columns_gets_a_frame_and_knows_its_columns_types(people):
    given = {name: PEOPLE[[name]].to_numpy() for name in ("city", "rooms", "age")}

    found = people.predict("predict_proba", **given)["predict_proba"]

    np.testing.assert_array_equal(found, people_pipeline().predict_proba(PEOPLE))
    assert people.signature["columns"]
    assert people.inputs == {
        "age": ("FP64", [-1, 1]),
        "rooms": ("FP64", [-1, 1]),
        "city": ("BYTES", [-1, 1]),
    }
    assert people.facts["batching"]["on"], people.facts["batching"]


def test_a_wrong_shape_or_type_is_refused_by_the_inputs_name(people):
    fine = {"age": [[1.0]], "rooms": [[2]], "city": [["Ulm"]]}

    refusals = [
        people.refusal(**{**fine, "age": [[1.0, 2.0]]}),
        people.refusal(**{**fine, "age": [["old"]]}),
        people.refusal(**{**fine, "rooms": [[2], [3]]}),
        people.refusal(**{**fine, "extra": [[2]]}),
        people.refusal(age=[[1.0]], rooms=[[2]]),
        people.refusal("transform", **fine),
    ]

    assert [status for status, _ in refusals] == [400] * 6
    fields = [body["field"] for _, body in refusals]
    assert fields == ["age", "age", "rooms", "extra", "city", "method"]
    assert "takes [-1, 1]" in refusals[0][1]["message"]
    assert refusals[0][1]["request_id"].startswith("request-")


def test_what_the_model_raises_is_500_with_framework_exception_and_message(people):
    status, body = people.refusal(age=[[1.0]], rooms=[[2]], city=[["Rom"]])

    assert status == 500
    assert body["code"] == "run_failed"
    assert (body["framework"], body["exception"]) == ("ScikitLearn", "ValueError")
    assert "Rom" in body["message"]
    assert "traceback" not in body
    assert people.predict(age=[[1.0]], rooms=[[2]], city=[["Ulm"]])
