"""Skops: a scikit-learn estimator in a file that runs no code when it is read."""

from __future__ import annotations

import os
from importlib import import_module

from modelyard_worker.nocode.estimators import EstimatorPredictor
from modelyard_worker.nocode.files import one_file
from modelyard_worker.nocode.predictor import Predictor
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.tensors import Arrays

TRUSTED = "SKOPS_TRUSTED"
"""A variable of the service: types beyond skops' own list that its files may hold."""


def load(path: str, sample: Arrays) -> Predictor:
    """The estimator, if the file holds only types that are trusted."""
    reader = import_module("skops.io")
    file = one_file(path, (".skops",), "skops model")
    trusted = [name.strip() for name in os.environ.get(TRUSTED, "").split(",") if name.strip()]
    unknown = [name for name in reader.get_untrusted_types(file=file) if name not in trusted]
    if unknown:
        raise BadModel(
            "The skops file holds types that skops does not trust: %s." % ", ".join(unknown),
            "If you do, set the variable %s=%s in the service's environment."
            % (TRUSTED, ",".join(trusted + unknown)),
        )
    return EstimatorPredictor(reader.load(file, trusted=trusted), "sklearn_skops", sample)
