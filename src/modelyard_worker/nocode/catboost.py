"""CatBoost: a ``.cbm`` (or ``.json``) file, or a pickled estimator."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, List

from modelyard_worker.nocode.estimators import ARRAY, foreign, methods_of, unpickled
from modelyard_worker.nocode.files import one_file
from modelyard_worker.nocode.inputs import matrix
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.nocode.results import outputs
from modelyard_worker.nocode.scikit_learn import ENDINGS as PICKLES
from modelyard_worker.tensors import Arrays, Named, datatype_of, np

_FORMATS = {".cbm": "cbm", ".json": "json", ".cb": "cbm", ".bin": "cbm"}


class CatBoostPredictor(Predictor):
    """An estimator that knows its features' names, and which are categories and texts."""

    def __init__(self, model: Any, sample: Arrays) -> None:
        if not hasattr(model, "get_cat_feature_indices"):
            raise foreign(model, "CatBoost")
        self.model = model
        names = [str(name) for name in model.feature_names_]
        other = [*model.get_cat_feature_indices(), *model.get_text_feature_indices()]
        named = not all(name.isdecimal() for name in names)
        by_columns = named or bool(other)
        inputs = [Spec(ARRAY, "FP32", (-1, len(names)))]
        if by_columns:
            inputs = [_column(at, name, other, sample) for at, name in enumerate(names)]
        methods = tuple(name for name in methods_of(model) if name != "decision_function")
        found = _outputs(model)
        super().__init__(Signature(inputs, found, by_columns, methods, "catboost_cbm"))
        self.framed = bool(other)

    def predict(self, inputs: Any, method: str) -> Named:
        given = matrix(inputs) if isinstance(inputs, dict) else inputs
        result = getattr(self.model, method)(given)
        if method == "predict" and getattr(result, "ndim", 1) == 2 and result.shape[1] == 1:
            result = result[:, 0]  # labels of several classes come as a column
        return outputs(method, result)


def load(path: str, sample: Arrays) -> Predictor:
    """The model as a classifier or regressor, whichever it was trained as."""
    file = one_file(path, (*_FORMATS, *PICKLES), "CatBoost model")
    ending = os.path.splitext(file)[1].lower()
    if ending in PICKLES:
        return CatBoostPredictor(unpickled(file), sample)
    return CatBoostPredictor(_native(file, _FORMATS.get(ending, "cbm")), sample)


def _native(file: str, format_: str) -> Any:
    catboost = import_module("catboost")
    try:
        model = catboost.CatBoostClassifier().load_model(file, format=format_)
        if len(model.classes_):
            return model
        return catboost.CatBoostRegressor().load_model(file, format=format_)
    except catboost.CatBoostError as error:
        raise BadModel(
            "CatBoost cannot read '%s': %s" % (os.path.basename(file), error),
            "Save it with model.save_model('model.cbm') and register that file.",
        ) from error


def _column(at: int, name: str, other: List[int], sample: Arrays) -> Spec:
    """Categories may be texts or whole numbers: only the sample tells which."""
    if at not in other:
        return Spec(name, "FP32", (-1, 1))
    return Spec(name, datatype_of(sample[name].dtype) if name in sample else "", (-1, 1))


def _outputs(model: Any) -> List[Spec]:
    classes = np.asarray(model.classes_)
    return [Spec("predict", datatype_of(classes.dtype) if classes.size else "FP64", (-1,))]
