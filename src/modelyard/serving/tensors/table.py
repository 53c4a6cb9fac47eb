"""Rows, records or columns of JSON, as the tensors that a signature asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from modelyard.domain.predictors import Signature, TensorSpec
from modelyard.serving.tensors.fields import at, compare, item, kind, quoted, wrong
from modelyard.serving.tensors.tensor import Shape, Tensor
from modelyard.serving.tensors.values import guessed, packed


@dataclass(frozen=True, slots=True)
class Rows:
    """Lists in lists; ``names`` of their columns, where told, stand at ``names_path``."""

    values: list[Any]
    path: str
    names: Sequence[str] | None = None
    names_path: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """An object for each row."""

    values: list[dict[str, Any]]
    path: str


@dataclass(frozen=True, slots=True)
class Columns:
    """A list (or an array of several dimensions) for each input."""

    values: Mapping[str, Any]
    path: str


Table = Rows | Records | Columns


def tensors_of(table: Table, signature: Signature, *, missing: bool) -> list[Tensor]:
    """
    One tensor for each input of the signature, in its order.

    Raises the refusal that names the field; ``missing`` says whether a text may be null.
    """
    if isinstance(table, Rows):
        return _of_rows(table, signature, missing)
    if isinstance(table, Records):
        return _of_records(table, signature, missing)
    return _of_columns(table, signature, missing)


def array_of(spec: TensorSpec, value: Any, path: str, *, missing: bool) -> Tensor:
    """Nested lists as the tensor of this input. Raises the refusal that names the field."""
    shape, flat = flattened(value, path)
    fitted = fitting(shape, spec, path)

    def where(index: int) -> str:
        return at(path, index, shape)

    datatype = spec.datatype or guessed(flat, where)
    return Tensor(spec.name, datatype, fitted, packed(datatype, flat, where, missing=missing))


def flattened(value: Any, path: str) -> tuple[Shape, list[Any]]:
    """The shape of nested lists and their values. Raises the refusal where they are ragged."""
    level: list[Any] = [value]
    shape: Shape = ()
    while level:
        kinds = set(map(type, level))
        if list not in kinds:
            break
        if kinds != {list}:
            index = next(i for i, each in enumerate(level) if not isinstance(each, list))
            raise wrong(at(path, index, shape), f"is {kind(level[index])}, not a list.")
        sizes = set(map(len, level))
        if len(sizes) > 1:
            size = len(level[0])
            index = next(i for i, each in enumerate(level) if len(each) != size)
            raise wrong(
                at(path, index, shape),
                f"has {_values(len(level[index]))}, {at(path, 0, shape)} has {size}.",
            )
        shape = (*shape, sizes.pop())
        level = list(chain.from_iterable(level))
    return shape, level


def fitting(shape: Shape, spec: TensorSpec, path: str) -> Shape:
    """The shape as the model takes it. Raises the refusal that says where it differs."""
    wanted = spec.shape
    if shape and not shape[0]:
        raise wrong(path, "holds no rows.")
    if not wanted:
        return shape
    if len(shape) + 1 == len(wanted) and wanted[-1] == 1:
        shape = (*shape, 1)
    elif len(shape) == len(wanted) + 1 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != len(wanted):
        hint = " Put the row in a list." if len(shape) + 1 == len(wanted) else ""
        raise wrong(
            path, f"has {_dimensions(len(shape))}, the model takes {_shape(wanted)}.{hint}"
        )
    for depth, (size, size_wanted) in enumerate(zip(shape, wanted, strict=True)):
        if size_wanted not in {-1, size}:
            place = path + "[0]" * depth
            raise wrong(place, f"has {_values(size)}, the model takes {size_wanted}.")
    return shape


def _of_rows(table: Rows, signature: Signature, missing: bool) -> list[Tensor]:
    specs = signature.inputs
    if not signature.columns:
        if len(specs) == 1:
            return [array_of(specs[0], table.values, table.path, missing=missing)]
        if table.names is None:
            raise wrong(
                table.path,
                f"is a list, the model takes {len(specs)} inputs: send an object with "
                f"{quoted(spec.name for spec in specs)}.",
            )
    names = [spec.name for spec in specs]
    if table.names is not None:
        compare(table.names_path, table.names, names)
        names = list(table.names)
    lists = _turned(table, names)
    by_name = dict(zip(names, lists, strict=True))
    places = {name: number for number, name in enumerate(names)}

    def where(name: str) -> Callable[[int], str]:
        return lambda row: item(item(table.path, row), places[name])

    return [_column(spec, by_name[spec.name], where(spec.name), missing) for spec in specs]


def _turned(table: Rows, names: Sequence[str]) -> list[Sequence[Any]]:
    """The columns of rows, all of which have as many values as there are names."""
    rows = table.values
    if not rows:
        raise wrong(table.path, "holds no rows.")
    kinds = set(map(type, rows))
    if list not in kinds and len(names) == 1 and dict not in kinds:
        return [rows]
    if kinds != {list}:
        index = next(i for i, row in enumerate(rows) if not isinstance(row, list))
        hint = " Put the row in a list." if list not in kinds else ""
        raise wrong(item(table.path, index), f"is {kind(rows[index])}, not a row.{hint}")
    if set(map(len, rows)) != {len(names)}:
        index = next(i for i, row in enumerate(rows) if len(row) != len(names))
        raise wrong(
            item(table.path, index),
            f"has {_values(len(rows[index]))}, the model takes {len(names)}: {quoted(names)}.",
        )
    return list(zip(*rows, strict=True))


def _of_records(table: Records, signature: Signature, missing: bool) -> list[Tensor]:
    specs = signature.inputs
    _refuse_nameless(table.path, signature)
    names = [spec.name for spec in specs]
    wanted = set(names)
    for index, record in enumerate(table.values):
        if not isinstance(record, dict):
            raise wrong(item(table.path, index), f"is {kind(record)}, not an object.")
        if record.keys() != wanted:
            compare(item(table.path, index), record, names)

    def where(name: str) -> Callable[[int], str]:
        return lambda row: item(item(table.path, row), name)

    return [
        _input(spec, [record[spec.name] for record in table.values], where(spec.name), signature,
               missing, table.path)
        for spec in specs
    ]  # fmt: skip


def _of_columns(table: Columns, signature: Signature, missing: bool) -> list[Tensor]:
    specs = signature.inputs
    noun = "column" if signature.columns else "input"
    compare(table.path, table.values, [spec.name for spec in specs], noun)
    tensors = []
    for spec in specs:
        value, path = table.values[spec.name], item(table.path, spec.name)
        if signature.columns:
            if not isinstance(value, list):
                raise wrong(path, f"is {kind(value)}, not a list.")
            shape, flat = flattened(value, path)
            fitting(shape, TensorSpec(spec.name, spec.datatype, (-1, 1)), path)
            tensors.append(_column(spec, flat, _elements(path, shape), missing))
        else:
            tensors.append(array_of(spec, value, path, missing=missing))
    _check_rows(tensors, table)
    return tensors


def _elements(path: str, shape: Shape) -> Callable[[int], str]:
    return lambda index: at(path, index, shape)


def _check_rows(tensors: Sequence[Tensor], table: Columns) -> None:
    first = tensors[0]
    for tensor in tensors:
        if tensor.shape[:1] != first.shape[:1]:
            raise wrong(
                item(table.path, tensor.name),
                f"has {_values(tensor.shape[0])}, '{first.name}' has {first.shape[0]}.",
            )


def _input(
    spec: TensorSpec, values: list[Any], where: Callable[[int], str], signature: Signature,
    missing: bool, path: str,
) -> Tensor:  # fmt: skip
    if signature.columns:
        return _column(spec, values, where, missing)
    return array_of(spec, values, f"{path}[].{spec.name}", missing=missing)


def _column(
    spec: TensorSpec, values: Sequence[Any], where: Callable[[int], str], missing: bool
) -> Tensor:
    datatype = spec.datatype or guessed(values, where)
    data = packed(datatype, values, where, missing=missing)
    return Tensor(spec.name, datatype, (len(values), 1), data)


def _refuse_nameless(path: str, signature: Signature) -> None:
    specs = signature.inputs
    if not signature.columns and len(specs) == 1 and specs[0].shape[1:] not in {(), (1,)}:
        raise wrong(
            item(path, 0),
            "is an object, but the model knows no names of columns: send each row as a list; "
            f"it takes {_shape(specs[0].shape)}.",
        )


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def _dimensions(count: int) -> str:
    return "1 dimension" if count == 1 else f"{count} dimensions"


def _shape(shape: Shape) -> str:
    return "the shape [" + ", ".join("any" if s < 0 else str(s) for s in shape) + "]"
