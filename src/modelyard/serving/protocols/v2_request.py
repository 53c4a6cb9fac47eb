"""
The Open Inference Protocol's inference request: JSON, or JSON with binary tensors behind it.

Pure: bytes in, values out; every error is a refusal that names the place.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from modelyard.domain.predictors import DATATYPES
from modelyard.serving.protocols.v2_body import MOST_DIMENSIONS, Input, Lists, Wanted, body_of
from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors import numbers
from modelyard.serving.tensors.fields import at, item, quoted, unreadable, wrong
from modelyard.serving.tensors.from_json import decoded
from modelyard.serving.tensors.table import flattened
from modelyard.serving.tensors.tensor import BadData, Buffer, Shape, Tensor, unpack
from modelyard.serving.tensors.values import packed

BINARY_HEADER = "inference-header-content-length"

_HALF = "BF16"
_FAR = 1 << 40
_DIGITS = 18
_UNSUPPORTED = ("shared_memory_region", "sequence_id")


@dataclass(frozen=True, slots=True)
class Output:
    """A wanted output; ``binary`` None leaves that to the whole request."""

    name: str
    binary: bool | None = None


@dataclass(frozen=True, slots=True)
class Inference:
    """What is asked; ``method`` None is the model's usual one."""

    tensors: list[Tensor]
    id: str | None
    outputs: tuple[Output, ...]
    binary: bool
    method: str | None


def read(body: bytes, header_length: str | None, *, missing: bool) -> Inference:
    """The request of an infer call; ``header_length`` is its header where tensors are binary."""
    text, rest = _parts(body, header_length)
    asked, lists = body_of(text)
    if not asked.inputs:
        raise wrong("inputs", "is empty.")
    tensors = _tensors(asked.inputs, rest, missing, lists)
    parameters = asked.parameters
    method = parameters.get("method")
    if not isinstance(method, str | None):
        raise wrong("parameters.method", "must be a text.")
    outputs = tuple(_output(output, place) for place, output in enumerate(asked.outputs))
    return Inference(
        tensors, asked.id or None, outputs, bool(parameters.get("binary_data_output")), method
    )


def _parts(body: bytes, header_length: str | None) -> tuple[Buffer, memoryview]:
    view = memoryview(body)
    if header_length is None:
        return body, view[:0]
    number = header_length.isdecimal() and len(header_length) <= _DIGITS
    if not number or int(header_length) > len(body):
        raise unreadable(
            f"Inference-Header-Content-Length is {header_length[:40]!r}; "
            f"the body has {len(body)} bytes"
        )
    length = int(header_length)
    return bytes(view[:length]), view[length:]


def _tensors(inputs: list[Input], rest: memoryview, missing: bool, lists: Lists) -> list[Tensor]:
    if len(inputs) > 1:
        counts = Counter(given.name for given in inputs)
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise wrong("inputs", f"has twice {quoted(twice)}.")
    tensors: list[Tensor] = []
    start = 0
    for place, given in enumerate(inputs):
        path = item("inputs", place)
        shape = _shape(given, path)
        parameters = given.parameters
        if parameters:
            _check(parameters, path)
        size = parameters.get("binary_data_size")
        if size is None:
            data = lists.get(bytes(given.data)) if lists else None
            if data is None:
                tensors.append(_of_json(given, shape, item(path, "data"), missing))
            else:
                tensors.append(Tensor(given.name, given.datatype, shape, data))
            continue
        if not isinstance(size, int) or size < 0 or start + size > len(rest):
            raise wrong(
                item(path, "parameters.binary_data_size"),
                f"is {size!r}; {len(rest) - start} bytes are left in the body.",
            )
        tensors.append(_of_bytes(given, shape, rest[start : start + size], path, missing))
        start += size
    if start != len(rest):
        raise wrong("", f"has {len(rest) - start} bytes of binary data that no input names.")
    return tensors


def _shape(given: Input, path: str) -> Shape:
    if given.datatype not in DATATYPES and given.datatype != _HALF:
        known = ", ".join(DATATYPES)
        raise wrong(item(path, "datatype"), f"is {given.datatype!r}; there are {known}.")
    if len(given.shape) > MOST_DIMENSIONS:
        problem = f"has {len(given.shape)} dimensions; {MOST_DIMENSIONS} are possible."
        raise wrong(item(path, "shape"), problem)
    count = prod(given.shape)
    if count > _FAR or min(given.shape, default=0) < 0:
        raise wrong(item(path, "shape"), f"is {given.shape}, which is impossible.")
    if not count:
        raise wrong(item(path, "shape"), f"is {given.shape}: there are no values.")
    return tuple(given.shape)


def _check(parameters: Mapping[str, Any], path: str) -> None:
    for name in _UNSUPPORTED:
        if name in parameters:
            raise wrong(item(path, f"parameters.{name}"), "is not supported here.")


def _of_json(given: Input, shape: Shape, path: str, missing: bool) -> Tensor:
    raw = memoryview(given.data)
    count = prod(shape)
    if not raw:
        raise wrong(path, "is missing.")
    if raw[0] != ord("["):
        raise wrong(path, "must be a list.")
    if given.datatype in numbers.FLAT:
        data = numbers.flat(raw, given.datatype)
        if data is not None and len(data) == count * (DATATYPES[given.datatype] or 0):
            return Tensor(given.name, given.datatype, shape, data)
    found, values = flattened(decoded(bytes(raw)), path)
    if len(values) != count:
        raise wrong(path, f"has {len(values)} values, the shape {list(shape)} takes {count}.")
    datatype = "FP32" if given.datatype == _HALF else given.datatype
    data = packed(datatype, values, lambda index: at(path, index, found), missing=missing)
    return Tensor(given.name, datatype, shape, data)


def _of_bytes(given: Input, shape: Shape, data: memoryview, path: str, missing: bool) -> Tensor:
    count = prod(shape)
    if given.datatype == _HALF:
        return Tensor(given.name, "FP32", shape, _widened(data, count, path))
    try:
        if given.datatype == "BYTES":
            return Tensor(given.name, "BYTES", shape, _texts(data, count, path, missing))
        size = DATATYPES[given.datatype] or 0
        if len(data) != count * size:
            raise BadData(f"{len(data)} bytes are not {count} elements of {given.datatype}")
    except BadData as error:
        raise wrong(path, f"has other data than its shape {list(shape)} says: {error}.") from None
    if given.datatype == "BOOL" and not set(bytes(data)) <= {0, 1}:
        raise wrong(path, "has a byte other than 0 and 1 among truth values.")
    return Tensor(given.name, given.datatype, shape, data)


def _texts(data: memoryview, count: int, path: str, missing: bool) -> Buffer:
    values = unpack("BYTES", data, count)
    if None in values and not missing:
        raise wrong(at(path, values.index(None), (count,)), "is longer than the body.")
    return data


def _widened(data: memoryview, count: int, path: str) -> bytes:
    """bfloat16 as FP32, of which it is the first half."""
    if len(data) != 2 * count:
        raise wrong(path, f"has {len(data)} bytes, its shape takes {2 * count}.")
    wide = bytearray(4 * count)
    wide[2::4] = data[0::2]
    wide[3::4] = data[1::2]
    return bytes(wide)


def _output(given: Wanted, place: int) -> Output:
    parameters = given.parameters
    path = item(item("outputs", place), "parameters")
    for name in ("classification", *_UNSUPPORTED):
        if parameters.get(name):
            raise wrong(item(path, name), "is not supported here.")
    binary = parameters.get("binary_data")
    if not isinstance(binary, bool | None):
        raise wrong(item(path, "binary_data"), "must be true or false.")
    return Output(given.name, binary)


def unexpected(kind: str, names: list[str], model: str, known: list[str]) -> Refusal:
    """The 400 for outputs that the model does not have, in Triton's words."""
    return Refusal(
        400,
        "bad_input",
        f"unexpected inference {kind} {quoted(names)} for model '{model}'; it has {quoted(known)}",
    )
