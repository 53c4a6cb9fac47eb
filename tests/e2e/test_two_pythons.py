"""The same score.py, under a present Python and scikit-learn and under an old one of each."""

import json
import subprocess
from pathlib import Path

import pytest

from modelyard import CondaDependencies, Environment, InferenceConfig, Model, Workspace
from tests.e2e.harness import Yard

SCORE = (Path(__file__).parents[2] / "examples" / "salary" / "score.py").read_text()
FIT = """
import joblib
from sklearn.linear_model import LinearRegression
joblib.dump(LinearRegression().fit([[0], [1], [2]], [10, 20, 30]), "sal_model.pkl")
"""
OLD = ("3.8", ["scikit-learn==0.24.2", "numpy==1.19.5"])
PRESENT = ("3.11", ["scikit-learn==1.7.2"])


def has_python(version: str) -> bool:
    """Whether an interpreter of that version is on this machine."""
    pyenv = Path.home() / ".pyenv" / "versions"
    return any(pyenv.glob(f"{version}*")) or bool(
        subprocess.run(["which", f"python{version}"], capture_output=True, check=False).stdout
    )


@pytest.mark.parametrize(
    ("python", "packages"),
    [
        pytest.param(*PRESENT, id="3.11 and present scikit-learn"),
        pytest.param(
            *OLD,
            id="3.8 and scikit-learn 0.24",
            marks=pytest.mark.skipif(not has_python("3.8"), reason="no Python 3.8 here"),
        ),
    ],
)
def test_the_same_script_serves_under_old_and_present_pythons(
    sdk: Yard, tmp_path: Path, python: str, packages: list[str]
) -> None:
    ws = Workspace.create("pythons", exist_ok=True)
    environment = Environment("sklearn" + python.replace(".", ""))
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version=python, pip_packages=packages
    )
    environment.build(ws).wait_for_completion(show_output=False)
    fitted = fit_with(sdk, python, tmp_path)
    model = Model.register(ws, str(fitted), "sal_model")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "score.py").write_text(SCORE)
    inference = InferenceConfig(
        "score.py", source_directory=str(tmp_path / "source"), environment=environment
    )

    service = Model.deploy(ws, "old-and-new", [model], inference, overwrite=True)
    service.wait_for_deployment()

    assert json.loads(service.run(json.dumps({"data": [[21]]}))) == pytest.approx([220.0])


def fit_with(server: Yard, python: str, folder: Path) -> Path:
    """A model that was fitted by the scikit-learn it will be served with."""
    folders = Path(server.environment["MODELYARD_ENVIRONMENTS"]).glob("*/env/bin/python")
    for interpreter in folders:
        asked = [interpreter, "-c", "import sys, sklearn; print('%d.%d' % sys.version_info[:2])"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False)
        if said.returncode == 0 and said.stdout.strip() == python:
            subprocess.run([interpreter, "-c", FIT], cwd=folder, check=True)
            return folder / "sal_model.pkl"
    raise AssertionError(f"no environment with Python {python} and scikit-learn was built")
