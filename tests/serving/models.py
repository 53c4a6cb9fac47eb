"""Models without a script, trained on the spot and served by a front of their own."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

COLUMNS = ("age", "height", "weight")


def frame(rows: int = 40) -> pd.DataFrame:
    numbers = np.random.default_rng(7).normal(size=(rows, len(COLUMNS)))
    return pd.DataFrame(numbers, columns=list(COLUMNS))


def linear(folder: Path) -> dict[str, Any]:
    """A regression that knows its columns; the spec of its front."""
    table = frame()
    return _saved(folder, LinearRegression().fit(table, table @ [1.0, 2.0, 3.0] + 0.5))


def classifier(folder: Path) -> dict[str, Any]:
    """A classifier that was trained on arrays and knows no names."""
    numbers = frame().to_numpy()
    return _saved(folder, LogisticRegression().fit(numbers, (numbers[:, 0] > 0).astype(int)))


def _saved(folder: Path, model: Any) -> dict[str, Any]:
    file = folder / "model.joblib"
    joblib.dump(model, file)
    return {
        "entry_script": "",
        "models": [{"name": "people", "version": 3, "path": str(file)}],
        "predictor": {"framework": "ScikitLearn"},
    }
