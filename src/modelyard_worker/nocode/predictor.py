"""What every framework gives: a model that says what it takes, and predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from modelyard_worker.tensors import Arrays, Named, datatype_of


class Spec(NamedTuple):
    """An input or output; ``datatype`` '' and -1 in ``shape`` where only values will tell."""

    name: str
    datatype: str
    shape: Tuple[int, ...]


class Signature(NamedTuple):
    """
    What a model takes and gives; ``outputs`` are those of its usual method, ``methods[0]``.

    ``columns``: the inputs are columns, each of shape (-1, 1).
    """

    inputs: List[Spec]
    outputs: List[Spec]
    columns: bool = False
    methods: Tuple[str, ...] = ("predict",)
    platform: str = ""

    def head(self) -> Dict[str, Any]:
        """As in the second HELLO."""
        return {
            "inputs": [_head(spec) for spec in self.inputs],
            "outputs": [_head(spec) for spec in self.outputs],
            "columns": self.columns,
            "methods": list(self.methods),
            "platform": self.platform,
        }


def _head(spec: Spec) -> Dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


class Predictor(ABC):
    """
    A loaded model.

    ``framed``: predict gets a data frame, else a dict of arrays by the inputs' names.
    ``writes``: arrays must be writable (a model may work in place, old C code insists on it).
    ``choices``: the values that an input may have, where the model knows them.
    ``categorical``: columns of pandas' category type, with their categories (None: those seen).
    ``guessable``: made-up values are worth trying where no sample was registered.
    """

    framed = False
    writes = False
    guessable = True

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.choices: Dict[str, Sequence[Any]] = {}
        self.categorical: Dict[str, Any] = {}
        self.index: Any = None  # a frame's column index, kept from the first request on

    @abstractmethod
    def predict(self, inputs: Any, method: str) -> Named:
        """The named outputs for checked inputs."""


def specs_like(sample: Arrays) -> List[Spec]:
    """Inputs typed by a registered sample: any number of rows, the rest as it is."""
    if are_columns(sample):
        return [Spec(name, datatype_of(each.dtype), (-1, 1)) for name, each in sample.items()]
    return [
        Spec(name, datatype_of(each.dtype), (-1, *each.shape[1:])) for name, each in sample.items()
    ]


def are_columns(sample: Arrays) -> bool:
    """Whether a sample is a data frame: several tensors of one value in each row."""
    return len(sample) > 1 and all(
        each.ndim == 1 or (each.ndim == 2 and each.shape[1] == 1) for each in sample.values()
    )
