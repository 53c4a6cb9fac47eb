"""The azureml modules that scripts import while they run."""

import json

import pytest

from tests.modelyard_worker.worker import write_script

PATH = """
from azureml.core.model import Model
from azureml.exceptions import ModelNotFoundException

def run(data):
    name, _, version = data.partition(":")
    try:
        return Model.get_model_path(name, int(version) if version else None)
    except ModelNotFoundException as error:
        return {"error": str(error)}
"""


def test_model_paths_come_from_what_the_service_was_deployed_with(launch, python):
    worker = launch(PATH, python)
    models = [
        {"name": "sal_model", "version": 9, "path": "/models/9/a.pkl"},
        {"name": "sal_model", "version": 10, "path": "/models/10/a.pkl"},
    ]

    assert worker.greet(models=models).head.get("ready")

    assert worker.score("sal_model").json == "/models/10/a.pkl"
    assert worker.score("sal_model:9").json == "/models/9/a.pkl"
    assert (
        "There is no model 'other' here. This service was deployed with: sal_model:9"
        in (worker.score("other").json["error"])
    )
    assert "of version 3" in worker.score("sal_model:3").json["error"]


def test_model_paths_come_from_the_cache_below_the_working_folder(launch, python):
    worker = launch(PATH, python)
    write_script(worker.folder, "", "azureml-models/net/2/old.pkl")
    write_script(worker.folder, "", "azureml-models/net/10/weights/a.bin")
    write_script(worker.folder, "", "azureml-models/two/1/a.pkl")
    write_script(worker.folder, "", "azureml-models/two/1/b.pkl")
    write_script(worker.folder, "", "beside/a.pkl")
    assert worker.greet().head.get("ready")

    assert worker.score("net").json == "azureml-models/net/10/weights"
    assert worker.score("net:2").json == "azureml-models/net/2/old.pkl"
    assert "must hold exactly one" in worker.score("two").json["error"]
    assert worker.score("beside").json == "./beside"


def test_model_paths_are_found_by_azureml_model_dir(serve, python, tmp_path):
    write_script(tmp_path, "", "azureml-models/net/1/a.pkl")
    root = tmp_path / "azureml-models"

    one = serve(PATH, python, AZUREML_MODEL_DIR=str(root / "net" / "1"))
    several = serve(PATH, python, AZUREML_MODEL_DIR=str(root))

    assert one.score("net").json == str(root / "net/1/a.pkl")
    assert several.score("net").json == str(root / "net/1/a.pkl")


@pytest.mark.parametrize("version", ["'1'", "1.0", "True"])
def test_a_version_is_an_int(serve, version):
    worker = serve(
        f"from azureml.core import Model\ndef run(d):\n    Model.get_model_path('a', {version})\n"
    )

    assert "UserErrorException: version must be an int" in worker.score("a").json["message"]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("from azureml.core import Dataset", "from modelyard import Dataset"),
        ("import azureml.core.webservice", "from modelyard import"),
        (
            "from azureml.core.model import InferenceConfig",
            "from modelyard import InferenceConfig",
        ),
        ("from azureml.train.hyperdrive import HyperDriveConfig", "is not available"),
        ("from azureml.contrib.services import other", "only azureml.contrib.services"),
        ("from azureml.core.model import Model; Model.deploy", "from modelyard import deploy"),
        ("from azureml.core.model import Model; Model(None, 'a')", "Model.get_model_path(NAME)"),
    ],
)
def test_what_is_not_there_says_what_to_use(launch, python, statement, says):
    fault = launch(f"{statement}\ndef run(data): pass\n", python).greet().head

    assert says in fault["message"]
    assert fault["hint"] is None


def test_names_can_still_be_asked_for_without_an_import_error(serve, python):
    worker = serve(
        """
        import azureml.core, azureml.core.model

        def run(data):
            return [hasattr(azureml.core, "Dataset"), hasattr(azureml.core.model, "Other"),
                    getattr(azureml.core, "Nothing", 1)]
        """,
        python,
    )

    assert worker.score("a").json == [False, False, 1]


def test_what_jobs_use_is_importable_from_core(serve, python):
    worker = serve(
        """
        from azureml.core import Experiment, Model, Run, Workspace
        from azureml.core.run import Run as Same

        def run(data):
            return [Run is Same, Experiment.__name__, Workspace.__name__, Model.__name__]
        """,
        python,
    )

    assert worker.score("a").json == [True, "Experiment", "Workspace", "Model"]


def test_real_azureml_packages_beside_ours_stay_importable(launch, python, tmp_path):
    """azureml-ai-monitoring's bare azureml/__init__.py would hide ours; ours must not hide it."""
    write_script(tmp_path, "", "site/azureml/__init__.py")
    write_script(tmp_path, "", "site/azureml/ai/__init__.py")
    write_script(tmp_path, "class Collector: pass\n", "site/azureml/ai/monitoring.py")
    worker = launch(
        f"""
        import sys
        sys.path.append({str(tmp_path / "site")!r})
        from azureml.ai.monitoring import Collector
        from azureml.core.model import Model

        def run(data):
            return Collector.__name__ + Model.__name__
        """,
        python,
    )

    assert worker.greet().head.get("ready")
    assert worker.score("a").json == "CollectorModel"


def test_every_exception_of_azure_is_an_azureml_exception(serve, python):
    worker = serve(
        """
        import azureml.exceptions as exceptions
        from azureml._common.exceptions import AzureMLException

        def run(data):
            names = exceptions.__all__
            error = exceptions.WebserviceException("gone", logger=None)
            return [all(issubclass(getattr(exceptions, name), AzureMLException) for name in names),
                    error.message, len(names)]
        """,
        python,
    )

    assert worker.score("a").json == [True, "gone", 11]


EXTERNALS = """
import sys
sys.path.insert(0, {site!r})
from sklearn.externals import joblib, six
import sklearn.externals.joblib as again
from sklearn.externals.joblib.numpy_pickle import load
import joblib as itself, pickle

def run(data):
    return [joblib is itself, again is itself, joblib.__name__, six.NAME,
            load.__module__, pickle.loads(b"csklearn.externals.joblib\\nNAME\\n.")]
"""


def test_sklearn_externals_map_to_the_packages_of_their_name(serve, python, tmp_path):
    site = tmp_path / "site"
    write_script(site, "", "sklearn/__init__.py")
    write_script(site, "", "sklearn/externals/__init__.py")
    write_script(site, "NAME = 'joblib'\n", "joblib/__init__.py")
    write_script(site, "def load(): pass\n", "joblib/numpy_pickle.py")
    write_script(site, "NAME = 'six'\n", "six.py")
    worker = serve(EXTERNALS.format(site=str(site)), python)

    assert worker.score("a").json == [
        True, True, "joblib", "six", "joblib.numpy_pickle", "joblib",
    ]  # fmt: skip


def test_the_real_sklearn_externals_are_left_alone(serve, python, tmp_path):
    site = tmp_path / "site"
    write_script(site, "", "sklearn/__init__.py")
    write_script(site, "", "sklearn/externals/__init__.py")
    write_script(site, "NAME = 'the real one'\n", "sklearn/externals/joblib.py")
    write_script(site, "NAME = 'another'\n", "joblib.py")
    worker = serve(
        f"""
        import sys
        sys.path.insert(0, {str(site)!r})
        from sklearn.externals import joblib

        def run(data):
            return joblib.NAME
        """,
        python,
    )

    assert worker.score("a").json == "the real one"


def test_a_missing_joblib_is_a_package_to_add(launch, tmp_path):
    site = tmp_path / "site"
    write_script(site, "", "sklearn/__init__.py")
    worker = launch(
        f"""
        import sys
        sys.path[:] = [p for p in sys.path if "site-packages" not in p]
        sys.path.insert(0, {str(site)!r})
        from sklearn.externals import joblib
        """
    )

    fault = worker.greet().head

    assert "add 'joblib' to the environment's packages" in json.dumps(fault)
    assert "Add 'joblib'" in fault["hint"]
