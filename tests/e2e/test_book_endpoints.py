"""The book's endpoints, and Azure's example of a controlled rollout, run through the alias."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Yard, yard

BOOK = Path(__file__).parent / "book"
MODEL = '{"good": ["good"], "answer": "POSITIVE"}'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Yard, Path]]:
    folder = tmp_path_factory.mktemp("book-endpoints")
    with yard(folder) as server:
        work = folder / "work"
        shutil.copytree(BOOK, work)
        (work / ".azureml").mkdir()
        yield server, work


def run(server: Yard, work: Path, workspace: str, script: str) -> str:
    """Run a script of the book in a workspace; all that it printed."""
    server.cli("workspace", "create", workspace, "--exist-ok")
    config = {"subscription_id": "s", "resource_group": "r", "workspace_name": workspace}
    (work / ".azureml" / "config.json").write_text(json.dumps(config))
    done = server.run(sys.executable, "-m", "modelyard.azureml", script, cwd=work)
    return done.stdout + done.stderr


def test_a_target_is_made_and_an_endpoint_has_two_versions_on_it(
    place: tuple[Yard, Path],
) -> None:
    server, work = place

    said = run(server, work, "endpoints", "endpoints.py")

    assert 'Provisioning operation finished, operation "Succeeded"' in said
    assert "Standard_ND6s is 6 cores and 112 GB" in said
    assert "this machine has no graphics card" in said
    assert said.splitlines().count("Healthy") == 3
    assert "version-1 Healthy 50 True Control {'modelVersion': '1'}" in said
    assert "version-2 Healthy 50 False Treatment {'modelVersion': '2'} my second version" in said
    target = server.call("GET", "/workspaces/endpoints/computes/aks-ml-prod").json()
    assert target["services"] == ["sentiment-analysis", "sentiment-service"]

    key = server.call("GET", "/workspaces/endpoints/services/sentiment-analysis/keys").json()
    answers: dict[str, set[str]] = {"version-1": set(), "version-2": set()}
    for _ in range(60):
        answer = server.score(
            "sentiment-analysis", {"query": "a good day"}, workspace="endpoints",
            key=key["primary"],
        )  # fmt: skip
        served = answer.headers["azureml-model-deployment"]
        answers[served].add(json.loads(answer.data)["sentiment"])
    assert answers == {"version-1": {"POSITIVE"}, "version-2": {"VERY POSITIVE"}}


@pytest.mark.slow  # its tenth of a core is kept to
def test_azures_controlled_rollout_runs_as_it_stands(place: tuple[Yard, Path]) -> None:
    server, work = place
    (work / "prepare.py").write_text(PREPARE)
    run(server, work, "rollout", "prepare.py")

    said = run(server, work, "rollout", "controlled_rollout.py")

    shares = [line for line in said.splitlines() if line.startswith("{'version")]
    assert shares == [
        "{'versiona': (40, 90), 'versionb': (10, 10)}",
        "{'versiona': (40, 40), 'versionb': (40, 60)}",
        "{'versionb': (40, 100)}",
    ]
    assert said.splitlines()[-1] == "{'sentiment': 'POSITIVE'}"
    assert "Inputs and outputs of requests are collected" in said


PREPARE = f"""
from azureml.core import Environment, Workspace
from azureml.core.compute import AksCompute, ComputeTarget
from azureml.core.model import Model

ws = Workspace.from_config()
open("sentiment-model", "w").write({MODEL!r})
Model.register(ws, model_name="sentiment-model", model_path="sentiment-model")
Environment(name="rollout").register(ws)
ComputeTarget.create(ws, "aks-ml-prod", AksCompute.provisioning_configuration())
"""
