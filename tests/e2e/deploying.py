"""Services for tests: a script, no packages, so that a deployment takes a second."""

from pathlib import Path
from typing import Any

from modelyard import CondaDependencies, Environment, InferenceConfig, Model, Webservice, Workspace

ECHO = """
import json, os

def init():
    print("ready as", os.environ.get("ANSWER", "first"))

def run(data):
    return {"answer": os.environ.get("ANSWER", "first"), "sent": json.loads(data)}
"""


def bare_environment(name: str = "bare", **variables: str) -> Environment:
    """An environment with Python alone."""
    environment = Environment(name)
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=[])
    environment.environment_variables = dict(variables)
    return environment


def config(folder: Path, script: str = ECHO, **variables: str) -> InferenceConfig:
    """An inference configuration of a script written to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "score.py").write_text(script)
    return InferenceConfig(
        entry_script="score.py",
        source_directory=str(folder),
        environment=bare_environment(**variables),
    )


def deploy(
    ws: Workspace, name: str, inference: InferenceConfig, models: Any = (), **options: Any
) -> Webservice:
    """Deploy and wait until it is healthy."""
    service = Model.deploy(ws, name, list(models), inference, **options)
    service.wait_for_deployment()
    assert service.state == "Healthy"
    return service
