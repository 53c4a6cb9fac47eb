"""The peers: each started as its own documentation says, with one process for the model."""

import json
import os
import subprocess
from typing import Any

from benchmarks.serving_peers.base import PROGRAMS, Command, Peer, Place, Rows


def azureml(place: Place) -> Command:
    """Azure's own server, by its command."""
    argv = [place.program("azmlinfsrv"), "--entry_script", "score.py", "--model_dir",
            str(place.models), "--port", str(place.port)]  # fmt: skip
    return Command(argv, PROGRAMS, place.variables)


def program(name: str, *more: str) -> Any:
    """A server that is a program of ours around the peer's library."""

    def command(place: Place) -> Command:
        argv = [place.python, str(PROGRAMS / name), str(place.port), *more]
        return Command(argv, place.folder, place.variables)

    return command


def uvicorn(app: str) -> Any:
    """FastAPI by hand."""

    def command(place: Place) -> Command:
        argv = [place.python, "-m", "uvicorn", app, "--port", str(place.port),
                "--no-access-log", "--log-level", "warning"]  # fmt: skip
        return Command(argv, PROGRAMS, place.variables)

    return command


def bentoml(batch: int = 1) -> Any:
    """BentoML by its command."""

    def command(place: Place) -> Command:
        argv = [place.program("bentoml"), "serve", "bentoml_app:Scorer", "--port",
                str(place.port), "--host", "127.0.0.1"]  # fmt: skip
        own = {
            "BATCH": str(batch),
            "BENTOML_HOME": str(place.folder),
            "BENTOML_DO_NOT_TRACK": "True",
            "PATH": f"{os.path.dirname(place.python)}:{os.environ['PATH']}",  # noqa: PTH120
        }
        return Command(argv, PROGRAMS, {**place.variables, **own})

    return command


def mlserver(batch: int = 1, workers: int = 0) -> Any:
    """MLServer by its command and its two files."""

    def command(place: Place) -> Command:
        settings = {
            "http_port": place.port,
            "grpc_port": place.port + 1,
            "metrics_port": place.port + 2,
            "host": "127.0.0.1",
            "parallel_workers": workers,
            "debug": False,
            "logging_settings": None,
        }
        own = place.kind in ("linear", "forest")
        model: dict[str, Any] = {
            "name": "model",
            "implementation": "mlserver_sklearn.SKLearnModel" if own else "mlserver_app.Scorer",
            "parameters": {"uri": str(place.models / f"{place.kind}.pkl")} if own else {},
        }
        if batch > 1:
            model |= {"max_batch_size": batch, "max_batch_time": 0.005}
        (place.folder / "settings.json").write_text(json.dumps(settings))
        (place.folder / "model-settings.json").write_text(json.dumps(model))
        argv = [place.program("mlserver"), "start", str(place.folder)]
        return Command(argv, place.folder, place.variables)

    return command


def mlflow(place: Place) -> Command:
    """MLflow by its command, from a model saved by its own functions."""
    saved = place.folder / "model"
    variables = {
        **place.variables,
        "PATH": f"{os.path.dirname(place.python)}:{os.environ['PATH']}",  # noqa: PTH120
    }
    if not saved.exists():
        subprocess.run(
            [place.python, PROGRAMS / "mlflow_save.py", saved], check=True, cwd=place.folder,
            env={**os.environ, **variables}, capture_output=True,
        )  # fmt: skip
    argv = [place.program("mlflow"), "models", "serve", "-m", str(saved), "-p", str(place.port),
            "--env-manager", "local", "--workers", "1"]  # fmt: skip
    return Command(argv, place.folder, variables)


def tensor(rows: Rows) -> dict[str, Any]:
    """Rows as the Open Inference Protocol has them."""
    data = [number for row in rows for number in row]
    shape = [len(rows), len(rows[0])]
    return {"inputs": [{"name": "x", "datatype": "FP64", "shape": shape, "data": data}]}


def tensors(answer: Any) -> Any:
    return answer["outputs"][0]["data"]


PEERS = (
    Peer("azureml", "azureml-inference-server-http", "azureml", azureml),
    Peer(
        "mlserver", "MLServer", "mlserver", mlserver(), "/v2/models/model/infer", tensor, tensors,
    ),
    Peer(
        "mlserver-batch", "MLServer, adaptive batching", "mlserver", mlserver(64),
        "/v2/models/model/infer", tensor, tensors, batched=True,
    ),
    Peer(
        "litserve", "LitServe", "litserve", program("litserve_app.py"), "/predict",
        unwrap=lambda answer: answer["output"],
    ),
    Peer(
        "litserve-batch", "LitServe, batching", "litserve", program("litserve_app.py", "64"),
        "/predict", unwrap=lambda answer: answer["output"], batched=True, restless=True,
    ),
    Peer(
        "kserve", "KServe's Python server", "kserve", program("kserve_app.py"),
        "/v1/models/model:predict", lambda rows: {"instances": rows},
        lambda answer: answer["predictions"],
    ),
    Peer("bentoml", "BentoML", "bentoml", bentoml(), "/predict"),
    Peer("bentoml-batch", "BentoML, batching", "bentoml", bentoml(64), "/predict", batched=True),
    Peer(
        "mlflow", "mlflow models serve", "mlflow", mlflow, "/invocations",
        lambda rows: {"inputs": rows}, lambda answer: answer["predictions"],
    ),
    Peer("ray", "Ray Serve", "ray", program("ray_app.py"), restless=True),
    Peer(
        "ray-batch", "Ray Serve, batching", "ray", program("ray_app.py", "64"), batched=True,
        restless=True,
    ),
    Peer("fastapi", "FastAPI + uvicorn", "fastapi", uvicorn("fastapi_app:app"),
         framework=True),
    Peer(
        "fastapi-async", "FastAPI + uvicorn, async", "fastapi",
        uvicorn("fastapi_async_app:app"), framework=True,
    ),
    Peer("granian", "floor: only answers", "granian", program("granian_app.py"), floor=True),
)  # fmt: skip
"""Everything that is measured beside Modelyard."""
