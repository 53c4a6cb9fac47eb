"""From the front's HELLO to a model that is ready to predict."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, Mapping, Optional

from modelyard_worker.logs import LOG
from modelyard_worker.nocode import selftest, trials
from modelyard_worker.nocode.executor import TensorExecutor
from modelyard_worker.nocode.predictor import Predictor
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.nocode.table import Framework, module_of
from modelyard_worker.tensors import Arrays, of_json


def load(greeting: Mapping[str, Any], framework: Framework) -> TensorExecutor:
    """Load the only model of the greeting and try it. Raises what loading it raises."""
    path = _path_of(greeting)
    sample = _sample_of(greeting["predictor"])
    _make_importable(path)
    predictor: Predictor = module_of(framework).load(path, sample)
    pandas = _pandas() if predictor.framed else None
    rows = trials.rows_for(predictor, sample)
    predictor.signature = selftest.learned(predictor, rows, pandas)
    return TensorExecutor(predictor, framework.name, pandas, rows)


def _path_of(greeting: Mapping[str, Any]) -> str:
    models = greeting.get("models") or []
    if len(models) != 1:
        raise BadModel(
            "A service without a scoring script has one model, this one has %d." % len(models),
            "Deploy one model, or give an InferenceConfig with an entry_script.",
        )
    return str(models[0]["path"])


def _sample_of(predictor: Mapping[str, Any]) -> Arrays:
    try:
        return of_json(predictor.get("sample") or ())
    except (KeyError, TypeError, ValueError) as error:
        LOG.warning("The registered sample cannot be used: %s", error)
        return {}


def _make_importable(path: str) -> None:
    """Modules that lie beside the model's file: its pickle may be of their classes."""
    folder = os.path.abspath(path) if os.path.isdir(path) else ""
    if folder and folder not in sys.path:
        sys.path.append(folder)


def _pandas() -> Optional[Any]:
    """The model was trained with a data frame; without pandas it gets the columns as an array."""
    try:
        return import_module("pandas")
    except ModuleNotFoundError:
        LOG.warning(
            "The model was trained with a pandas data frame, but the environment has no pandas: "
            "it gets its columns as an array."
        )
        return None
