"""LightGBM: a booster in its own text format, or a pickled one or estimator."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Dict, List

from modelyard_worker.nocode.estimators import ARRAY, EstimatorPredictor, unpickled
from modelyard_worker.nocode.files import one_file
from modelyard_worker.nocode.inputs import matrix
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.nocode.results import outputs
from modelyard_worker.nocode.scikit_learn import ENDINGS as PICKLES
from modelyard_worker.tensors import Arrays, Named, datatype_of, np

NATIVE = (".txt", ".lgb", ".lgbm", ".model", ".mdl")
_MADE_UP = re.compile(r"Column_\d+")


class BoosterPredictor(Predictor):
    """A booster: probabilities of classes, or numbers."""

    def __init__(self, booster: Any) -> None:
        self.booster = booster
        names = [str(name) for name in booster.feature_name()]
        by_columns = not all(_MADE_UP.fullmatch(name) for name in names)
        self.categorical_here = categories_of(booster)
        inputs = [Spec(ARRAY, "FP64", (-1, booster.num_feature()))]
        if by_columns:
            inputs = [_column(name, self.categorical_here) for name in names]
        classes = booster.num_model_per_iteration()
        shape = (-1, classes) if classes > 1 else (-1,)
        found = [Spec("predict", "FP64", shape)]
        super().__init__(Signature(inputs, found, by_columns, ("predict",), "lightgbm_booster"))
        self.framed = bool(self.categorical_here)  # else the frame would only be taken apart
        self.categorical = dict(self.categorical_here)
        self.choices = dict(self.categorical_here)

    def predict(self, inputs: Any, method: str) -> Named:
        given = matrix(inputs) if isinstance(inputs, dict) else inputs
        return outputs(method, self.booster.predict(given))


def load(path: str, sample: Arrays) -> Predictor:
    """A file that begins like LightGBM's text is a booster, anything else is a pickle."""
    file = one_file(path, (*NATIVE, *PICKLES), "LightGBM model")
    with open(file, "rb") as start:
        native = start.read(5).strip() in (b"tree", b"tree\r")
    if native:
        return BoosterPredictor(import_module("lightgbm").Booster(model_file=file))
    model = unpickled(file)
    if hasattr(model, "num_feature") and hasattr(model, "feature_name"):
        return BoosterPredictor(model)
    predictor = EstimatorPredictor(model, "lightgbm_pickle", sample)
    _teach_categories(predictor, model)
    return predictor


def categories_of(booster: Any) -> Dict[str, List[Any]]:
    """The categories of columns that were of pandas' category type in training."""
    lists = getattr(booster, "pandas_categorical", None) or []
    if not lists:
        return {}
    header = booster.model_to_string(num_iteration=1)
    infos = re.search(r"^feature_infos=(.*)$", header, re.MULTILINE)
    kinds = infos[1].split(" ") if infos else []
    names = [str(name) for name in booster.feature_name()]
    # numbers have a range '[0:1]', categories a list '0:1:2'
    chosen = [name for name, kind in zip(names, kinds) if not kind.startswith(("[", "none"))]
    return dict(zip(chosen, lists)) if len(chosen) == len(lists) else {}


def _teach_categories(predictor: Predictor, model: Any) -> None:
    booster = getattr(model, "booster_", None)
    categories = categories_of(booster) if booster is not None else {}
    if not categories:
        return
    signature = predictor.signature
    inputs = [
        _column(spec.name, categories) if spec.name in categories else spec
        for spec in signature.inputs
    ]
    predictor.signature = signature._replace(inputs=inputs)
    predictor.categorical = dict(categories)
    predictor.choices = dict(categories)


def _column(name: str, categories: Dict[str, List[Any]]) -> Spec:
    if name not in categories:
        return Spec(name, "FP64", (-1, 1))
    return Spec(name, datatype_of(np.asarray(categories[name]).dtype), (-1, 1))
