"""ONNX: a network run by onnxruntime."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Dict, List, Tuple

from modelyard_worker.nocode.files import one_file
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.nocode.results import outputs
from modelyard_worker.tensors import Arrays, Named, np

_TYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
    **{"%sint%d" % (sign, bits): "%sINT%d" % (sign.upper(), bits)
       for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip


class OnnxPredictor(Predictor):
    """A session; what it takes and gives is written in the network."""

    def __init__(self, session: Any) -> None:
        self.session = session
        inputs = [_spec(value) for value in session.get_inputs()]
        found = [_spec(value) for value in session.get_outputs()]
        self.names = [spec.name for spec in found]
        columns = len(inputs) > 1 and all(spec.shape == (-1, 1) for spec in inputs)
        super().__init__(Signature(inputs, found, columns, ("predict",), "onnx_onnxv1"))

    def predict(self, inputs: Any, method: str) -> Named:  # noqa: ARG002 (there is one)
        results = self.session.run(self.names, inputs)
        named: Named = []
        for name, result in zip(self.names, results):
            value = _by_class(result) if _is_zip_map(result) else result
            named.extend(outputs(name, value))
        return named


def load(path: str, sample: Arrays) -> Predictor:  # noqa: ARG001 (typed by itself)
    """The network in the file; the sample is not needed."""
    runtime = import_module("onnxruntime")
    file = one_file(path, (".onnx", ".ort"), "ONNX model")
    options = runtime.SessionOptions()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdecimal():
        options.intra_op_num_threads = int(threads)
    # threads that spin between requests would take the processor from other workers
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = runtime.get_available_providers()
    try:
        return OnnxPredictor(runtime.InferenceSession(file, options, providers=providers))
    except Exception as error:
        # its exceptions have classes of their own, all of them in one C module
        if type(error).__module__.startswith("onnxruntime"):
            raise BadModel(
                "onnxruntime cannot read '%s': %s" % (os.path.basename(file), error),
                "If the file is whole, it may need a newer onnxruntime than the installed %s."
                % runtime.__version__,
            ) from error
        raise


def _spec(value: Any) -> Spec:
    kind = value.type
    shape = tuple(size if isinstance(size, int) and size > 0 else -1 for size in value.shape or ())
    if kind.startswith("tensor(") and kind[7:-1] in _TYPES:
        return Spec(value.name, _TYPES[kind[7:-1]], shape)
    if kind.startswith("seq(map("):  # probabilities, as scikit-learn's converter writes them
        return Spec(value.name, "FP32", (-1, -1))
    return Spec(value.name, "", shape)


def _is_zip_map(result: Any) -> bool:
    return isinstance(result, list) and bool(result) and isinstance(result[0], dict)


def _by_class(result: List[Dict[Any, float]]) -> Any:
    """A matrix with a column for each class, in the order of the classes."""
    classes: Tuple[Any, ...] = tuple(sorted(result[0]))
    return np.array([[row[name] for name in classes] for row in result], dtype=np.float32)
