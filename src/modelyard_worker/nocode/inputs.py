"""From a request's arrays to what predict takes: matched by name, checked, cast once."""

from __future__ import annotations

from typing import Any, List, Optional

from modelyard_worker.errors import BadInput
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.tensors import Arrays, dtype_of, np


def prepared(predictor: Predictor, given: Arrays, pandas: Optional[Any]) -> Any:
    """
    A dict of arrays in the signature's order, or a data frame where the model is ``framed``.

    Raises BadInput, which names the input, for what does not fit.
    """
    arrays = checked(predictor.signature, given)
    if predictor.framed and pandas is not None:
        return frame(predictor, arrays, pandas)
    if predictor.writes:
        for name, array in arrays.items():
            if not array.flags.writeable:
                arrays[name] = array.copy()
    return arrays


def checked(signature: Signature, given: Arrays) -> Arrays:
    """The arrays in the signature's order, with its types and shapes."""
    specs = signature.inputs
    if len(given) == 1 and (len(specs) == 1 or signature.columns):
        ((name, array),) = given.items()
        if len(specs) == 1:
            return {specs[0].name: _fitting(specs[0], array)}
        if array.ndim == 2 and name not in [spec.name for spec in specs]:
            given = _parted(name, array, specs)
    if len(given) > len(specs):
        extra = [name for name in given if all(name != spec.name for spec in specs)]
        raise BadInput(_unknown(extra[0], specs), extra[0])
    arrays: Arrays = {}
    for spec in specs:
        if spec.name not in given:
            raise BadInput("Input '%s' is missing." % spec.name, spec.name)
        arrays[spec.name] = _fitting(spec, given[spec.name])
    if signature.columns:
        _same_rows(arrays)
    return arrays


def _parted(name: str, array: Any, specs: List[Spec]) -> Arrays:
    """A matrix for a model of columns: its columns in the model's order."""
    if array.shape[1] != len(specs):
        raise BadInput(
            "Input '%s' has %d columns, the model takes %d: %s."
            % (name, array.shape[1], len(specs), ", ".join(spec.name for spec in specs)),
            name,
        )
    return {spec.name: array[:, at] for at, spec in enumerate(specs)}


def _unknown(name: str, specs: List[Spec]) -> str:
    known = ", ".join("'%s'" % spec.name for spec in specs)
    return "The model has no input '%s', it has %s." % (name, known)


def _same_rows(arrays: Arrays) -> None:
    rows = -1
    for name, array in arrays.items():
        if rows not in (-1, len(array)):
            raise BadInput(
                "Input '%s' has %d rows, those before it have %d." % (name, len(array), rows), name
            )
        rows = len(array)


def _fitting(spec: Spec, array: Any) -> Any:
    array = _shaped(spec, array)
    if not spec.datatype:
        return array
    dtype = dtype_of(spec.datatype)
    if array.dtype == dtype:
        return array
    return _cast(spec, array, dtype)


def _shaped(spec: Spec, array: Any) -> Any:
    shape = array.shape
    wanted = spec.shape
    if len(shape) == len(wanted):
        if all(size in (-1, given) for size, given in zip(wanted, shape)):
            return array
    elif wanted == (-1, 1) and len(shape) == 1:
        return array.reshape(-1, 1)
    elif len(wanted) == 1 and len(shape) == 2 and shape[1] == 1:
        return array.reshape(-1)
    raise BadInput(
        "Input '%s' has the shape %s, the model takes %s."
        % (spec.name, list(shape), list(wanted)),
        spec.name,
    )


def _cast(spec: Spec, array: Any, dtype: Any) -> Any:
    """Whole numbers stay whole: a float is taken for an integer only where nothing is lost."""
    if (array.dtype.kind == "O") != (dtype.kind == "O"):
        raise BadInput(
            "Input '%s' holds %s, the model takes %s."
            % (spec.name, "texts" if array.dtype.kind == "O" else "numbers", spec.datatype),
            spec.name,
        )
    if dtype.kind == "f":
        return array.astype(dtype)
    with np.errstate(invalid="ignore"):  # NaN and infinities are found by the comparison
        cast = array.astype(dtype)
    if not np.array_equal(cast, array):
        raise BadInput(
            "Input '%s' has values that are no %s." % (spec.name, spec.datatype), spec.name
        )
    return cast


def frame(predictor: Predictor, arrays: Arrays, pandas: Any) -> Any:
    """A data frame of the columns; numbers of one type lie in one block, as pandas likes best."""
    columns = {name: array.reshape(len(array)) for name, array in arrays.items()}
    types = {array.dtype for array in columns.values()}
    if len(types) == 1 and not predictor.categorical and next(iter(types)).kind != "O":
        if predictor.index is None:  # making one costs more than the frame itself
            predictor.index = pandas.Index(list(columns))
        return pandas.DataFrame(np.column_stack(list(columns.values())), columns=predictor.index)
    for name, categories in predictor.categorical.items():
        columns[name] = pandas.Categorical(columns[name], categories=categories)
    return pandas.DataFrame(columns)


def matrix(arrays: Arrays) -> Any:
    """The one array, or the columns side by side, for models that take a matrix."""
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    return np.column_stack(list(arrays.values()))
