"""The Open Inference Protocol's inference answer: JSON, or JSON with binary tensors behind it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from modelyard.serving.protocols.v2_request import BINARY_HEADER, Inference, unexpected
from modelyard.serving.tensors.number_texts import value_of
from modelyard.serving.tensors.tensor import Tensor
from modelyard.serving.tensors.to_json import check_finite

_encode = msgspec.json.Encoder().encode

Headers = list[tuple[str, str]]


def write(
    tensors: Sequence[Tensor], asked: Inference, model: str, version: str, nan: str
) -> tuple[Headers, bytes]:
    """Content headers and body. Raises the 400 for outputs that there are none of."""
    chosen = _chosen(tensors, asked, model)
    outputs: list[dict[str, Any]] = []
    pieces: list[bytes] = []
    for tensor, binary in chosen:
        output: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.shape,
        }
        if binary:
            data = _without_missing(tensor)
            output["parameters"] = {"binary_data_size": len(data)}
            pieces.append(data)
        else:
            if nan == "error":
                check_finite([tensor])
            output["data"] = value_of(tensor.datatype, tensor.data, (tensor.count,))
        outputs.append(output)
    answer: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": outputs}
    if asked.id is not None:
        answer = {"id": asked.id, **answer}
    head = _encode(answer)
    if not pieces:
        return [("content-type", "application/json")], head
    headers = [("content-type", "application/octet-stream"), (BINARY_HEADER, str(len(head)))]
    return headers, b"".join([head, *pieces])


def _chosen(tensors: Sequence[Tensor], asked: Inference, model: str) -> list[tuple[Tensor, bool]]:
    if not asked.outputs:
        return [(tensor, asked.binary) for tensor in tensors]
    by_name = {tensor.name: tensor for tensor in tensors}
    unknown = [output.name for output in asked.outputs if output.name not in by_name]
    if unknown:
        raise unexpected("output", unknown, model, list(by_name))
    return [
        (by_name[output.name], asked.binary if output.binary is None else output.binary)
        for output in asked.outputs
    ]


def _without_missing(tensor: Tensor) -> bytes:
    """The data as every client reads it: a text that is not there is an empty one."""
    if tensor.datatype != "BYTES":
        return bytes(tensor.data)
    values = tensor.values()
    if None not in values:
        return bytes(tensor.data)
    filled = [value or "" for value in values]
    return b"".join(len(t := v.encode()).to_bytes(4, "little") + t for v in filled)
