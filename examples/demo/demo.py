"""
From nothing to a live, authenticated web service.

Starts Modelyard, trains a scikit-learn model on Fisher's irises, registers it, builds its
environment, deploys it with keys on and calls it with curl, with Python and without a key. A
second run reuses what is there.
"""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from modelyard import (
    CondaDependencies,
    Environment,
    Experiment,
    InferenceConfig,
    Model,
    Webservice,
    Workspace,
)

HERE = Path(__file__).parent
WORK = HERE.parents[1] / ".demo"
BIN = Path(sys.executable).parent
QUESTION = {"data": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]}
NAME = "iris"
WORKSPACE = "demo"
started = time.monotonic()


def step(text: str) -> None:
    """Say what happens now, and how far into the demo it is."""
    print(f"\n[{time.monotonic() - started:5.1f} s] {text}", flush=True)


def main() -> None:
    step("Starting Modelyard")
    if up := subprocess.run([BIN / "modelyard", "up", "--detach"], check=False).returncode:
        sys.exit(up)  # it has said why
    ws = Workspace.create(WORKSPACE, exist_ok=True)
    service = ws.webservices.get(NAME)
    if service is not None and serves(service):
        step(f"Service {NAME!r} is there already and healthy: reused. For a new start: "
             f".venv/bin/modelyard service delete {NAME} -w {WORKSPACE}")  # fmt: skip
    else:
        service = deploy(ws, ws.models.get(NAME) or train(ws))
    call(service)


def serves(service: Webservice) -> bool:
    """Whether it answers, at once or soon after a start of Modelyard."""
    until = time.monotonic() + 30
    while service.state in {"Transitioning", "Unhealthy"} and time.monotonic() < until:
        time.sleep(0.2)
        service.update_deployment_state()
    return service.state == "Healthy"


def train(ws: Workspace) -> Model:
    """A random forest on three quarters of the irises, logged as a run and registered."""
    step("Training a random forest on Fisher's irises, which scikit-learn ships")
    x, y = load_iris(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0, stratify=y)
    WORK.mkdir(exist_ok=True)
    run = Experiment(ws, "irises").start_logging(snapshot_directory=str(HERE), outputs=None)
    forest = RandomForestClassifier(n_estimators=30, random_state=0).fit(x_train, y_train)
    run.log("accuracy", forest.score(x_test, y_test))
    run.complete()
    print(f"accuracy on the other quarter: {forest.score(x_test, y_test):.3f}")

    step("Registering the model")
    joblib.dump(forest, WORK / "iris.pkl")
    model = Model.register(
        ws,
        model_path=str(WORK / "iris.pkl"),
        model_name=NAME,
        description="Species of an iris by its measures",
        model_framework=Model.Framework.SCIKITLEARN,
        model_framework_version=version("scikit-learn"),
    )
    print(model.id)
    return model


def deploy(ws: Workspace, model: Model) -> Webservice:
    """The environment built, the service up, keys on."""
    step("Building the environment: a Python of its own with scikit-learn, nothing of Modelyard")
    environment = Environment("iris")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=[f"scikit-learn=={version('scikit-learn')}"]
    )
    environment.register(ws)
    environment.build(ws).wait_for_completion(show_output=True)

    step("Deploying")
    config = InferenceConfig("score.py", source_directory=HERE / "source", environment=environment)
    service = Model.deploy(ws, NAME, [model], config, overwrite=True)
    service.wait_for_deployment(show_output=True)
    return service


def call(service: Webservice) -> None:
    """The same question by curl, by Python and without a key."""
    primary, secondary = service.get_keys()
    uri = service.scoring_uri
    body = json.dumps(QUESTION)

    step("Calling it with curl")
    command = ["curl", "-sS", "-w", "  (HTTP %{http_code}, %{time_total} s)\n", uri,
               "-H", f"Authorization: Bearer {primary}", "-d", body]  # fmt: skip
    print("$ curl", uri, "-H", f"'Authorization: Bearer {primary}' -d '{body}'", flush=True)
    subprocess.run(command, check=True)

    step("Calling it with Python")
    print(">>> service.run(json.dumps(question))")
    print(service.run(body))

    step("Calling it without a key")
    try:
        urllib.request.urlopen(urllib.request.Request(uri, body.encode()), timeout=30)
    except urllib.error.HTTPError as refused:
        print(f"HTTP {refused.code}: {refused.read().decode()}")
    else:
        sys.exit("It answered without a key: that must not be.")

    step("Done. It goes on serving; end it with: make stop")
    print(f"""
  address    {uri}
  keys       {primary}
             {secondary}

  try next   .venv/bin/modelyard service list -w {WORKSPACE}
             .venv/bin/modelyard service score {NAME} '{body}' -w {WORKSPACE}
             .venv/bin/modelyard service logs {NAME} -w {WORKSPACE}
             .venv/bin/modelyard status
             .venv/bin/modelyard run list -w {WORKSPACE}
             .venv/bin/python -m modelyard.azureml your_old_azureml_script.py
""")


if __name__ == "__main__":
    main()
