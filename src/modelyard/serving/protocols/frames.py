"""Tensors on their way to a worker, and what it answered."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from modelyard.serving.exchange import Answer
from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.fields import quoted
from modelyard.serving.tensors.tensor import BadData, Tensor, heads, parted

encode = msgspec.json.Encoder().encode
_NOT_FINITE = re.compile(
    r"\b(contains? NaN|contains? infinity|value too large for dtype)", re.IGNORECASE
).search
_decode = msgspec.json.Decoder().decode


def request_head(tensors: Sequence[Tensor], method: str, request_id: str | None) -> bytes:
    """The head of the REQUEST frame."""
    head: dict[str, Any] = {"tensors": heads(tensors), "method": method}
    if request_id:
        head["request_id"] = request_id
    return encode(head)


def check_method(method: str, methods: Sequence[str]) -> None:
    """Raises the 400 that names the methods there are."""
    if method not in methods:
        text = f"There is no method '{method}'; this model has {quoted(methods)}."
        details = {"field": "method", "methods": list(methods)}
        raise Refusal(400, "bad_input", text, details=details)


def tensors_of(answer: Answer) -> list[Tensor]:
    """The tensors of an answer that has some. Raises the 500 when they are torn."""
    try:
        return parted(answer.tensors or (), whole(answer))
    except (BadData, ValueError, TypeError) as error:
        message = f"The worker's answer cannot be read: {error}."
        raise Refusal(500, "bad_output", message) from error


def whole(answer: Answer) -> bytes | memoryview:
    """The body of an answer. Raises the 500 where it comes in pieces."""
    if isinstance(answer.body, bytes | memoryview):
        return answer.body
    message = "The script answers in pieces, which only /score passes on."
    raise Refusal(500, "bad_output", message)


def message_of(answer: Answer) -> str:
    """What a worker's answer with an error status says."""
    body = bytes(whole(answer))
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = body.decode("utf-8", "replace")
    if isinstance(value, dict):
        value = value.get("message") or value.get("error") or body.decode("utf-8", "replace")
    return value if isinstance(value, str) else body.decode("utf-8", "replace")


def blame(answer: Answer) -> None:
    """
    Raises the 422 where a model says that it cannot take the missing or infinite values it got.

    Only the model knows that. In the words of scikit-learn, which other frameworks use too; as a
    failure of the model it would alarm those who watch it.
    """
    if answer.status < 500:
        return
    message = message_of(answer)
    if _NOT_FINITE(message):
        raise Refusal(422, "bad_input", message)
