"""
Bodies of a script that are one matrix of numbers, read here instead of by json in the worker.

Which is for the worker to say (``modelyard_worker/matrices.py``): run() then gets the very array
that it would have made. Whatever is not plainly such a matrix goes on as it came.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from modelyard.serving.exchange import Prepared, Request
from modelyard.serving.protocols.scripted import script_head
from modelyard.serving.tensors.numbers import WIDEST, NumberReader

LEAST = 4 * 1024
"""Bytes of a body from which there is something to win."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a body from which it is left to the worker: reading it takes ten times its memory."""

_encode = msgspec.json.Encoder().encode


class Matrix(msgspec.Struct):
    """What the worker's HELLO says: the parameter, its type and how many numbers a row has."""

    name: str
    datatype: str
    width: int


class ScriptMatrix:
    """Reads the bodies of one script."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._reader = NumberReader(matrix.width, (matrix.name,))

    def takes(self, request: Request, size: int) -> bool:
        """Whether a body of this size is worth a look."""
        return (
            LEAST <= size <= LARGEST
            and request.method == "POST"
            and request.header("content-type") == "application/json"
            and request.header("content-encoding") is None
        )

    def prepare(self, request: Request, body: bytes, request_id: str) -> Prepared:
        """The worker's request: the matrix, or the body as it is; its answer is the script's."""
        head = script_head(request, request_id, is_json=False)
        found = self._reader.read(body)
        if found is None:
            return Prepared(head, body, None)
        matrix, size = self._matrix, len(found.data)
        tensor = [matrix.name, "FP64", [found.count, matrix.width], size, matrix.datatype]
        return Prepared(b'%b,"tensors":[%b]}' % (head[:-1], _encode(tensor)), found.data, None)


def matrix_of(hello: Mapping[str, Any]) -> ScriptMatrix | None:
    """What the worker asks for; None where it asks for nothing that can be read here."""
    told = hello.get("matrix")
    if not isinstance(told, Mapping):
        return None
    matrix = msgspec.convert(told, Matrix)
    fits = 0 < matrix.width <= WIDEST and matrix.datatype in {"FP32", "FP64"}
    return ScriptMatrix(matrix) if fits and matrix.name.isidentifier() else None
