"""
Bodies that are one matrix of numbers for run(), read by the front.

json takes 60 ms for a megabyte of numbers, the front's parser 4. The array is the one that
inference-schema's NumpyParameterType would have made: only where that can be said for certain is
the front told what to look for, and it leaves everything else as it came.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Dict, Optional, Sequence

from modelyard_worker.frames import Frame
from modelyard_worker.shared import view_of

_DECORATORS = "inference_schema.schema_decorators"
_NUMPY_TYPE = "inference_schema.parameter_types.numpy_parameter_type"
_DATATYPES = {4: "FP32", 8: "FP64"}


def wanted(run: Any, names: Sequence[str]) -> Optional[Dict[str, Any]]:
    """
    ``{"name", "datatype", "width"}`` for the second HELLO: the only parameter is an array of rows
    of so many floats. None for every other run().
    """
    if len(names) != 1 or not _is_mended():
        return None
    kind = _kind_of(run, names[0])
    if kind is None or not (kind.enforce_column_type and kind.enforce_shape):
        return None
    sample = kind.sample_input
    dtype = getattr(sample, "dtype", None)
    if type(sample).__module__ != "numpy" or dtype is None or len(sample.shape) != 2:
        return None
    if dtype.kind != "f" or dtype.itemsize not in _DATATYPES or not dtype.isnative:
        return None
    return {
        "name": names[0],
        "datatype": _DATATYPES[dtype.itemsize],
        "width": int(sample.shape[1]),
    }


def arguments(frame: Frame) -> Dict[str, Any]:
    """The arguments of run() where the front has read them, writable as always."""
    tensors = import_module("modelyard_worker.tensors")  # numpy, which the script has imported
    found = {}
    for name, datatype, shape, size, wanted_type in frame.head["tensors"]:
        array = tensors.decode([(name, datatype, shape, size)], view_of(frame))[name]
        found[name] = array.astype(tensors.dtype_of(wanted_type))  # a copy, also of its own type
    return found


def _is_mended() -> bool:
    """Whether the conversion lets arrays pass, as every inference-schema does that has it."""
    module = sys.modules.get(_DECORATORS)
    return bool(getattr(getattr(module, "_deserialize_input_argument", None), "mended", False))


def _kind_of(run: Any, name: str) -> Optional[Any]:
    """
    The NumpyParameterType of the parameter, where nothing but inference-schema's own decorators
    stands around it: another would see the array instead of the list.
    """
    at = run
    while at is not None:
        wrapper = getattr(at, "_self_wrapper", None)
        if getattr(wrapper, "__module__", "") != _DECORATORS:
            return None
        names = getattr(getattr(wrapper, "__code__", None), "co_freevars", ())
        cells = dict(zip(names, getattr(wrapper, "__closure__", None) or ()))
        if "param_name" in cells and cells["param_name"].cell_contents == name:
            converts = cells.get("convert_to_provided_type")
            kind = cells["param_type"].cell_contents if "param_type" in cells else None
            known = type(kind).__module__ == _NUMPY_TYPE
            return kind if known and (converts is None or converts.cell_contents) else None
        at = getattr(at, "__wrapped__", None)
    return None
