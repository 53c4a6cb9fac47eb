"""
JSON bodies of /score to tensors, in every shape that a client of Azure or MLflow may send.

- ``{"data": [[…]]}`` or records, optionally ``"method"``: Azure's services without a script
- ``{"Inputs": {"data": …}, "GlobalParameters": {"method": …}}``: Azure's designer and AutoML
- ``{"input_data": {"columns", "index", "data"} | [[…]] | {name: […]}}``: Azure's MLflow endpoints
- ``{"dataframe_split" | "dataframe_records" | "instances" | "inputs": …}``: MLflow, TF Serving
- ``{"columns": […], "data": [[…]]}``, a bare list of rows or records, ``{input name: […], …}``

The answer's shape follows the request's (``Form``). Every error is a 400 or 422 that names the
field.
"""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from modelyard.domain.predictors import Signature, TensorSpec
from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.fields import item, kind, quoted, unreadable, wrong
from modelyard.serving.tensors.numbers import WIDEST, NumberReader, Numbers
from modelyard.serving.tensors.table import Columns, Records, Rows, Table, tensors_of
from modelyard.serving.tensors.tensor import Buffer, Tensor

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_WRAPPERS = ("data", "input_data", "dataframe_split", "dataframe_records", "inputs", "instances")
_SPLIT = {"columns", "index", "data"}
MATRIX = "rows"
"""The name of the matrix that stands for all columns of a data frame, by position."""

_ACCEPTED = (
    'Send {"data": [[…], …]}, {"input_data": {"columns": […], "data": [[…], …]}}, records or '
    "the inputs by name"
)


class Form(Enum):
    """How the answer is wrapped."""

    METHOD = "method"  # {"predict": […]}
    RESULTS = "results"  # {"Results": […]}
    BARE = "bare"  # […]
    PREDICTIONS = "predictions"  # {"predictions": […]}
    OUTPUTS = "outputs"  # {"outputs": …}, TensorFlow Serving's columnar form


@dataclass(frozen=True, slots=True)
class Asked:
    """What a body asks for; ``method`` None is the service's usual one."""

    tensors: list[Tensor]
    method: str | None
    form: Form


_FORMS = {
    "data": Form.METHOD,
    "input_data": Form.BARE,
    "dataframe_split": Form.PREDICTIONS,
    "dataframe_records": Form.PREDICTIONS,
    "instances": Form.PREDICTIONS,
    "inputs": Form.PREDICTIONS,
}


class JsonReader:
    """
    Reads the bodies of one service.

    ``missing`` says that its worker takes texts that are null; ``columnar`` that "inputs" is
    TensorFlow Serving's.
    """

    def __init__(self, signature: Signature, *, missing: bool = False, columnar: bool = False):
        self._signature = signature
        self._missing = missing
        self._forms = {**_FORMS, "inputs": Form.OUTPUTS} if columnar else _FORMS
        self._width = _width(signature)
        self._numbers = NumberReader(self._width) if self._width else None

    @property
    def matrix(self) -> TensorSpec | None:
        """What ``numbers`` fills: any number of rows; None where they are not read so."""
        specs = self._signature.inputs
        if not self._width:
            return None
        name = MATRIX if self._signature.columns else specs[0].name
        return TensorSpec(name, "FP64", (-1, self._width))

    def numbers(self, body: Buffer) -> Numbers | None:
        """
        The rows of a body that is nothing else, as they are: the worker parts them into columns
        and casts them, by numpy. None where ``read_any`` must have a look.
        """
        return None if self._numbers is None else self._numbers.read(body)

    def form(self, key: str) -> Form:
        """How the answer is wrapped where the data stood under this key."""
        return self._forms[key]

    def read(self, body: Buffer) -> Asked:
        """What a body asks for. Raises the refusal."""
        found, matrix = self.numbers(body), self.matrix
        if found is None or matrix is None:
            return self.read_any(body)
        tensor = Tensor(matrix.name, matrix.datatype, (found.count, self._width), found.data)
        return Asked([tensor], found.method, self._forms[found.key])

    def read_any(self, body: Buffer) -> Asked:
        """The same for one that ``numbers`` has left."""
        value = decoded(body)
        table, method, form = self._opened(value)
        return Asked(tensors_of(table, self._signature, missing=self._missing), method, form)

    def _opened(self, value: Any) -> tuple[Table, str | None, Form]:
        if isinstance(value, list):
            return self._table(value, ""), None, Form.BARE
        if not isinstance(value, dict):
            raise unreadable(f"The body is {kind(value)}. {_ACCEPTED}.")
        if "Inputs" in value:
            return self._designer(value)
        names = [spec.name for spec in self._signature.inputs]
        given = {key for key in value if key not in {"method", "params"} or key in names}
        if given == set(names) and (len(names) > 1 or names[0] not in _WRAPPERS):
            columns = {name: value[name] for name in names}
            return self._columns(columns, ""), _method(value, given), Form.METHOD
        method = _method(value, given)
        if {"columns", "data"} <= given <= _SPLIT:
            return self._split({key: value[key] for key in given}, ""), method, Form.METHOD
        wrappers = [key for key in _WRAPPERS if key in given]
        if len(wrappers) == 1 and len(given) == 1:
            key = wrappers[0]
            return self._table(value[key], key), method, self._forms[key]
        raise self._unknown(given, names)

    def _unknown(self, given: set[str], names: list[str]) -> Refusal:
        if given & set(names):
            table = Columns(dict.fromkeys(given), "")
            tensors_of(table, self._signature, missing=False)  # names what is missing or too many
        found = f"has the keys {quoted(sorted(given))}" if given else "is empty"
        unknown = sorted(given.difference(_WRAPPERS, _SPLIT))
        if 0 < len(unknown) < len(given):
            known = quoted(sorted(given.difference(unknown)))
            keys = "key" if len(unknown) == 1 else "keys"
            found = f"has the unknown {keys} {quoted(unknown)} beside {known}"
        return wrong("", f"{found}. {_ACCEPTED} ({quoted(names)}).")

    def _designer(self, value: dict[str, Any]) -> tuple[Table, str | None, Form]:
        inputs, parameters = value["Inputs"], value.get("GlobalParameters")
        if not isinstance(inputs, dict) or len(inputs) != 1:
            raise wrong("Inputs", "must be an object with one entry, the data.")
        extra = set(value) - {"Inputs", "GlobalParameters"}
        if extra:
            raise wrong("", f"has the unknown keys {quoted(sorted(extra))}.")
        method = parameters.get("method") if isinstance(parameters, dict) else None
        if not isinstance(method, str | None):
            raise wrong("GlobalParameters.method", f"is {kind(method)}, not a text.")
        ((key, rows),) = inputs.items()
        return self._table(rows, item("Inputs", key)), method, Form.RESULTS

    def _table(self, value: Any, path: str) -> Table:
        if isinstance(value, list):
            if value and isinstance(value[0], dict):
                return Records(value, path)
            return Rows(value, path)
        if isinstance(value, dict):
            if {"columns", "data"} <= value.keys() <= _SPLIT:
                return self._split(value, path)
            return self._columns(value, path)
        raise wrong(path, f"is {kind(value)}; it must be a list of rows or an object.")

    def _split(self, value: dict[str, Any], path: str) -> Rows:
        names, rows = value["columns"], value["data"]
        names_path, rows_path = item(path, "columns"), item(path, "data")
        if not isinstance(names, list):
            raise wrong(names_path, f"is {kind(names)}, not a list of names.")
        if not isinstance(rows, list):
            raise wrong(rows_path, f"is {kind(rows)}, not a list of rows.")
        index = value.get("index")
        if isinstance(index, list) and len(index) != len(rows):
            problem = f"has {len(index)} entries for {len(rows)} rows."
            raise wrong(item(path, "index"), problem)
        return Rows(rows, rows_path, [str(name) for name in names], names_path)

    def _columns(self, value: dict[str, Any], path: str) -> Table:
        """Lists by name; objects of rows, as pandas writes columns; or a single record."""
        if value and all(isinstance(column, dict) for column in value.values()):
            keys = [list(column) for column in value.values()]
            if all(each == keys[0] for each in keys):
                return Columns({n: list(column.values()) for n, column in value.items()}, path)
        if value and not any(isinstance(column, list | dict) for column in value.values()):
            return Columns({name: [column] for name, column in value.items()}, path)
        return Columns(value, path)


def decoded(body: Buffer) -> Any:
    """The JSON of a body. Raises the 400 that says what is wrong with it."""
    if not body:
        raise unreadable("The body is empty; it must be JSON.")
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if b"NaN" in body or b"Infinity" in body:
            try:
                found = json.loads(bytes(body))
                _encode(found)  # half a surrogate pair, which no text may hold, would raise later
                return found
            except (ValueError, RecursionError, TypeError):
                pass
        raise unreadable(f"The body is no JSON: {error}.") from None


def _method(value: dict[str, Any], given: set[str]) -> str | None:
    """What "method" or MLflow's "params" say."""
    method = value.get("method") if "method" not in given else None
    if not isinstance(method, str | None):
        raise wrong("method", f"is {kind(method)}, not a text.")
    params = value.get("params") if "params" not in given else None
    if not isinstance(params, dict | None):
        raise wrong("params", f"is {kind(params)}, not an object.")
    unknown = sorted(set(params or ()) - {"method"})
    if unknown:
        raise wrong(item("params", unknown[0]), "is unknown; there is only 'method'.")
    asked = (params or {}).get("method", method)
    if not isinstance(asked, str | None):
        raise wrong("params.method", f"is {kind(asked)}, not a text.")
    return asked


def _width(signature: Signature) -> int:
    """How many numbers each row has, where the quick way is open; else 0."""
    specs = signature.inputs
    if not specs or any(spec.datatype not in {"FP32", "FP64"} for spec in specs):
        return 0
    if signature.columns:
        width = 0 if MATRIX in {spec.name for spec in specs} else len(specs)
    elif len(specs) == 1 and len(specs[0].shape) == 2 and specs[0].shape[0] == -1:
        width = specs[0].shape[1]
    else:
        return 0
    return width if 0 < width <= WIDEST else 0
