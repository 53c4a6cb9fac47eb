"""Whether rows of several requests may be put together: tried before the worker is ready."""

from __future__ import annotations

from typing import Any, Dict, Optional

from modelyard_worker.faults import message_of
from modelyard_worker.nocode import trials
from modelyard_worker.nocode.inputs import prepared
from modelyard_worker.nocode.predictor import Predictor, Signature, Spec
from modelyard_worker.tensors import Arrays, Named, datatype_of, np

TOLERANCE = 1e-5
"""Relative, for floats; differences below a tenth of it of the largest value count as none."""


def verdict(predictor: Predictor, rows: Optional[Arrays], pandas: Any) -> Dict[str, Any]:
    """``{"on", "why"}`` for the HELLO. Nothing that the model raises comes out of here."""
    reason = without_trying(predictor.signature)
    if reason:
        return {"on": False, "why": reason}
    if rows is None:
        return _off("there is no sample to try it with: register the model with a sample input")
    if trials.count_of(rows) < 2:
        return _off("the sample's inputs do not have the same number of rows")
    try:
        largest = 0.0
        for method in predictor.signature.methods:
            largest = max(largest, _compare(predictor, rows, method, pandas))
    except Differs as error:
        return _off(str(error))
    except BaseException as error:
        return _off(
            "trying it failed (%s: %s); rows are made up where no sample input was registered"
            % (type(error).__name__, message_of(error))
        )
    return {"on": True, "why": _agreement(largest)}


class Differs(Exception):
    """A row's answer depends on those beside it."""


def without_trying(signature: Signature) -> str:
    """Why the inputs themselves rule it out; '' where they do not."""
    for spec in signature.inputs:
        if not spec.shape:
            return "input '%s' is a single value, not rows" % spec.name
        if spec.shape[0] != -1:
            return "input '%s' takes exactly %d rows, so rows of several requests do not fit" % (
                spec.name,
                spec.shape[0],
            )
    return ""


def learned(predictor: Predictor, rows: Optional[Arrays], pandas: Any) -> Signature:
    """The signature with the outputs that the model really gave; as it was where it gave none."""
    signature = predictor.signature
    if rows is None:
        return signature
    try:
        named = _run(predictor, rows, signature.methods[0], pandas)
    except BaseException:
        return signature  # rows that were made up need not fit
    known = {spec.name: spec for spec in signature.outputs}
    free = any(-1 in spec.shape[1:] for spec in signature.inputs)  # outputs may vary with them
    return signature._replace(
        outputs=[_known_or_seen(known.get(name), name, array, free) for name, array in named]
    )


def _known_or_seen(known: Optional[Spec], name: str, array: Any, free: bool) -> Spec:
    whole = known is not None and bool(known.datatype) and len(known.shape) > 1
    if known is not None and whole and (free or -1 not in known.shape[1:]):
        return known
    rest = [-1 if free else size for size in array.shape[1:]]
    return Spec(name, datatype_of(array.dtype), (-1, *rest) if array.ndim else ())


def _run(predictor: Predictor, rows: Arrays, method: str, pandas: Any) -> Named:
    return predictor.predict(prepared(predictor, dict(rows), pandas), method)


def _compare(predictor: Predictor, rows: Arrays, method: str, pandas: Any) -> float:
    """The largest difference. Raises Differs where it is more than rounding."""
    count = trials.count_of(rows)
    together = dict(_run(predictor, rows, method, pandas))
    for name, array in together.items():
        if not array.ndim or len(array) != count:
            raise Differs("output '%s' has not one row for each row of the input" % name)
    largest = 0.0
    for at in range(count):
        alone = _run(predictor, trials.row(rows, at), method, pandas)
        for name, array in alone:
            largest = max(largest, _difference(name, array, together[name][at : at + 1], together))
    return largest


def _difference(name: str, alone: Any, among: Any, together: Dict[str, Any]) -> float:
    if alone.shape != among.shape:
        raise Differs("output '%s' of a row has another shape among others" % name)
    if alone.dtype.kind != "f":
        if not np.array_equal(alone, among):
            raise Differs("output '%s' of a row is another one among others" % name)
        return 0.0
    whole = np.abs(together[name][np.isfinite(together[name])])
    scale = float(whole.max()) if whole.size else 0.0
    tolerance = TOLERANCE if alone.dtype.itemsize > 2 else 1e-2
    if not np.allclose(alone, among, tolerance, tolerance * scale / 10, equal_nan=True):
        raise Differs(
            "output '%s' of a row differs among others by up to %.3g"
            % (name, float(np.nanmax(np.abs(alone - among))))
        )
    with np.errstate(invalid="ignore"):
        differences = np.abs(alone.astype(float) - among.astype(float))
    differences = differences[np.isfinite(differences)]
    return float(differences.max()) if differences.size else 0.0


def _agreement(largest: float) -> str:
    if not largest:
        return "on trial rows, answers are the same alone and together"
    return (
        "on trial rows, answers are the same alone and together but for rounding (up to %.2g): "
        "sums of floats are added up in another order for other numbers of rows" % largest
    )


def _off(why: str) -> Dict[str, Any]:
    return {"on": False, "why": why}
