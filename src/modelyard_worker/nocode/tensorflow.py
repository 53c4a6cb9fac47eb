"""TensorFlow: a SavedModel folder, called through its serving signature, or a Keras file."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Dict, List

from modelyard_worker.nocode import keras
from modelyard_worker.nocode.files import files_in, one_folder
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.nocode.problems import BadModel, need
from modelyard_worker.nocode.results import outputs
from modelyard_worker.tensors import Arrays, Named, datatype_of, np

USUAL = "serving_default"
GRAPHS = ("saved_model.pb", "saved_model.pbtxt")


class SavedModelPredictor(Predictor):
    """A SavedModel; ``predict`` is its usual signature, others go by their own names."""

    def __init__(self, loaded: Any) -> None:
        self.tensorflow = import_module("tensorflow")
        self.loaded = loaded  # its variables live as long as it does
        self.functions = _functions(loaded)
        usual = self.functions["predict"]
        inputs = _specs(usual.structured_input_signature[1])
        found = _specs(usual.structured_outputs)
        columns = len(inputs) > 1 and all(spec.shape == (-1, 1) for spec in inputs)
        methods = _alike(self.functions)
        super().__init__(Signature(inputs, found, columns, methods, "tensorflow_savedmodel"))

    def predict(self, inputs: Any, method: str) -> Named:
        function = self.functions[method]
        given = {name: self.tensorflow.constant(array) for name, array in inputs.items()}
        return outputs(method, function(**given))


def load(path: str, sample: Arrays) -> Predictor:  # noqa: ARG001 (typed by themselves)
    """The SavedModel in the folder, or a Keras file: people register either as either."""
    if os.path.isfile(path) or (files_in(path, keras.ENDINGS) and not files_in(path, GRAPHS)):
        return keras.load(path)
    folder = one_folder(path, _is_saved_model, "SavedModel (saved_model.pb) or Keras file")
    return SavedModelPredictor(need("tensorflow").saved_model.load(folder))


def _is_saved_model(folder: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, name)) for name in GRAPHS)


def _functions(loaded: Any) -> Dict[str, Any]:
    signatures = dict(loaded.signatures)
    if USUAL not in signatures and len(signatures) != 1:
        raise BadModel(
            "The SavedModel has no signature '%s'; it has %s."
            % (USUAL, ", ".join(sorted(signatures)) or "none"),
            "Save it with model.export(folder), or tf.saved_model.save(…, signatures=…).",
        )
    usual = USUAL if USUAL in signatures else next(iter(signatures))
    functions = {"predict": signatures.pop(usual)}
    functions.update(signatures)
    return functions


def _alike(functions: Dict[str, Any]) -> Any:
    """The names of the functions that take what the usual one takes."""
    wanted = _specs(functions["predict"].structured_input_signature[1])
    return tuple(
        name
        for name, function in functions.items()
        if _specs(function.structured_input_signature[1]) == wanted
    )


def _specs(tensors: Dict[str, Any]) -> List[Spec]:
    return [
        Spec(name, _datatype(tensor.dtype), _shape(tensor.shape))
        for name, tensor in tensors.items()
    ]


def _shape(shape: Any) -> Any:
    if shape.rank is None:
        return (-1, -1)
    return tuple(-1 if size is None else int(size) for size in shape.as_list())


def _datatype(dtype: Any) -> str:
    if dtype.name == "string":
        return "BYTES"
    return "" if dtype.name == "resource" else datatype_of(np.dtype(dtype.as_numpy_dtype))
