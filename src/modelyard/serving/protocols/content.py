"""Content types: which a body has and which a client wants back."""

from collections.abc import Sequence
from enum import Enum

from modelyard.serving.exchange import Request
from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors import arrow, npy
from modelyard.serving.tensors.tensor import Buffer, Tensor


class Kind(Enum):
    """A format of bodies; the value is its content type."""

    JSON = "application/json"
    NPY = "application/x-npy"
    ARROW = "application/vnd.apache.arrow.stream"
    ARROW_FILE = "application/vnd.apache.arrow.file"


_OCTETS = "application/octet-stream"
_BY_TYPE = {kind.value: kind for kind in Kind} | {"application/npy": Kind.NPY}
_FORM = "application/x-www-form-urlencoded"  # what curl -d sends, whatever the body is


def media_type(value: str | None) -> str:
    """The type alone, lower case: ``application/json`` of ``Application/JSON; charset=utf-8``."""
    return (value or "").partition(";")[0].strip().lower()


def kind_of(request: Request, body: Buffer) -> Kind:
    """What the body is. Raises the 415 for a content type that is not taken."""
    given = media_type(request.header("content-type"))
    kind = _BY_TYPE.get(given)
    if kind is not None:
        return kind
    if given == _OCTETS and bytes(body[:6]) == npy.MAGIC:
        return Kind.NPY
    if given in {"", _FORM, "text/plain"} or given.endswith("+json"):
        return Kind.JSON
    types = ", ".join(kind.value for kind in Kind)
    message = f"The content type {given} is not taken here; use {types}."
    raise Refusal(415, "unsupported_media_type", message, headers=(("accept", types),))


def is_binary(value: str | None) -> bool:
    """Whether a Content-Type or Accept names one of the binary formats."""
    return value is not None and ("npy" in value or "arrow" in value or "octet-stream" in value)


def wanted(request: Request) -> Kind:
    """What the client wants back: the best of what it accepts, JSON where it does not care."""
    accept = request.header("accept")
    if accept is None or not is_binary(accept):
        return Kind.JSON
    best, best_quality = Kind.JSON, 0.0
    for part in accept.split(","):
        name, _, parameters = part.partition(";")
        kind = _BY_TYPE.get(name.strip().lower())
        if kind is not None and (quality := _quality(parameters)) > best_quality:
            best, best_quality = kind, quality
    return best


def read(kind: Kind, body: Buffer) -> list[Tensor]:
    """The tensors of a binary body; that of a .npy file has no name. Raises the refusal."""
    if kind is Kind.NPY:
        return [npy.read(body)]
    return arrow.read(body)


def written(tensors: Sequence[Tensor], kind: Kind) -> bytes:
    """The binary body of an answer. Raises the 406 where the format cannot hold it."""
    if kind is Kind.NPY:
        if len(tensors) != 1:
            names = ", ".join(repr(tensor.name) for tensor in tensors)
            raise _not_acceptable(f"The answer has the outputs {names}; a .npy file holds one.")
        return npy.written(tensors[0])
    try:
        return arrow.written(tensors, file=kind is Kind.ARROW_FILE)
    except ValueError as error:
        raise _not_acceptable(str(error)) from None


def _not_acceptable(problem: str) -> Refusal:
    return Refusal(406, "not_acceptable", f"{problem} Accept application/json instead.")


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
