"""Heads of requests that are one matrix: all but the id is the same from request to request."""

from modelyard.domain.predictors import DATATYPES, TensorSpec
from modelyard.serving import merging
from modelyard.serving.merging import Plan
from modelyard.serving.protocols import frames

KNOWN_ROWS = 64
"""Rows up to which a head is kept, for each method."""


class MatrixHeads:
    """Those of the matrices that fit ``spec``; the same bytes as ``frames.request_head`` gives."""

    def __init__(self, spec: TensorSpec) -> None:
        self._spec = spec
        self._row_size = (DATATYPES[spec.datatype] or 0) * spec.shape[1]
        self._known: dict[tuple[str, int], tuple[bytes, Plan | None]] = {}

    def head(self, method: str, rows: int, request_id: str) -> tuple[bytes, Plan | None]:
        """The head of the REQUEST frame and how it may be merged; None where it is to be read."""
        found = self._known.get((method, rows))
        if found is None:
            found = self._made(method, rows)
        head, plan = found
        if request_id:
            head = b'%b,"request_id":%b}' % (head[:-1], frames.encode(request_id))
        return head, plan

    def _made(self, method: str, rows: int) -> tuple[bytes, Plan | None]:
        spec = self._spec
        shape = (rows, *spec.shape[1:])
        tensor = [spec.name, spec.datatype, shape, rows * self._row_size]
        head = frames.encode({"tensors": [tensor], "method": method})
        if rows > KNOWN_ROWS:
            return head, None
        found = head, merging.plan(head)
        self._known[method, rows] = found
        return found
