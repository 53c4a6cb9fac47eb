"""Scikit-learn: a pickled or joblib-dumped estimator."""

from __future__ import annotations

from modelyard_worker.nocode.estimators import EstimatorPredictor, unpickled
from modelyard_worker.nocode.files import one_file
from modelyard_worker.nocode.predictor import Predictor
from modelyard_worker.tensors import Arrays

ENDINGS = (".joblib", ".pkl", ".pickle", ".sav", ".dump")


def load(path: str, sample: Arrays) -> Predictor:
    """The estimator in the file."""
    file = one_file(path, ENDINGS, "pickled model")
    return EstimatorPredictor(unpickled(file), "sklearn_pickle", sample)
