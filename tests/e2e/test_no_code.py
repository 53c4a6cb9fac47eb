"""Models that are served without a script, from their training to their end."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

from modelyard import (
    CondaDependencies,
    Environment,
    Model,
    ResourceConfiguration,
    Webservice,
    Workspace,
)
from modelyard.sdk.errors import WebserviceException
from tests.e2e.harness import Yard
from tests.e2e.test_two_pythons import has_python


@pytest.fixture
def ws(sdk: Yard) -> Workspace:
    return Workspace.create("bare", exist_ok=True, show_output=False)


def serve(ws: Workspace, name: str, model: Model, **more: Any) -> Webservice:
    service = Model.deploy(ws, name, [model], overwrite=True, **more)
    service.wait_for_deployment()
    assert service.state == "Healthy"
    return service


def test_a_classifier_is_trained_registered_served_and_replaced_without_a_line_of_serving_code(
    ws: Workspace,
) -> None:
    table = load_iris(as_frame=True)
    rows = table.data.iloc[::30]
    classifier = LogisticRegression(max_iter=1000).fit(table.data, table.target)
    joblib.dump(classifier, "iris.joblib")
    model = Model.register(
        ws, "iris.joblib", "iris", model_framework=Model.Framework.SCIKITLEARN,
        sample_input_dataset=table.data, sample_output_dataset=table.target,
        resource_configuration=ResourceConfiguration(cpu=1, memory_in_gb=1), show_output=False,
    )  # fmt: skip

    service = serve(ws, "iris", model)
    records = rows.to_dict("records")

    by_rows = service.run(json.dumps({"data": rows.values.tolist(), "method": "predict"}))
    by_records = service.run({"data": records, "method": "predict"})
    likely = service.run({"data": rows.values.tolist()})
    answer = {"predict": classifier.predict(rows).tolist()}
    assert by_rows == by_records == answer
    assert list(likely) == ["predict_proba"]
    assert np.allclose(likely["predict_proba"], classifier.predict_proba(rows))

    # columns in any order; a wrong one is named
    turned = [dict(reversed(record.items())) for record in records]
    assert service.run({"data": turned, "method": "predict"}) == answer
    with pytest.raises(WebserviceException, match="petal width"):
        service.run({"data": [{k: v for k, v in records[0].items() if "petal width" not in k}]})

    regressor = LinearRegression().fit(table.data.to_numpy(), table.target)
    joblib.dump(regressor, "line.joblib")
    line = Model.register(
        ws, "line.joblib", "iris", model_framework="ScikitLearn", show_output=False
    )
    service.update(models=[line])
    service.wait_for_deployment()

    assert [m.version for m in service.models] == [line.version]
    found = service.run({"data": rows.values.tolist()})
    assert np.allclose(found["predict"], regressor.predict(rows.to_numpy()))
    service.delete()
    assert "iris" not in ws.webservices


def test_a_model_that_cannot_be_loaded_says_why_and_what_to_do(ws: Workspace) -> None:
    Path("broken.joblib").write_bytes(b"no pickle at all")
    model = Model.register(
        ws, "broken.joblib", "broken", model_framework="ScikitLearn", show_output=False
    )

    service = Model.deploy(ws, "broken", [model])

    with pytest.raises(WebserviceException, match=r"broken\.joblib"):
        service.wait_for_deployment()
    service.delete()


# --- every framework, in the environment that is chosen for it

FIT = {
    "LightGBM": """
import lightgbm, numpy
x = numpy.arange(80.0).reshape(40, 2)
lightgbm.LGBMRegressor(n_estimators=100, min_child_samples=1, verbose=-1).fit(
    x, x[:, 0]).booster_.save_model("model.lgb")
""",
    "XGBoost": """
import numpy, xgboost
x = numpy.arange(80.0).reshape(40, 2)
xgboost.XGBRegressor(n_estimators=5).fit(x, x[:, 0]).save_model("model.ubj")
""",
    "CatBoost": """
import catboost, numpy
x = numpy.arange(80.0).reshape(40, 2)
catboost.CatBoostRegressor(iterations=5, verbose=False, allow_writing_files=False).fit(
    x, x[:, 0]).save_model("model.cbm")
""",
    "Skops": """
import numpy, skops.io
from sklearn.linear_model import LinearRegression
x = numpy.arange(80.0).reshape(40, 2)
skops.io.dump(LinearRegression().fit(x, x[:, 0]), "model.skops")
""",
    "Onnx": """
import numpy
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression
x = numpy.arange(80, dtype=numpy.float32).reshape(40, 2)
open("model.onnx", "wb").write(
    to_onnx(LinearRegression().fit(x, x[:, 0]), x[:1]).SerializeToString())
""",
    "MLflow": """
import mlflow.sklearn, numpy
from sklearn.linear_model import LinearRegression
x = numpy.arange(80.0).reshape(40, 2)
mlflow.sklearn.save_model(LinearRegression().fit(x, x[:, 0]), "model", input_example=x[:2])
""",
}
TRAINS_WITH = {
    "LightGBM": ["lightgbm", "scikit-learn"],
    "XGBoost": ["xgboost", "scikit-learn"],
    "CatBoost": ["catboost"],
    "Skops": ["skops", "scikit-learn"],
    "Onnx": ["skl2onnx", "scikit-learn"],
    "MLflow": ["mlflow", "scikit-learn"],
}


def fit_with(ws: Workspace, server: Yard, python: str, packages: list[str], program: str) -> None:
    """Run a program in an environment of its own."""
    environment = Environment("trains")
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version=python, pip_packages=packages, pin_sdk_version=False
    )
    build = environment.build(ws).wait_for_completion(show_output=False).build
    interpreter = (
        Path(server.environment["MODELYARD_ENVIRONMENTS"]) / build.digest / "env/bin/python"
    )
    subprocess.run([interpreter, "-c", program], check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize("framework", FIT)
def test_each_framework_runs_in_what_is_chosen_for_it(
    sdk: Yard, ws: Workspace, framework: str
) -> None:
    fit_with(ws, sdk, "3.11", TRAINS_WITH[framework], FIT[framework])
    (file,) = Path().glob("model*")
    model = Model.register(ws, str(file), framework.lower(), show_output=False)

    service = serve(ws, framework.lower(), model)

    assert service.framework is not None
    assert service.framework.startswith(framework)
    found = service.run({"data": [[20.0, 21.0]]})
    (values,) = found.values()
    assert np.ravel(values)[0] == pytest.approx(20.0, abs=8)
    service.delete()
    shutil.rmtree(file) if file.is_dir() else file.unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "python"), [("0.24.2", "3.8"), ("1.1.3", "3.9"), ("1.3.2", "3.10")]
)
def test_scikit_learn_of_old_gets_the_python_and_numpy_of_its_time(
    sdk: Yard, ws: Workspace, version: str, python: str
) -> None:
    packages = [f"scikit-learn=={version}", "numpy<1.24", "scipy<1.9"]
    program = (
        "import joblib, numpy; from sklearn.linear_model import LinearRegression as L; "
        "x = numpy.arange(80.0).reshape(40, 2); joblib.dump(L().fit(x, x[:, 0]), 'old.pkl')"
    )
    if not has_python(python):
        pytest.skip(f"no Python {python} on this machine")
    fit_with(ws, sdk, python, packages, program)
    model = Model.register(
        ws, "old.pkl", "old", model_framework=Model.Framework.SCIKITLEARN,
        model_framework_version=version, show_output=False,
    )  # fmt: skip

    service = serve(ws, "old", model)

    assert service.framework == f"ScikitLearn {version}"
    assert service.run({"data": [[20, 21]]})["predict"] == pytest.approx([20.0])
    service.delete()
