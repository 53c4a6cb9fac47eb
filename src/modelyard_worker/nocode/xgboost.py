"""XGBoost: a booster in its own formats, or a pickled one or estimator."""

from __future__ import annotations

from importlib import import_module
from typing import Any, List

from modelyard_worker.nocode.estimators import ARRAY, EstimatorPredictor, foreign, unpickled
from modelyard_worker.nocode.files import one_file
from modelyard_worker.nocode.inputs import matrix
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.nocode.results import outputs
from modelyard_worker.nocode.scikit_learn import ENDINGS as PICKLES
from modelyard_worker.tensors import Arrays, Named

NATIVE = (".json", ".ubj", ".xgb", ".model", ".bin", ".deprecated")
_KEEPS_CATEGORIES = (3, 1)
_CATEGORICAL = "c"
_TYPES = {"int": "INT64", "i": "BOOL", "q": "FP32", "float": "FP32", _CATEGORICAL: ""}


class BoosterPredictor(Predictor):
    """A booster: probabilities of classes, or numbers; it computes in 32 bits."""

    def __init__(self, booster: Any) -> None:
        self.booster = booster
        names: List[str] = list(booster.feature_names or ())
        kinds: List[str] = list(booster.feature_types or ["q"] * len(names))
        inputs = [Spec(ARRAY, "FP32", (-1, booster.num_features()))]
        if names:
            inputs = [Spec(n, _TYPES.get(k, "FP32"), (-1, 1)) for n, k in zip(names, kinds)]
        found = [Spec("predict", "FP32", (-1,))]
        super().__init__(Signature(inputs, found, bool(names), ("predict",), "xgboost_booster"))
        self.categorical = {n: None for n, k in zip(names, kinds) if k == _CATEGORICAL}
        _check_categories(bool(self.categorical))
        self.framed = bool(self.categorical)
        self.guessable = not self.categorical

    def predict(self, inputs: Any, method: str) -> Named:
        if isinstance(inputs, dict):
            result = self.booster.inplace_predict(matrix(inputs), validate_features=False)
        else:
            result = self.booster.inplace_predict(inputs)
        return outputs(method, result)


def load(path: str, sample: Arrays) -> Predictor:
    """A pickle by its ending or first byte, anything else by XGBoost itself."""
    xgboost = import_module("xgboost")
    file = one_file(path, (*NATIVE, *PICKLES), "XGBoost model")
    with open(file, "rb") as start:
        pickled = start.read(1) == b"\x80" or file.lower().endswith(PICKLES)
    if not pickled:
        return _native(xgboost, file, sample)
    model = unpickled(file)
    return BoosterPredictor(model) if isinstance(model, xgboost.Booster) else _of(model, sample)


def _native(xgboost: Any, file: str, sample: Arrays) -> Predictor:
    """Files that an estimator saved say of which kind it was."""
    booster = xgboost.Booster()
    try:
        booster.load_model(file)
    except xgboost.core.XGBoostError as error:
        raise BadModel(
            "XGBoost cannot read the model: %s" % str(error).strip().split("\n")[0],
            "Save it with model.save_model('model.ubj') and register that file; its version may "
            "not be newer than the installed XGBoost %s." % xgboost.__version__,
        ) from error
    kind = _estimator_of(booster)
    if kind is None:
        return BoosterPredictor(booster)
    model = getattr(xgboost, kind)()
    model.load_model(file)
    return _of(model, sample)


def _estimator_of(booster: Any) -> Any:
    said = booster.attr("scikit_learn") or ""
    if '"classifier"' in said:
        return "XGBClassifier"
    return "XGBRegressor" if '"regressor"' in said else None


def _of(model: Any, sample: Arrays) -> Predictor:
    if not hasattr(model, "get_booster"):
        raise foreign(model, "XGBoost")
    predictor = EstimatorPredictor(model, "xgboost_estimator", sample)
    booster = model.get_booster()
    names, kinds = booster.feature_names or (), booster.feature_types or ()
    predictor.categorical = {n: None for n, k in zip(names, kinds) if k == _CATEGORICAL}
    _check_categories(bool(predictor.categorical))
    return predictor


def _check_categories(any_: bool) -> None:
    version = import_module("xgboost").__version__
    if any_ and tuple(int(part) for part in version.split(".")[:2]) < _KEEPS_CATEGORIES:
        raise BadModel(
            "The model has categorical columns, and XGBoost %s does not keep their categories "
            "with it." % version,
            "Train and serve it with XGBoost 3.1 or newer, or deploy with an entry_script.",
        )
