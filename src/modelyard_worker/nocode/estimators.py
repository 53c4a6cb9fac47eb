"""Models with scikit-learn's interface, whichever package they are of."""

from __future__ import annotations

import os
import pickle
import re
import struct
from importlib import import_module
from typing import Any, List, Optional, Sequence, Tuple

from modelyard_worker.logs import LOG
from modelyard_worker.nocode import columns
from modelyard_worker.nocode.inputs import matrix
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec, are_columns, specs_like
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.nocode.results import outputs
from modelyard_worker.tensors import Arrays, Named, datatype_of, np

METHODS = ("predict", "predict_proba", "decision_function")
ARRAY = "data"
"""The name of a matrix: Azure's no-code services call it so."""

_MADE_UP = re.compile(r"(Column_|f)?\d+")


class EstimatorPredictor(Predictor):
    """A fitted estimator: anything with predict()."""

    writes = True  # scikit-learn before 1.3 refuses read-only arrays in places

    def __init__(self, model: Any, platform: str, sample: Arrays) -> None:
        self.model = model
        names = names_of(model)
        known = columns.known_columns(model, names) if names else {}
        inputs = _inputs(model, names, known, sample)
        by_columns = bool(names) or (len(inputs) > 1 and are_columns(sample))
        methods = methods_of(model)
        found = Signature(inputs, _outputs(model, methods[0]), by_columns, methods, platform)
        super().__init__(found)
        self.choices = {name: values for name, (_, values) in known.items() if values}
        self.framed = by_columns and (bool(names) or not hasattr(model, "n_features_in_"))

    def predict(self, inputs: Any, method: str) -> Named:
        """Call the estimator's method of that name."""
        given = matrix(inputs) if isinstance(inputs, dict) else inputs
        return outputs(method, getattr(self.model, method)(given))


def unpickled(path: str) -> Any:
    """What joblib, or where it is missing pickle, finds in the file. Raises BadModel for none."""
    try:
        return _unpickled(path)
    except (pickle.UnpicklingError, EOFError, IndexError, struct.error) as error:
        raise _no_pickle(path, error) from error
    except KeyError as error:
        if isinstance(error.args[0], int):  # an opcode that there is not
            raise _no_pickle(path, error) from error
        raise


def _unpickled(path: str) -> Any:
    try:
        return import_module("joblib").load(path)
    except ModuleNotFoundError as error:
        if error.name != "joblib":
            raise
    with open(path, "rb") as file:
        return pickle.load(file)


def _no_pickle(path: str, error: Exception) -> BadModel:
    return BadModel(
        "The model's file '%s' is no pickle, or not a whole one (%s: %s)."
        % (os.path.basename(path), type(error).__name__, error),
        "Save the model with joblib.dump(model, path) and register that file; if it is of another "
        "framework, register it with that framework.",
    )


def foreign(model: Any, framework: str) -> BadModel:
    """A pickle of another framework, or a pipeline that only ends in a model of this one."""
    kind = type(model)
    return BadModel(
        "The file holds a %s.%s, which is no %s model."
        % (kind.__module__, kind.__qualname__, framework),
        "Register it with the framework of what it holds: ScikitLearn takes every pickle of "
        "something with predict(), pipelines too.",
    )


def methods_of(model: Any) -> Tuple[str, ...]:
    """What may be asked for, predict first. Raises BadModel where there is nothing."""
    found = tuple(name for name in METHODS if callable(getattr(model, name, None)))
    if found:
        return found
    if callable(getattr(model, "transform", None)):
        return ("transform",)
    kind = type(model)
    raise BadModel(
        "The file holds a %s.%s, which has no predict()." % (kind.__module__, kind.__qualname__),
        "Register the fitted model alone, or deploy with an entry_script that knows the file.",
    )


def names_of(model: Any) -> List[str]:
    """The columns' names that the model was trained with; none where it was an array."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = getattr(columns.first_step(model), "feature_names_in_", None)
    found = [str(name) for name in names] if names is not None else []
    # boosters make up names for arrays
    return [] if all(_MADE_UP.fullmatch(name) for name in found) else found


def _inputs(model: Any, names: List[str], known: columns.Knowledge, sample: Arrays) -> List[Spec]:
    count = _count_of(model)
    if names:
        return [_column(name, known.get(name, ("", ()))[0], sample) for name in names]
    if columns.takes_texts(model):
        return [Spec(ARRAY, "BYTES", (-1,))]
    if sample and _fits(sample, count):
        return [_number(spec) for spec in specs_like(sample)] if count else specs_like(sample)
    if sample:
        LOG.warning("The registered sample does not fit the model and is not used.")
    return [Spec(ARRAY, "FP64" if count else "", (-1, count or -1))]


def _column(name: str, datatype: str, sample: Arrays) -> Spec:
    if name in sample:
        datatype = datatype_of(sample[name].dtype)
    elif sample and not are_columns(sample):
        array = next(iter(sample.values()))
        datatype = datatype or datatype_of(array.dtype)
    elif sample:
        LOG.warning("The registered sample has no column '%s', which the model needs.", name)
    return Spec(name, datatype, (-1, 1))


def _number(spec: Spec) -> Spec:
    """A sample of whole numbers does not mean that a model of numbers refuses fractions."""
    return spec._replace(datatype="FP64") if spec.datatype.startswith(("INT", "UINT")) else spec


def _fits(sample: Arrays, count: Optional[int]) -> bool:
    if not count:
        return True
    if are_columns(sample):
        return len(sample) == count
    (array,) = [*sample.values()][:1]
    return len(sample) == 1 and array.ndim == 2 and array.shape[1] == count


def _count_of(model: Any) -> Optional[int]:
    for each in (model, columns.first_step(model)):
        count = getattr(each, "n_features_in_", None)
        if isinstance(count, int) or hasattr(count, "__index__"):
            return int(count)  # type: ignore[arg-type]
    return None


def _outputs(model: Any, method: str) -> List[Spec]:
    """As far as the estimator tells; trying it tells the rest."""
    classes: Sequence[Any] = getattr(model, "classes_", None)  # type: ignore[assignment]
    if method == "predict" and isinstance(classes, np.ndarray):
        return [Spec(method, datatype_of(classes.dtype), (-1,))]
    return [Spec(method, "", (-1,))]
