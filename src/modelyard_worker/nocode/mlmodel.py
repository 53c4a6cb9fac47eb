"""The file ``MLmodel`` of an MLflow model: its flavours and its signature."""

from __future__ import annotations

import json
import os
import re
from importlib import import_module
from typing import Any, Dict, Iterator, List, Optional, Tuple

from modelyard_worker.nocode.predictor import Signature, Spec
from modelyard_worker.nocode.problems import BadModel
from modelyard_worker.tensors import datatype_of, np

_TYPES = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
    "binary": "BYTES",
    "datetime": "BYTES",
}
_LINE = re.compile(r"^(?P<indent> *)(?P<key>[^\s:#'\"][^:]*):(?: (?P<value>.*))?$")


def read(folder: str) -> Dict[str, Any]:
    """The whole file, by PyYAML where the environment has it."""
    with open(os.path.join(folder, "MLmodel"), encoding="utf-8") as file:
        text = file.read()
    try:
        found: Any = import_module("yaml").safe_load(text)
    except ModuleNotFoundError:
        found = parsed(text)
    if not isinstance(found, dict) or not found.get("flavors"):
        raise BadModel("The file MLmodel names no flavors.", "Save the model with MLflow again.")
    return found


def parsed(text: str) -> Dict[str, Any]:
    """The part of YAML that MLflow writes: nested mappings of scalars, long ones folded."""
    root: Dict[str, Any] = {}
    open_: List[Tuple[int, Dict[str, Any]]] = [(-1, root)]
    for indent, key, value in _entries(text):
        while open_[-1][0] >= indent:
            open_.pop()
        if value is None:
            inner: Dict[str, Any] = {}
            open_[-1][1][key] = inner
            open_.append((indent, inner))
        else:
            open_[-1][1][key] = _scalar(value)
    return root


def _entries(text: str) -> Iterator[Tuple[int, str, Optional[str]]]:
    current: Optional[List[Any]] = None
    for line in text.splitlines():
        match = _LINE.match(line)
        if current is not None and _goes_on(current, match):
            current[2] = ("%s %s" % (current[2] or "", line.strip())).strip()
        elif match:
            if current is not None:
                yield current[0], current[1], current[2]
            current = [len(match["indent"]), match["key"].strip(), match["value"] or None]
    if current is not None:
        yield current[0], current[1], current[2]


def _goes_on(current: List[Any], match: Any) -> bool:
    """Whether a line belongs to the value before it: within quotes, or no entry by itself."""
    value = current[2] or ""
    if value[:1] in ("'", '"'):
        quote = value[0]
        body = value[1:].replace("''", "").replace('\\"', "")
        return quote not in body
    return match is None


def _scalar(value: str) -> Any:
    if value[:1] == "'":
        return value[1:-1].replace("''", "'")
    if value[:1] == '"':
        return json.loads(value)
    plain: Dict[str, Any] = {
        "null": None,
        "~": None,
        "true": True,
        "false": False,
        "{}": {},
        "[]": [],
    }
    if value in plain:
        return plain[value]
    return int(value) if re.fullmatch(r"-?\d+", value) else value


def signature(model: Dict[str, Any]) -> Optional[Signature]:
    """What the model's ``signature`` says; None where it has none."""
    said = model.get("signature") or {}
    inputs = _loaded(said.get("inputs"))
    if not inputs:
        return None
    columns = inputs[0].get("type") != "tensor"
    outputs = [_spec(each, "predict", (-1,)) for each in _loaded(said.get("outputs"))]
    return Signature(
        [_spec(each, "data", (-1, 1) if columns else (-1,)) for each in inputs],
        outputs or [Spec("predict", "", (-1,))],
        columns and all("name" in each for each in inputs),
        ("predict",),
        "mlflow_pyfunc",
    )


def times(model: Dict[str, Any]) -> List[str]:
    """The columns that are points in time; they travel as texts."""
    inputs = _loaded((model.get("signature") or {}).get("inputs"))
    return [each["name"] for each in inputs if each.get("type") == "datetime" and "name" in each]


def _loaded(said: Any) -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = json.loads(said) if isinstance(said, str) else said or []
    return found


def _spec(each: Dict[str, Any], otherwise: str, shape: Tuple[int, ...]) -> Spec:
    name = str(each.get("name") or otherwise)
    if each.get("type") != "tensor":
        return Spec(name, _TYPES.get(str(each.get("type")), ""), shape)
    tensor = each["tensor-spec"]
    dtype = np.dtype("O" if tensor["dtype"] in ("str", "object") else tensor["dtype"])
    return Spec(name, datatype_of(dtype), tuple(tensor["shape"]))
