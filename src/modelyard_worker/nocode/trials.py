"""Rows to try a model with: the registered sample's, or made-up ones."""

from __future__ import annotations

import random
from typing import Any, List, Optional, Sequence

from modelyard_worker.nocode.predictor import Predictor, Spec, are_columns
from modelyard_worker.tensors import Arrays, dtype_of, np

ROWS = 5
_SEED = 20
_ANY_SIZE = 3
"""Where a dimension but the first may have any size."""


def rows_for(predictor: Predictor, sample: Arrays) -> Optional[Arrays]:
    """A few rows, the sample's if it fits; None where nothing sensible can be made up."""
    if sample and _fits(predictor, sample):
        return _at_least(sample, ROWS)
    if not predictor.guessable:
        return None
    chance = random.Random(_SEED)
    return {
        spec.name: _made_up(spec, predictor.choices.get(spec.name, ()), chance)
        for spec in predictor.signature.inputs
    }


def row(rows: Arrays, at: int) -> Arrays:
    """One row of them, as a request of its own brings it."""
    return {name: array[at : at + 1] for name, array in rows.items()}


def count_of(rows: Arrays) -> int:
    """How many rows there are; 0 where the inputs do not agree."""
    counts = {len(array) if array.ndim else 0 for array in rows.values()}
    return counts.pop() if len(counts) == 1 else 0


def _fits(predictor: Predictor, sample: Arrays) -> bool:
    names = [spec.name for spec in predictor.signature.inputs]
    if all(name in sample for name in names):
        return True
    return len(sample) == 1 and (len(names) == 1 or not are_columns(sample))


def _at_least(sample: Arrays, count: int) -> Arrays:
    """The sample's rows, up to three times as many; few are repeated."""
    there = count_of(sample)
    if not there:
        return sample
    chosen = [at % there for at in range(min(max(there, count), 3 * count))]
    return {name: array[chosen] for name, array in sample.items()}


def _made_up(spec: Spec, choices: Sequence[Any], chance: random.Random) -> Any:
    first = ROWS if not spec.shape or spec.shape[0] == -1 else spec.shape[0]
    shape = (first, *(_ANY_SIZE if size == -1 else size for size in spec.shape[1:]))
    count = 1
    for size in shape:
        count *= size
    values: List[Any] = [_value(spec.datatype, choices, chance) for _ in range(count)]
    if not spec.datatype and choices:
        array = np.empty(count, dtype=object)
        array[:] = values
        return array.reshape(shape)
    return np.array(values, dtype_of(spec.datatype or "FP64")).reshape(shape)


def _value(datatype: str, choices: Sequence[Any], chance: random.Random) -> Any:
    if len(choices):
        return chance.choice(choices)
    if datatype == "BYTES":
        return chance.choice(("a", "b", "an example", "another one"))
    if datatype == "BOOL":
        return chance.random() < 0.5
    if datatype.startswith(("INT", "UINT")):
        return chance.randrange(0, 3)  # small: many are numbers of words or categories
    return chance.gauss(0.0, 1.0)
