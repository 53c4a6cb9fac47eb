"""Keras: a ``.keras`` or ``.h5`` file."""

from __future__ import annotations

from typing import Any, List, Tuple

from modelyard_worker.nocode.files import one_file
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.nocode.problems import MissingPackage, need
from modelyard_worker.nocode.results import outputs
from modelyard_worker.tensors import Named, datatype_of, np

ENDINGS = (".keras", ".h5", ".hdf5")


class KerasPredictor(Predictor):
    """A Keras model with its own inputs' names, shapes and types."""

    def __init__(self, model: Any) -> None:
        self.model = model
        inputs = [_spec(tensor, "input") for tensor in model.inputs]
        self.names = _output_names(model)
        found = [
            _spec(tensor, name)._replace(name=name)
            for tensor, name in zip(model.outputs, self.names)
        ]
        columns = len(inputs) > 1 and all(spec.shape == (-1, 1) for spec in inputs)
        super().__init__(Signature(inputs, found, columns, ("predict",), "keras_model"))

    def predict(self, inputs: Any, method: str) -> Named:
        arrays = list(inputs.values())
        result = self.model.predict_on_batch(arrays[0] if len(arrays) == 1 else arrays)
        results = result if isinstance(result, (list, tuple)) else [result]
        if isinstance(result, dict):
            return outputs(method, result)
        return [pair for name, each in zip(self.names, results) for pair in outputs(name, each)]


def load(path: str) -> Predictor:
    """The model in the file, typed by itself."""
    file = one_file(path, ENDINGS, "Keras model")
    return KerasPredictor(_keras().models.load_model(file, compile=False))


def _keras() -> Any:
    """TensorFlow's own, which fits its version; Keras alone (with another backend) without it."""
    try:
        return need("tensorflow").keras
    except MissingPackage:
        try:
            return need("keras")
        except MissingPackage:
            return need("tensorflow")  # the package to name


def _spec(tensor: Any, otherwise: str) -> Spec:
    name = str(getattr(tensor, "name", None) or otherwise).split(":")[0]
    shape = tuple(-1 if size is None else int(size) for size in tensor.shape)
    return Spec(name, _datatype(tensor.dtype), shape)


def _datatype(dtype: Any) -> str:
    name = str(getattr(dtype, "name", dtype))
    return "BYTES" if name == "string" else datatype_of(np.dtype(name))


def _output_names(model: Any) -> Tuple[str, ...]:
    names: List[str] = list(getattr(model, "output_names", None) or ())
    if not names and len(model.outputs) == 1 and model.layers:  # a Sequential
        names = [model.layers[-1].name]
    if len(names) != len(model.outputs) or len(set(names)) != len(names):
        names = ["output_%d" % at for at in range(len(model.outputs))]
    return tuple(names)
