"""Scores flowers: measures in, the name of the species out."""

import json
import os

import joblib

SPECIES = ["setosa", "versicolor", "virginica"]


def init():
    global model
    folder = os.environ["AZUREML_MODEL_DIR"]
    model = joblib.load(os.path.join(folder, "iris.pkl"))
    print("loaded", model)


def run(data):
    rows = json.loads(data)["data"]
    return [SPECIES[int(answer)] for answer in model.predict(rows)]
