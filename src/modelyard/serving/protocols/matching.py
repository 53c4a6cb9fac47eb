"""Tensors as a client sent them, matched with the inputs of a signature."""

from collections.abc import Callable, Mapping, Sequence
from math import prod

from modelyard.domain.predictors import Signature, TensorSpec
from modelyard.serving.tensors.fields import at, compare, item, quoted, wrong
from modelyard.serving.tensors.table import fitting
from modelyard.serving.tensors.tensor import Shape, Tensor, pack
from modelyard.serving.tensors.values import cast


def matched(
    tensors: Sequence[Tensor],
    signature: Signature,
    *,
    missing: bool,
    root: str,
    paths: Mapping[str, str] | None = None,
) -> list[Tensor]:
    """
    One tensor for each input, in the signature's order, types and shapes.

    A single nameless or foreign matrix stands for the columns of a data frame by position.
    ``root`` is the path of all tensors and ``paths`` of each. Raises the refusal that names the
    field.
    """
    specs = signature.inputs
    if len(tensors) == 1 and len(specs) == 1 and _is_exactly(tensors[0], specs[0]):
        return list(tensors)
    names = [spec.name for spec in specs]
    known = set(names)
    if len(tensors) == 1 and tensors[0].name not in known:
        alone = tensors[0]
        path = (paths or {}).get(alone.name, root)
        if signature.columns:
            return _matrix(alone, specs, path, missing)
        if len(specs) == 1 and not alone.name:
            return [_fitted(alone, specs[0], path, missing)]
    if not signature.columns and len(specs) == 1 and _is_table(tensors, specs[0]):
        tensors = [_stacked(tensors, specs[0], root, missing)]
    noun = "column" if signature.columns else "input"
    compare(root, [tensor.name for tensor in tensors], names, noun)
    by_name = {tensor.name: tensor for tensor in tensors}
    found = [
        _fitted(by_name[spec.name], spec, (paths or {}).get(spec.name, spec.name), missing)
        for spec in specs
    ]
    counts = {tensor.shape[:1] for tensor in found}
    if signature.columns and len(counts) > 1:
        sizes = ", ".join(f"'{tensor.name}' {tensor.shape[0]}" for tensor in found[:5])
        raise wrong(root, f"has columns of different lengths: {sizes}.")
    return found


def _is_exactly(tensor: Tensor, spec: TensorSpec) -> bool:
    """Whether there is nothing to do for it, as for nearly all of them."""
    shape, wanted = tensor.shape, spec.shape
    if tensor.name != spec.name or tensor.datatype != spec.datatype or spec.datatype == "BYTES":
        return False
    if len(shape) != len(wanted) or 0 in shape:
        return False
    return all(size in (-1, given) for size, given in zip(wanted, shape, strict=True))


def _fitted(tensor: Tensor, spec: TensorSpec, path: str, missing: bool) -> Tensor:
    shape = fitting(tensor.shape, spec, path)
    if not prod(shape):
        raise wrong(path, "holds no values.")
    found = cast(tensor, spec.datatype, _where(path, tensor.shape), missing=missing)
    if found.datatype == "BYTES" and not missing and None in found.values():
        index = found.values().index(None)
        raise wrong(at(path, index, shape), "is null; the model takes texts here.")
    return Tensor(spec.name, found.datatype, shape, found.data)


def _matrix(tensor: Tensor, specs: Sequence[TensorSpec], path: str, missing: bool) -> list[Tensor]:
    """The columns of an array of rows."""
    width = len(specs)
    shape = tensor.shape if len(tensor.shape) > 1 or width > 1 else (*tensor.shape, 1)
    if len(shape) != 2 or shape[1] != width or not shape[0]:
        raise wrong(
            path,
            f"has the shape {list(shape)}; the model takes rows of {width}: "
            f"{quoted(spec.name for spec in specs)}.",
        )
    values = tensor.values()
    found = []
    for place, spec in enumerate(specs):
        column = values[place::width]
        part = Tensor(spec.name, tensor.datatype, (len(column), 1), pack(tensor.datatype, column))
        found.append(cast(part, spec.datatype, _in_column(path, place), missing=missing))
    return found


def _is_table(tensors: Sequence[Tensor], spec: TensorSpec) -> bool:
    """Whether these are the columns, of any names, of the one matrix that the model takes."""
    return (
        len(tensors) > 1
        and len(spec.shape) == 2
        and spec.shape[1] in {-1, len(tensors)}
        and all(tensor.shape == (tensors[0].shape[0], 1) for tensor in tensors)
    )


def _stacked(tensors: Sequence[Tensor], spec: TensorSpec, root: str, missing: bool) -> Tensor:
    """Columns of a table as one matrix, in their own order: the model knows no names."""
    kinds = {tensor.datatype for tensor in tensors}
    datatype = spec.datatype or (kinds.pop() if len(kinds) == 1 else "FP64")
    columns = [
        cast(tensor, datatype, _where(item(root, tensor.name), tensor.shape), missing=missing)
        for tensor in tensors
    ]
    rows = zip(*(column.values() for column in columns), strict=True)
    values = [value for row in rows for value in row]
    shape = (tensors[0].shape[0], len(tensors))
    return Tensor(spec.name, datatype, shape, pack(datatype, values))


def _where(path: str, shape: Shape) -> Callable[[int], str]:
    return lambda index: at(path, index, shape)


def _in_column(path: str, place: int) -> Callable[[int], str]:
    return lambda row: item(item(path, row), place)
