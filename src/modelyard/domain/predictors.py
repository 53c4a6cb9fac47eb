"""Models that are served without a scoring script, and requests that are run together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.errors import BadInput

DATATYPES: Mapping[str, int | None] = {
    "BOOL": 1,
    "UINT8": 1,
    "UINT16": 2,
    "UINT32": 4,
    "UINT64": 8,
    "INT8": 1,
    "INT16": 2,
    "INT32": 4,
    "INT64": 8,
    "FP16": 2,
    "FP32": 4,
    "FP64": 8,
    "BYTES": None,
}
"""The Open Inference Protocol's names and bytes per element; BYTES holds texts of any length."""


@dataclass(frozen=True, slots=True)
class Batching:
    """
    Requests that wait together are run together: up to ``max_size`` of them in one call.

    ``max_wait_ms``: how long an idle worker waits for more; 0 adds no wait, then a batch forms
    only while every worker is busy. Raises BadInput for sizes below 1 and waits below 0.
    """

    max_size: int = 64
    max_wait_ms: float = 0.0

    def __post_init__(self) -> None:
        if not _is_number(self.max_size) or not 1 <= self.max_size <= 4096:
            raise BadInput(f"batching.max_size is {self.max_size!r}: it must be 1 to 4096.")
        if not _is_number(self.max_wait_ms) or not 0 <= self.max_wait_ms <= 10_000:
            raise BadInput(f"batching.max_wait_ms is {self.max_wait_ms!r}: it must be 0 to 10000.")


def _is_number(value: object) -> bool:
    """Of what people write by hand, texts and truth values among it."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Predictor:
    """
    What serves a model without a script: its framework, by Modelyard's adapter for it.

    ``sample`` are rows registered with the model, as tensors of the Open Inference Protocol in
    JSON: ``{"name": "age", "datatype": "FP64", "shape": [2, 1], "data": [31, 40]}``; a data frame
    is one tensor for each column.
    """

    framework: str
    framework_version: str | None = None
    sample: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """
    An input or output: ``datatype`` one of ``DATATYPES`` or '' where only values will tell.

    ``shape`` has -1 where any size goes; the first dimension counts rows.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """
    What a model without a script takes and gives, as its worker told.

    ``columns`` says that the inputs are columns of a data frame, each of shape (-1, 1); else each
    input is an array. ``methods`` are what may be asked for, the usual one first:
    ('predict', 'predict_proba').
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    columns: bool = False
    methods: tuple[str, ...] = ("predict",)
    platform: str = ""
