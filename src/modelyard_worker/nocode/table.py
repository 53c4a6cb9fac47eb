"""Which module serves which framework, under the names that people write."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, NamedTuple, Tuple

from modelyard_worker.nocode.problems import BadModel


class Framework(NamedTuple):
    """
    A framework: its name, its module here, the package it is of, and what else it is called.

    ``imports`` are the modules that no model of it can do without. Letter case, spaces, dots,
    hyphens and underscores make no difference to names.
    """

    name: str
    module: str
    package: str
    imports: Tuple[str, ...]
    aliases: Tuple[str, ...] = ()


FRAMEWORKS = (
    Framework("ScikitLearn", "scikit_learn", "scikit-learn", ("sklearn",), ("sklearn", "scikit")),
    Framework("Onnx", "onnx", "onnxruntime", ("onnxruntime",), ("onnxruntime", "ort")),
    Framework("TensorFlow", "tensorflow", "tensorflow", (), ("tf", "savedmodel")),
    Framework("TfKeras", "tensorflow", "tensorflow", (), ("keras", "tensorflowkeras")),
    Framework("LightGBM", "lightgbm", "lightgbm", ("lightgbm",), ("lgbm", "lgb")),
    Framework("XGBoost", "xgboost", "xgboost", ("xgboost",), ("xgb",)),
    Framework("CatBoost", "catboost", "catboost", ("catboost",), ("cat", "cb")),
    Framework("PyTorch", "pytorch", "torch", ("torch",), ("torch", "torchscript")),
    Framework(
        "HuggingFace", "huggingface", "transformers", ("transformers",), ("transformers", "hf")
    ),
    Framework("MLflow", "mlflow", "mlflow", (), ("pyfunc", "pythonfunction")),
    Framework("Skops", "skops", "skops", ("skops", "sklearn")),
)


def framework_of(name: str) -> Framework:
    """The framework of that name. Raises BadModel, which tells those there are."""
    wanted = _bare(name)
    for framework in FRAMEWORKS:
        if wanted == _bare(framework.name) or wanted in framework.aliases:
            return framework
    raise BadModel(
        "A model of framework '%s' cannot be served without a scoring script." % name,
        "Register the model with one of the frameworks %s, or deploy it with an InferenceConfig "
        "that has an entry_script." % ", ".join(each.name for each in FRAMEWORKS),
    )


def module_of(framework: Framework) -> Any:
    """Its module: ``load(path, sample)`` gives a Predictor."""
    return import_module("modelyard_worker.nocode." + framework.module)


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())
