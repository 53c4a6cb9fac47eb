"""The two environments that models really run in, kept from run to run."""

import subprocess

import pytest

from modelyard.domain.environments import EnvironmentDefinition
from modelyard.environments.interpreters import Interpreters
from modelyard.environments.uv_builder import UvBuilder
from modelyard.environments.uv_commands import inherited

FIT = (
    "import numpy, sklearn; from sklearn.linear_model import LinearRegression as L; "
    "line = L().fit(numpy.array([[1], [2]]), [2, 4]); "
    "print(sklearn.__version__, line.predict([[3]])[0].round(3))"
)


def run(python: str) -> str:
    answer = subprocess.run([python, "-I", "-c", FIT], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def test_present_scikit_learn_runs(shared_builder: UvBuilder) -> None:
    definition = EnvironmentDefinition(
        "new", "3.11", pip_packages=("scikit-learn", "azureml-defaults")
    )

    built = shared_builder.build(shared_builder.resolve(definition), lambda _: None)

    assert run(built.python) == f"{built.packages['scikit-learn']} 6.0"


def test_scikit_learn_of_2021_runs_on_an_older_python(shared_builder: UvBuilder) -> None:
    here = Interpreters(inherited())
    python = next((version for version in ("3.8", "3.7", "3.9") if here.find(version)), None)
    if python is None:
        pytest.skip("no Python from 3.7 to 3.9 on this machine")
    definition = EnvironmentDefinition(
        "old", python, conda_packages=("scikit-learn=0.24.2", "numpy=1.19.5")
    )

    built = shared_builder.build(shared_builder.resolve(definition), lambda _: None)

    assert run(built.python) == "0.24.2 6.0"
