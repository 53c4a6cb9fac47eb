"""
Trains the models: `python make_models.py FOLDER`, in the environment that has skl2onnx.

All take ten features. Their answers to fixed rows lie beside them, to check every server by.
"""

import json
import pickle
import sys
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor

FEATURES = 10


def main() -> None:
    folder = Path(sys.argv[1])
    source = np.random.default_rng(7)
    x = source.normal(size=(2000, FEATURES)).round(4)
    y = x @ source.normal(size=FEATURES) + np.sin(x[:, 0])
    linear = LinearRegression().fit(x, y)
    forest = RandomForestRegressor(n_estimators=100, max_depth=10, random_state=7).fit(x, y)
    network = MLPRegressor(
        hidden_layer_sizes=(64, 64), max_iter=200, random_state=7, tol=1e-3
    ).fit(x, y)
    (folder / "linear.pkl").write_bytes(pickle.dumps(linear))
    (folder / "forest.pkl").write_bytes(pickle.dumps(forest))
    onnx = to_onnx(network, x[:1].astype(np.float32))
    (folder / "onnx.onnx").write_bytes(onnx.SerializeToString())
    rows = source.normal(size=(10_000, FEATURES)).round(4)
    answers = {
        "linear": linear.predict(rows).tolist(),
        "forest": forest.predict(rows).tolist(),
        "onnx": network.predict(rows).tolist(),
        "sleeper": rows.sum(axis=1).tolist(),
    }
    (folder / "rows.json").write_text(json.dumps({"rows": rows.tolist(), "answers": answers}))


if __name__ == "__main__":
    main()
