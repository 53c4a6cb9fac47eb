"""Each test runs in an interpreter of its own: the alias changes what import means."""

import subprocess
import sys
from pathlib import Path

import pytest

MODULES = [
    "azureml",
    "azureml.core",
    "azureml.core.workspace",
    "azureml.core.experiment",
    "azureml.core.run",
    "azureml.core.model",
    "azureml.core.environment",
    "azureml.core.conda_dependencies",
    "azureml.core.image",
    "azureml.core.image.image",
    "azureml.core.image.container",
    "azureml.core.webservice",
    "azureml.core.webservice.webservice",
    "azureml.core.webservice.aci",
    "azureml.core.webservice.aks",
    "azureml.core.webservice.local",
    "azureml.core.authentication",
    "azureml.core.runconfig",
    "azureml.core.resource_configuration",
    "azureml.core.script_run_config",
    "azureml.core.compute",
    "azureml.exceptions",
    "azureml._common.exceptions",
    "azureml.widgets",
    "azureml.data",
]


def run(code: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "import modelyard.azureml.activate\n" + code],
        capture_output=True, text=True, cwd=cwd, env=variables or None,
    )  # fmt: skip


def said(code: str, cwd: Path | None = None) -> str:
    done = run(code, cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_azures_modules_are_the_same_objects_as_ours() -> None:
    code = f"""
import importlib
for name in {MODULES!r}:
    there = importlib.import_module(name)
    assert there is importlib.import_module("modelyard." + name), name
    assert there.__spec__.name == "modelyard." + name, there.__spec__
from azureml.core import Workspace, Model, VERSION
import azureml.core
import modelyard
assert Workspace is modelyard.Workspace is azureml.core.Workspace
from azureml.core.webservice import AciWebservice
assert AciWebservice is modelyard.AciWebservice
"""
    said(code)


def test_the_tutorials_and_the_books_imports_work() -> None:
    said("""
import azureml.core
from azureml.core import Workspace, Experiment, Environment, Model, Image, Webservice, Run
from azureml.core.model import Model, InferenceConfig
from azureml.core.webservice import Webservice, AciWebservice, AksWebservice, LocalWebservice
from azureml.core.webservice import AksEndpoint
from azureml.core.image import ContainerImage
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.resource_configuration import ResourceConfiguration
from azureml.core.compute import AksCompute, ComputeTarget
from azureml.core.authentication import AzureCliAuthentication
from azureml.exceptions import WebserviceException
from azureml._common.exceptions import AzureMLException
from azureml.core import Dataset
print(azureml.core.VERSION)
""")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("from azureml.core import Nothing", "'azureml.core.Nothing' is not part of Modelyard"),
        ("from azureml.core.model import Nothing", "'azureml.core.model.Nothing'"),
        ("import azureml.nothing", "'azureml.nothing' is not part of Modelyard"),
        ("from azureml.pipeline.steps import PythonScriptStep", "Pipelines are not there yet"),
        ("import azureml.core\nazureml.core.Nothing", "'azureml.core.Nothing'"),
        ("from azureml.core import Dataset\nDataset.get_by_name", "Read files with pandas"),
        ("from azureml.core.compute import BatchCompute\nBatchCompute()", "this machine"),
        ("from azureml.train.automl import AutoMLConfig", "scikit-learn"),
    ],
)
def test_what_is_not_there_says_what_to_use(code: str, says: str) -> None:
    done = run(code)

    assert done.returncode != 0
    assert says in done.stderr


def test_a_bare_azureml_folder_in_the_way_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "azureml" / "ai" / "monitoring").mkdir(parents=True)
    for folder in ("azureml", "azureml/ai", "azureml/ai/monitoring"):
        (tmp_path / folder / "__init__.py").write_text("REAL = True\n")

    said(
        f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from azureml.core import Workspace
import azureml.ai.monitoring
assert azureml.ai.monitoring.REAL
""",
        tmp_path,
    )


def test_one_that_was_imported_before_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "azureml").mkdir()
    (tmp_path / "azureml" / "__init__.py").write_text("")

    done = subprocess.run(
        [sys.executable, "-c", "import azureml\nimport modelyard.azureml.activate\n"
         "from azureml.core import Workspace"],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_joblib_is_found_where_scikit_learn_had_it() -> None:
    pytest.importorskip("sklearn")

    said("""
from sklearn.externals import joblib
import joblib as real
assert joblib is real
import sklearn.externals.joblib as again
assert again is real
""")


def test_activating_twice_changes_nothing() -> None:
    said("""
import sys
before = list(sys.meta_path)
from modelyard.azureml.finders import install
install()
assert before == sys.meta_path
""")
