"""Pickles of classes that lie beside them: what the worker makes of any answer."""

import numpy as np
import pytest


@pytest.fixture
def serve(serve_model, tmp_path):
    """Serves a class of two numbers with this body of ``predict(self, data)``."""

    def start(body: str, **more):
        (tmp_path / "own.py").write_text(
            "import datetime\nimport numpy as np\n\n"
            "class Model:\n    n_features_in_ = 2\n\n"
            f"    def predict(self, data):\n        {body}\n"
        )
        (tmp_path / "model.pkl").write_bytes(b"cown\nModel\n)R.")  # own.Model()
        return serve_model("sklearn", tmp_path, **more)

    return start


def test_rows_that_depend_on_each_other_are_not_put_together(serve):
    worker = serve("return data - data.mean()")

    assert worker.facts["batching"]["on"] is False
    assert "differs among others by up to" in worker.facts["batching"]["why"]
    assert worker.outputs == {"predict": ("FP64", [-1, 2])}


def test_labels_that_depend_on_the_rows_beside_them_are_not_put_together(serve):
    worker = serve("return np.full(len(data), len(data))")

    assert worker.facts["batching"]["on"] is False
    assert "is another one among others" in worker.facts["batching"]["why"]


def test_differences_in_the_last_bits_are_no_difference_and_said(serve):
    worker = serve("return data * (1 + 1e-12 * len(data))")

    assert worker.facts["batching"]["on"] is True
    assert "but for rounding (up to" in worker.facts["batching"]["why"]


def test_a_model_that_keeps_no_rows_is_not_batched(serve):
    worker = serve("return data.sum()")

    assert "has not one row for each row" in worker.facts["batching"]["why"]
    assert worker.predict(data=[[1.0, 2.0]])["predict"] == 3.0


def test_nothing_is_said_of_batching_where_nobody_asked(serve):
    worker = serve("return data", batching=False)

    assert "batching" not in worker.facts


def test_the_traceback_is_in_the_answer_where_the_service_says_so(serve):
    worker = serve("raise LookupError('lost')", tracebacks=True)

    status, body = worker.refusal(data=[[1.0, 2.0]])

    assert (status, body["exception"]) == (500, "LookupError")
    assert body["message"] == "The ScikitLearn model raised LookupError: lost"
    assert "own.py" in body["traceback"]
    assert "trying it failed (LookupError: lost)" in worker.facts["batching"]["why"]


@pytest.mark.parametrize(
    ("result", "names", "values"),
    [
        ("['a', None]", ["predict"], [["a", ""]]),
        ("[1, None]", ["predict"], [[1.0, np.nan]]),
        ("[{'a': 1}, {'b': [2]}]", ["predict"], [['{"a": 1}', '{"b": [2]}']]),
        ("[[1], [2, 3]]", ["predict"], [["[1]", "[2, 3]"]]),
        ("{'a': [1], 'b': ['x']}", ["a", "b"], [[1], ["x"]]),
        ("[data, data[:, 0]]", ["predict_0", "predict_1"], [[[1.0, 2.0]], [1.0]]),
        ("np.array(['2026-01-02'], 'M8[D]')", ["predict"], [["2026-01-02"]]),
        ("np.array([1.5], 'f2')", ["predict"], [[1.5]]),
        ("np.array([1.5], '>f4')", ["predict"], [[1.5]]),
        ("np.asfortranarray([[1, 2], [3, 4]])", ["predict"], [[[1, 2], [3, 4]]]),
        ("np.zeros((200, 100))[:, ::2]", ["predict"], [np.zeros((200, 50))]),
        ("np.zeros((0, 3))", ["predict"], [np.zeros((0, 3))]),
        ("True", ["predict"], [True]),
        ("[2**70]", ["predict"], [[float(2**70)]]),
    ],
)
@pytest.mark.slow
def test_results_of_every_kind_become_tensors(serve, result, names, values):
    worker = serve(f"return {result}")

    found = worker.predict(data=[[1.0, 2.0]])

    assert list(found) == names
    for array, value in zip(found.values(), values, strict=True):
        np.testing.assert_array_equal(array, np.asarray(value))
