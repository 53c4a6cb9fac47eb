"""SavedModels and Keras files, in real workers."""

import json

import numpy as np
import pytest

from tests.modelyard_worker.nocode.environments import run_in

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).normal(size=(8, 4)).astype("f4")
NETWORK = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import json, numpy as np, tensorflow as tf, keras
keras.utils.set_random_seed(0)
X = np.random.default_rng(0).normal(size=(8, 4)).astype("f4")
network = keras.Sequential([keras.layers.Input((4,), name="features"),
                            keras.layers.Dense(8, "relu"), keras.layers.Dense(2, name="scores")])
json.dump(network.predict(X, verbose=0).tolist(), open("expected.json", "w"))
"""


def expected(tmp_path):
    return json.loads((tmp_path / "expected.json").read_text())


def test_a_saved_model_is_typed_by_its_signature(serve_model, tensorflow, tmp_path):
    run_in(tensorflow, NETWORK + "network.export('model/1', verbose=False)", tmp_path)

    worker = serve_model("TensorFlow", tmp_path / "model", python=tensorflow)

    (kind,) = worker.inputs.values()
    assert kind == ("FP32", [-1, 4])
    (name,) = worker.outputs
    found = worker.predict(anything=X)[name]
    np.testing.assert_allclose(found, expected(tmp_path), rtol=1e-5, atol=1e-6)
    assert worker.facts["batching"]["on"]


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
def test_a_keras_file_is_typed_by_its_inputs(serve_model, tensorflow, tmp_path, file):
    run_in(tensorflow, NETWORK + f"network.save({file!r})", tmp_path)

    worker = serve_model("TfKeras", tmp_path / file, python=tensorflow)

    assert list(worker.inputs.values()) == [("FP32", [-1, 4])]
    assert worker.outputs == {"scores": ("FP32", [-1, 2])}
    found = worker.predict(features=X)["scores"]
    np.testing.assert_allclose(found, expected(tmp_path), rtol=1e-5, atol=1e-6)
    assert worker.facts["batching"]["on"]


def test_texts_and_several_inputs_of_a_saved_model(serve_model, tensorflow, tmp_path):
    run_in(
        tensorflow,
        NETWORK
        + """
class Model(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.string, "name"),
                                  tf.TensorSpec([None, 1], tf.int64, "times")])
    def __call__(self, name, times):
        return {"shout": tf.strings.upper(name), "double": times * 2}
model = Model()
tf.saved_model.save(model, "model", signatures=model.__call__)
""",
        tmp_path,
    )

    worker = serve_model("tf", tmp_path, python=tensorflow)

    assert worker.signature["columns"]
    assert worker.inputs == {"name": ("BYTES", [-1, 1]), "times": ("INT64", [-1, 1])}
    found = worker.predict(name=[["ulm"], ["köln"]], times=[[2], [3]])
    assert found["shout"].tolist() == [["ULM"], ["KöLN"]]
    assert found["double"].tolist() == [[4], [6]]
    assert worker.facts["batching"]["on"], worker.facts
