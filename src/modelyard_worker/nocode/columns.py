"""What scikit-learn's transformers know of a data frame's columns: their types and values."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

from modelyard_worker.tensors import datatype_of, np

Knowledge = Dict[str, Tuple[str, Sequence[Any]]]
"""By column: its datatype ('' is unknown), and its values where they are few and known."""


def known_columns(model: Any, names: List[str]) -> Knowledge:
    """Types and values of the columns that ``model`` was trained with."""
    first = first_step(model)
    if hasattr(first, "transformers_"):  # a ColumnTransformer
        known: Knowledge = dict.fromkeys(names, ("", ()))
        for _, transformer, selected in first.transformers_:
            known.update(_of_steps(transformer, _names_of(selected, names)))
        return known
    return _of_transformer(first, names)


def first_step(model: Any) -> Any:
    """The first thing in a pipeline, or in a search around it, that sees the data."""
    while True:
        steps = getattr(model, "steps", None)
        if steps:
            model = steps[0][1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            return model


def takes_texts(model: Any) -> bool:
    """Whether the model begins with a text vectorizer: one text for each row."""
    first = first_step(model)
    return hasattr(first, "build_analyzer") and hasattr(first, "tokenizer")


def _names_of(selected: Any, names: List[str]) -> List[str]:
    """A ColumnTransformer keeps columns as names, numbers, a slice or a mask."""
    if isinstance(selected, str):
        return [selected]
    if isinstance(selected, slice):
        return _sliced(selected, names)
    chosen = np.asarray(selected)
    if chosen.dtype.kind in "OUT":
        return [str(each) for each in chosen.tolist()]
    return [str(each) for each in np.asarray(names, dtype=object)[chosen].tolist()]


def _sliced(selected: slice, names: List[str]) -> List[str]:
    if isinstance(selected.start, str) or isinstance(selected.stop, str):
        start = names.index(selected.start) if selected.start is not None else 0
        stop = names.index(selected.stop) + 1 if selected.stop is not None else None
        return names[start:stop]
    return names[selected]


def _of_steps(transformer: Any, names: List[str]) -> Knowledge:
    """An imputer takes what the step behind it takes."""
    steps = [step for _, step in getattr(transformer, "steps", None) or [("", transformer)]]
    while len(steps) > 1 and type(steps[0]).__name__.endswith("Imputer"):
        steps = steps[1:]
    return _of_transformer(first_step(steps[0]), names)


def _of_transformer(transformer: Any, names: List[str]) -> Knowledge:
    categories = getattr(transformer, "categories_", None)  # of encoders
    if categories is not None and len(categories) == len(names):
        return {name: _of_categories(values) for name, values in zip(names, categories)}
    if takes_texts(transformer):
        return dict.fromkeys(names, ("BYTES", ()))
    if not _is_numeric(transformer):
        return dict.fromkeys(names, ("", ()))
    mask = getattr(transformer, "is_categorical_", None)  # of histogram gradient boosting
    mask = [False] * len(names) if mask is None else mask
    return {name: ("" if other else "FP64", ()) for name, other in zip(names, mask)}


def _of_categories(values: Any) -> Tuple[str, Sequence[Any]]:
    values = np.asarray(values)
    present = [value for value in values.tolist() if value is not None and value == value]
    if values.dtype.kind == "O" and not all(isinstance(value, str) for value in present):
        return "", present
    return datatype_of(values.dtype), present


def _is_numeric(transformer: Any) -> bool:
    """Scikit-learn's own estimators refuse texts, but for encoders, imputers and the like."""
    if isinstance(transformer, str) or not hasattr(transformer, "n_features_in_"):
        return False
    name = type(transformer).__name__
    foreign = not type(transformer).__module__.startswith(("sklearn.", "lightgbm.", "xgboost."))
    texts = ("Encoder", "FunctionTransformer", "ColumnTransformer", "FeatureUnion", "Dummy")
    return (
        not foreign and not any(each in name for each in texts) and not _imputes_texts(transformer)
    )


def _imputes_texts(transformer: Any) -> bool:
    kind = getattr(getattr(transformer, "_fit_dtype", None), "kind", "f")
    return kind not in "fiub"
