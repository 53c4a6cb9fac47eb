"""What a TorchScript module takes, told by its first layer; the file itself does not say."""

from __future__ import annotations

from typing import Any, Iterator, List

from modelyard_worker.nocode.predictor import Spec

_DATATYPES = {
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "bfloat16": "FP32",
    "bool": "BOOL",
    "uint8": "UINT8",
}


def inputs_of(module: Any, names: List[str]) -> List[Spec]:
    """Of one input the type and shape; of several the type of the module's numbers."""
    first = next(_leaves(module), None)
    if len(names) == 1 and first is not None:
        return [_of_layer(names[0], first)]
    kind = datatype(next(module.parameters()).dtype) if first is not None else ""
    return [Spec(name, kind, (-1, -1)) for name in names]


def datatype(dtype: Any) -> str:
    """The protocol's name of a torch type."""
    name = str(dtype).replace("torch.", "")
    return _DATATYPES.get(name, name.upper() if name.startswith("int") else "")


def _leaves(module: Any) -> Iterator[Any]:
    """Layers with parameters of their own, in the order in which they are written."""
    for each in module.modules():
        if next(iter(each.parameters(recurse=False)), None) is not None:
            yield each


def _of_layer(name: str, layer: Any) -> Spec:
    kind = getattr(layer, "original_name", type(layer).__name__)
    weight = next(iter(layer.parameters(recurse=False)))
    type_ = datatype(weight.dtype)
    if kind == "Embedding":
        return Spec(name, "INT64", (-1, -1))
    if kind == "Linear":
        return Spec(name, type_, (-1, weight.shape[1]))
    if kind == "BatchNorm1d":
        return Spec(name, type_, (-1, weight.shape[0]))
    if kind in ("Conv1d", "Conv2d", "Conv3d"):
        channels = weight.shape[1] * int(getattr(layer, "groups", 1))
        return Spec(name, type_, (-1, channels, *[-1] * (weight.dim() - 2)))
    if kind in ("LSTM", "GRU", "RNN"):
        return Spec(name, type_, (-1, -1, weight.shape[1]))
    return Spec(name, type_, (-1, -1))
