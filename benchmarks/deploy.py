"""
Seconds from `Model.deploy` to the first 200, beside Azure's own inference server started by hand.

    python benchmarks/deploy.py [--runs N] [--no-peer]

The same model and script for both. 'Environment ready' is a deployment whose packages are
installed already; 'to build' begins with nothing but the download cache. The peer is
`azureml-inference-server-http` in a virtual environment: made by `venv` and `pip` where it is to
build, as its documentation tells.
"""

import argparse
import os
import pickle
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from benchmarks.peers import environment
from modelyard import CondaDependencies, Environment, InferenceConfig, Model, Workspace
from modelyard.sdk.scoring import score
from tests.e2e.harness import free_port, yard

PACKAGES = ["scikit-learn==1.7.2", "numpy==2.3.5"]
PEER = "azureml-inference-server-http"
BODY = b'{"data": [[5.1, 3.5, 1.4, 0.2]]}'
SCRIPT = """
import json, os, pickle

def init():
    global model
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl"), "rb") as file:
        model = pickle.load(file)

def run(data):
    return model.predict(json.loads(data)["data"]).tolist()
"""


def prepare(folder: Path) -> None:
    """The model and the script that both serve."""
    x, y = load_iris(return_X_y=True)
    (folder / "model.pkl").write_bytes(pickle.dumps(LogisticRegression(max_iter=500).fit(x, y)))
    (folder / "source").mkdir()
    (folder / "source" / "score.py").write_text(SCRIPT)


def inference(folder: Path) -> InferenceConfig:
    env = Environment("bench")
    env.python.conda_dependencies = CondaDependencies.create(pip_packages=PACKAGES)
    return InferenceConfig("score.py", source_directory=str(folder / "source"), environment=env)


def first_answer(uri: str, key: str | None, began: float) -> float:
    while True:
        try:
            if score(uri, BODY, key).status == 200:
                return time.monotonic() - began
        except Exception:  # noqa: BLE001 - not there yet
            time.sleep(0.01)


def ours(folder: Path, runs: int) -> tuple[float, list[float]]:
    """Seconds with the environment to build, then with it ready."""
    ws = Workspace.create("bench")
    model = Model.register(ws, str(folder / "model.pkl"), "iris")
    times = []
    for number in range(runs + 1):
        began = time.monotonic()
        service = Model.deploy(ws, f"bench{number}", [model], inference(folder))
        service.wait_for_deployment()
        times.append(first_answer(service.scoring_uri, service.get_keys()[0], began))
        service.delete()
    return times[0], times[1:]


def peer(folder: Path, python: str) -> float:
    """Seconds from starting the peer to its first 200."""
    port = free_port()
    began = time.monotonic()
    server = subprocess.Popen(
        [str(Path(python).parent / "azmlinfsrv"), "--entry_script", "score.py", "--model_dir",
         str(folder), "--port", str(port)],
        cwd=folder / "source", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        while True:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/score", BODY,
                                             {"Content-Type": "application/json"})  # fmt: skip
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except OSError:
                time.sleep(0.01)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def peer_built(folder: Path) -> float:
    """Seconds to make the peer's environment by venv and pip, and to its first 200."""
    place = folder / "venv"
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    subprocess.run([place / "bin" / "pip", "install", "-q", PEER, *PACKAGES], check=True)
    peer(folder, str(place / "bin" / "python"))
    return time.monotonic() - began


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--no-peer", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        prepare(folder)
        own = {"MODELYARD_ENVIRONMENTS": str(folder / "environments")}
        with yard(folder, **own) as place:
            os.environ.update({k: place.environment[k] for k in place.environment
                               if k.startswith("MODELYARD_")})  # fmt: skip
            build, ready = ours(folder, asked.runs)
        rows = [("modelyard", statistics.median(ready), build)]
        if not asked.no_peer:
            python = environment("inference-server", [PEER, *PACKAGES])
            times = [peer(folder, python) for _ in range(asked.runs)]
            rows.append((f"{PEER} + pip", statistics.median(times), peer_built(folder)))
    print(f"{'seconds to the first 200':42} {'env. ready':>10} {'to build':>10}")
    for name, fast, slow in rows:
        print(f"{name:42} {fast:10.2f} {slow:10.2f}")
    if len(rows) > 1:
        ratios = [rows[1][n] / rows[0][n] for n in (1, 2)]
        print(f"{'ratio':42} {ratios[0]:10.1f} {ratios[1]:10.1f}")


if __name__ == "__main__":
    main()
