"""MLflow: a folder with ``MLmodel``, by MLflow itself or, without it, by the flavour within."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Dict, List, Optional

from modelyard_worker.nocode import mlmodel
from modelyard_worker.nocode.columns import known_columns
from modelyard_worker.nocode.estimators import METHODS, EstimatorPredictor
from modelyard_worker.nocode.files import one_folder
from modelyard_worker.nocode.predictor import Predictor, Signature
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.nocode.results import outputs
from modelyard_worker.tensors import Arrays, Named

FLAVORS = (
    ("sklearn", "scikit_learn", "pickled_model"),
    ("lightgbm", "lightgbm", "data"),
    ("xgboost", "xgboost", "data"),
    ("catboost", "catboost", "data"),
    ("onnx", "onnx", "data"),
    ("keras", "tensorflow", "data"),
    ("tensorflow", "tensorflow", "data"),
    ("pytorch", "pytorch", "model_data"),
    ("transformers", "huggingface", "model_binary"),
)
"""Flavours that need no MLflow: their name, our module, and where the path of the data stands."""


class PyfuncPredictor(Predictor):
    """A python_function, called through MLflow, which checks the signature itself."""

    writes = True

    def __init__(self, model: Any, signature: Signature, times: List[str]) -> None:
        super().__init__(signature)
        self.model = model
        self.times = times
        self.raw = _raw(model)
        self.framed = signature.columns
        if signature.columns and self.raw is not None:
            known = known_columns(self.raw, [spec.name for spec in signature.inputs])
            self.choices = {name: values for name, (_, values) in known.items() if values}
        found = tuple(name for name in METHODS[1:] if callable(getattr(self.raw, name, None)))
        self.signature = signature._replace(methods=("predict", *found))

    def predict(self, inputs: Any, method: str) -> Named:
        given = self._with_times(inputs)
        if isinstance(given, dict) and len(given) == 1:
            given = next(iter(given.values()))
        if method == "predict":
            return outputs(method, self.model.predict(given))
        return outputs(method, getattr(self.raw, method)(given))

    def _with_times(self, given: Any) -> Any:
        if self.times:
            pandas = import_module("pandas")
            given = given.assign(**{name: pandas.to_datetime(given[name]) for name in self.times})
        return given


def load(path: str, sample: Arrays) -> Predictor:
    """The model in the folder that holds ``MLmodel``."""
    folder = one_folder(path, _is_model, "MLflow model (a folder with MLmodel)")
    model = mlmodel.read(folder)
    signature = mlmodel.signature(model)
    flavors = model["flavors"]
    if "python_function" in flavors and _has_mlflow():
        loaded = import_module("mlflow.pyfunc").load_model(folder)
        return PyfuncPredictor(
            loaded, signature or _unsaid(_raw(loaded), sample), mlmodel.times(model)
        )
    predictor = _inner(folder, flavors, sample)
    if signature is not None and _agree(signature, predictor.signature):
        inputs = signature.inputs
        predictor.signature = predictor.signature._replace(inputs=inputs)
    return predictor


def _inner(folder: str, flavors: Dict[str, Any], sample: Arrays) -> Predictor:
    """The flavour's own file, loaded as if it had been registered alone."""
    code = (flavors.get("python_function") or {}).get("code")
    if code:
        sys.path.append(os.path.join(folder, str(code)))
    for flavor, module, key in FLAVORS:
        place = (flavors.get(flavor) or {}).get(key)
        if place:
            loader = import_module("modelyard_worker.nocode." + module)
            predictor: Predictor = loader.load(os.path.join(folder, str(place)), sample)
            return predictor
    raise BadModel(
        "The MLflow model (flavors: %s) can be loaded by MLflow alone, and the environment has "
        "no 'mlflow'." % ", ".join(sorted(flavors)),
        "Give an environment with 'mlflow': the model's own conda.yaml or requirements.txt.",
    )


def _is_model(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "MLmodel"))


def _has_mlflow() -> bool:
    """MLflow, with pandas, without which python_function does not work."""
    return find_spec("mlflow") is not None and find_spec("pandas") is not None


def _raw(loaded: Any) -> Optional[Any]:
    get = getattr(loaded, "get_raw_model", None)
    try:
        return get() if callable(get) else None
    except Exception:  # MLflow's word for a flavour that gives none
        return None


def _unsaid(raw: Optional[Any], sample: Arrays) -> Signature:
    """Of a model that was saved without a signature: what the model within tells."""
    if raw is not None and callable(getattr(raw, "predict", None)):
        return EstimatorPredictor(raw, "mlflow_pyfunc", sample).signature
    raise BadModel(
        "The MLflow model has no signature, so nobody knows what it takes.",
        "Save it with an input_example or signature=infer_signature(inputs, outputs).",
    )


def _agree(said: Signature, known: Signature) -> bool:
    names = [spec.name for spec in known.inputs]
    return said.columns == known.columns and [spec.name for spec in said.inputs] == names
