"""PyTorch: TorchScript (``.pt``) and exported programs (``.pt2``)."""

from __future__ import annotations

import os
import zipfile
from importlib import import_module
from typing import Any, List, Optional, Tuple

from modelyard_worker.nocode import layers
from modelyard_worker.nocode.files import one_file
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec, specs_like
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.nocode.results import outputs
from modelyard_worker.tensors import Arrays, Named

ENDINGS = (".pt", ".pt2", ".pth", ".ts", ".jit", ".torchscript")


class TorchPredictor(Predictor):
    """A module that runs without the code it was written in, its inputs given in order."""

    writes = True  # torch warns of tensors over read-only memory

    def __init__(self, module: Any, signature: Signature, device: Optional[str] = None) -> None:
        super().__init__(signature)
        self.torch = import_module("torch")
        self.module = module
        self.device = device

    def predict(self, inputs: Any, method: str) -> Named:
        tensors = [self.torch.from_numpy(array) for array in inputs.values()]
        if self.device is not None:
            tensors = [tensor.to(self.device) for tensor in tensors]
        with self.torch.inference_mode():
            return outputs(method, self.module(*tensors))


def load(path: str, sample: Arrays) -> Predictor:
    """Which of both it is, the file's content tells."""
    file = one_file(path, ENDINGS, "PyTorch model")
    entries = _entries(file)
    if any(name.endswith("constants.pkl") for name in entries):
        return _script(file, sample)
    if file.lower().endswith(".pt2") or any("serialized_exported_program" in n for n in entries):
        return _exported(file)
    raise BadModel(
        "'%s' is neither TorchScript nor an exported program." % os.path.basename(file),
        "A state_dict or a pickled module needs the code of its class: save it with "
        "torch.export.save(torch.export.export(model, (example,)), 'model.pt2') or "
        "torch.jit.script(model).save('model.pt'), or deploy with an entry_script.",
    )


def _entries(file: str) -> List[str]:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except zipfile.BadZipFile:
        return []


def _script(file: str, sample: Arrays) -> Predictor:
    torch = import_module("torch")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    module = torch.jit.load(file, map_location=device).eval()
    taken = [each.name for each in module.forward.schema.arguments[1:]]
    inputs = specs_like(sample) if len(sample) == len(taken) else layers.inputs_of(module, taken)
    signature = Signature(inputs, [Spec("predict", "", (-1,))], platform="pytorch_torchscript")
    predictor = TorchPredictor(module, signature, None if device == "cpu" else device)
    predictor.guessable = all(spec.datatype and -1 not in spec.shape[1:] for spec in inputs)
    return predictor


def _exported(file: str) -> Predictor:
    """An exported program knows everything; it stays on the device that it was made for."""
    torch = import_module("torch")
    program = torch.export.load(file)
    graph = program.graph_signature
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    inputs = [_spec(name, values[name]) for name in graph.user_inputs]
    found = [_spec("predict", values.get(name)) for name in graph.user_outputs]
    if len(found) > 1:
        found = [spec._replace(name="predict_%d" % at) for at, spec in enumerate(found)]
    signature = Signature(inputs, found, platform="pytorch_export")
    return TorchPredictor(program.module(), signature)


def _spec(name: str, value: Any) -> Spec:
    if value is None or not hasattr(value, "shape"):
        return Spec(name, "", (-1,))
    shape: Tuple[int, ...] = tuple(size if isinstance(size, int) else -1 for size in value.shape)
    return Spec(name, layers.datatype(value.dtype), shape)
