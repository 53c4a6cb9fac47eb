"""Scores flowers: measures in, the name of the species out."""

import json
import os
from pathlib import Path

import joblib

SPECIES = ["setosa", "versicolor", "virginica"]


def init():
    global model
    model = joblib.load(Path(os.environ["AZUREML_MODEL_DIR"]) / "iris.pkl")
    print("loaded", model)


def run(data):
    rows = json.loads(data)["data"]
    return [SPECIES[int(answer)] for answer in model.predict(rows)]
