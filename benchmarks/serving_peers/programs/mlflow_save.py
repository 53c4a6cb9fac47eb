"""Writes the model as MLflow wants it: `python mlflow_save.py FOLDER`."""

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import mlflow
import numpy as np


class Sleeper(mlflow.pyfunc.PythonModel):
    def load_context(self, context: Any) -> None:  # noqa: ARG002 - called by name
        from scoring import load  # noqa: PLC0415 - pickled by value: it is another process

        self.model = load()

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002
        return np.asarray(self.model(np.asarray(model_input)))


def main() -> None:
    target = sys.argv[1]
    kind = os.environ["MODEL_KIND"]
    folder = Path(os.environ["MODEL_FOLDER"])
    if kind == "sleeper":
        mlflow.pyfunc.save_model(target, python_model=Sleeper(), pip_requirements=["mlflow"])
    elif kind == "onnx":
        import onnx  # noqa: PLC0415 - only for this one

        model = onnx.load(folder / "onnx.onnx")
        mlflow.onnx.save_model(model, target, pip_requirements=["mlflow"])
    else:
        model = pickle.loads((folder / f"{kind}.pkl").read_bytes())
        mlflow.sklearn.save_model(
            model,
            target,
            pip_requirements=["mlflow"],
            serialization_format="cloudpickle",  # the default refuses forests
        )


if __name__ == "__main__":
    main()
