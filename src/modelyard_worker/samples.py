"""
The sample rows that a script declares, and how inference-schema's decorators convert its input.

inference-schema keeps neither where it can be asked; both stand in the closures of its decorators,
which have had the same names since its first version.
"""

from __future__ import annotations

import copy
import inspect
import json
import sys
from typing import Any, Callable, Dict, List

from modelyard_worker.rows import Unmergeable
from modelyard_worker.script import Script

SAMPLE = "sample_input"
"""The name of a script's own sample, where run() is not decorated."""


def converter(script: Script) -> Callable[[Dict[str, Any]], Dict[str, Any]]:
    """What turns the arguments that a request gives into those that run()'s own body gets."""
    kinds = kinds_of(script.run)
    module = sys.modules["inference_schema.schema_decorators"]

    def convert(arguments: Dict[str, Any]) -> Dict[str, Any]:
        deserialize = module._deserialize_input_argument
        return {
            name: deserialize(value, kinds[name], name) if name in kinds else value
            for name, value in arguments.items()
        }

    return convert


def kinds_of(run: Any) -> Dict[str, Any]:
    """The parameter types by the names of the parameters that are converted to them."""
    kinds: Dict[str, Any] = {}
    at = run
    while at is not None:
        wrapper = getattr(at, "_self_wrapper", None)
        names = getattr(getattr(wrapper, "__code__", None), "co_freevars", ())
        cells = dict(zip(names, getattr(wrapper, "__closure__", None) or ()))
        if "param_name" in cells and "param_type" in cells:
            converts = cells.get("convert_to_provided_type")
            if converts is None or converts.cell_contents:
                kinds[cells["param_name"].cell_contents] = cells["param_type"].cell_contents
        at = getattr(at, "__wrapped__", None)
    return kinds


def sample_of(script: Script) -> Any:
    """
    Sample arguments of a decorated run(), or the JSON value that a plain run(data) would parse.

    Raises Unmergeable where there is none.
    """
    return _arguments(script) if script.decorated else _text(script)


def _arguments(script: Script) -> Dict[str, Any]:
    kinds = kinds_of(script.run)
    arguments = {}
    for parameter in script.parameters:
        if parameter.name in kinds:
            arguments[parameter.name] = _unwrapped(kinds[parameter.name])
        elif parameter.default is not inspect.Parameter.empty:
            arguments[parameter.name] = parameter.default
        else:
            raise Unmergeable("there is no sample of the parameter '%s'" % parameter.name)
    return arguments


def _unwrapped(kind: Any) -> Any:
    """The sample of a parameter type, with those of the types within it."""
    sample = getattr(kind, SAMPLE, None)
    if isinstance(sample, dict):
        return {name: _unwrapped(value) for name, value in sample.items()}
    if isinstance(sample, (list, tuple)):
        return [_unwrapped(value) for value in sample]
    return copy.deepcopy(kind if sample is None else sample)


def _text(script: Script) -> Any:
    sample = getattr(script.module, SAMPLE, None)
    if sample is None:
        raise Unmergeable(
            "there are no sample rows to test it with: decorate run() with @input_schema, or set "
            "%s = '{\"data\": [[...]]}' in the script" % SAMPLE
        )
    if isinstance(sample, (str, bytes)):
        try:
            sample = json.loads(sample)
        except ValueError as error:
            raise Unmergeable("the script's %s is no JSON: %s" % (SAMPLE, error)) from None
    return sample


def variants(value: Any, count: int) -> List[Any]:
    """
    ``count`` copies of a value, all fractions in each scaled differently: rows that look at one
    another (a rank, a mean) betray themselves only where they differ.
    """
    return [_scaled(value, 1.0 + 0.125 * at) for at in range(count)]


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {name: _scaled(item, factor) for name, item in value.items()}
    if isinstance(value, list):
        return [_scaled(item, factor) for item in value]
    if type(value) is float:
        return value * factor
    if getattr(getattr(value, "dtype", None), "kind", "") == "f":
        return (value * factor).astype(value.dtype)
    if hasattr(value, "select_dtypes"):
        scaled = value.copy()
        for name in value.select_dtypes(include="float").columns:
            scaled[name] = value[name] * factor
        return scaled
    return copy.deepcopy(value)
