"""From a request to a row of a file: script, ring, collector, SDK and command line."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

from modelyard import AksWebservice, Environment, InferenceConfig, Model, Webservice, Workspace
from modelyard.domain.errors import NotFound
from modelyard.sdk.inputs import Inputs
from tests.e2e.harness import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow  # a server, environments and services: a minute

SCRIPT = """
from azureml.monitoring import ModelDataCollector
import json

def init():
    global inputs_dc, prediction_dc
    inputs_dc = ModelDataCollector("best_model", designation="inputs", feature_names=["a", "b"])
    prediction_dc = ModelDataCollector("best_model", designation="predictions",
                                       feature_names=["sum"])

def run(data):
    rows = json.loads(data)["data"]
    correlations = inputs_dc.collect(rows)
    result = [[sum(row)] for row in rows]
    prediction_dc.collect(prediction_dc.add_correlations(result, correlations))
    return result
"""


@pytest.fixture
def ws(sdk: Yard) -> Workspace:
    return Workspace.create("lab", exist_ok=True, show_output=False)


def rows_come(service: Webservice, count: int) -> bool:
    return service.inputs.status().rows >= count


def test_a_script_with_collectors_has_its_rows_in_files_and_frames(
    ws: Workspace, server: Yard, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text(SCRIPT)
    plain = Environment("plain")
    plain.python.user_managed_dependencies = True
    script = InferenceConfig("score.py", source_directory=str(tmp_path / "src"), environment=plain)
    on = AksWebservice.deploy_configuration(collect_model_data=True, num_replicas=2)
    service = Model.deploy(ws, "sums", [], script, on, overwrite=True)
    service.wait_for_deployment()

    for number in range(20):
        service.run(json.dumps({"data": [[number, 0.5], [0, 0]]}))
    wait_until(lambda: rows_come(service, 80), 20)

    inputs = service.inputs.to_pandas()
    predictions = service.inputs.to_pandas("predictions")
    joined = inputs[inputs["a"] > 0].merge(predictions, on="$CorrelationId")
    assert max(inputs["a"]) == 19
    assert (
        joined.groupby("$CorrelationId")["sum"].max()
        == joined.groupby("$CorrelationId")["a"].max() + 0.5
    ).all()
    assert set(inputs["$ModelName"]) == {"best_model"}
    (id,) = {inputs["$RequestId"][0]}
    assert len(service.inputs.rows(request_id=id)) == 2

    argv = [sys.executable, "-m", "modelyard"]
    more = {"env": server.environment, "capture_output": True, "text": True, "check": True}
    listed = subprocess.run([*argv, "data", "list", "sums", "-w", "lab"], **more).stdout
    erased = subprocess.run(
        [*argv, "data", "erase", "sums", "a", "19", "-w", "lab"], **more
    ).stdout
    traced = subprocess.run([*argv, "trace", id], **more).stdout
    assert re.search(r'inputs: {"a":0,"b":0.5}', traced)
    assert re.search(r'predictions: {"sum":0.5}', traced)
    assert re.search(r"inputs +best_model", listed)
    assert erased == "Erased 1 rows from 1 files.\n"
    assert max(service.inputs.to_pandas()["a"]) == 18
    assert all(file.sealed and Path(file.path).is_file() for file in service.inputs.files())

    service.update(collect_model_data=False)
    service.wait_for_deployment()
    before = service.inputs.status().rows
    service.run(json.dumps({"data": [[100, 1]]}))
    service.delete()
    assert service.inputs.status().rows == before


def test_a_model_without_a_script_is_collected_by_its_signature(ws: Workspace) -> None:
    table = load_iris(as_frame=True)
    joblib.dump(LogisticRegression(max_iter=1000).fit(table.data, table.target), "iris.joblib")
    model = Model.register(
        ws, "iris.joblib", "iris", model_framework=Model.Framework.SCIKITLEARN,
        sample_input_dataset=table.data, sample_output_dataset=table.target, show_output=False,
    )  # fmt: skip
    on = Webservice.deploy_configuration(collect_model_data=True)
    service = Model.deploy(ws, "iris", [model], deployment_config=on, overwrite=True)
    service.wait_for_deployment()

    for _ in range(5):
        service.run({"data": table.data.iloc[::50].to_numpy().tolist()})
    wait_until(lambda: rows_come(service, 30), 20)

    inputs = service.inputs.to_pandas()
    outputs = service.inputs.to_pandas("predictions")
    assert list(inputs.columns)[5:9] == list(table.data.columns)
    assert (
        inputs[table.data.columns].iloc[:3].to_numpy() == table.data.iloc[::50].to_numpy()
    ).all()
    assert set(outputs["$CorrelationId"]) == set(inputs["$RequestId"])
    assert len(set(inputs["$RequestId"])) == 5
    assert set(inputs["$ModelVersion"]) == {str(model.version)}


def test_rows_of_requests_that_were_run_together_are_each_under_their_own_id(
    ws: Workspace,
) -> None:
    joblib.dump(LinearRegression().fit([[0.0, 1], [1, 0], [2, 2]], [1.0, 2, 3]), "line.joblib")
    model = Model.register(
        ws, "line.joblib", "line", model_framework=Model.Framework.SCIKITLEARN,
        sample_input_dataset=np.array([[0.5, 1.5], [2.5, 3.5]]), show_output=False,
    )  # fmt: skip
    on = Webservice.deploy_configuration(collect_model_data=True, workers=2, preload=True)
    service = Model.deploy(ws, "line", [model], deployment_config=on, overwrite=True)
    service.wait_for_deployment()

    with ThreadPoolExecutor(12) as threads:
        bodies = [{"data": [[float(number), 1.0]] * (1 + number % 2)} for number in range(300)]
        list(threads.map(service.run, bodies))
    wait_until(lambda: rows_come(service, 900), 20)

    inputs = service.inputs.to_pandas()
    found = [set(rows["input-0_0"]) for _, rows in inputs.groupby("$RequestId")]
    together = ws.telemetry.query(
        "SELECT max(batchSize) AS n FROM requests WHERE service = 'line'"
    )
    assert sorted(value for values in found for value in values) == [float(n) for n in range(300)]
    assert service.inputs.to_pandas("predictions")["$RequestId"].nunique() == 300
    assert together.rows[0]["n"] > 1


def test_a_service_that_collects_nothing_says_what_to_do(ws: Workspace) -> None:
    with pytest.raises(NotFound, match="collect_model_data=True"):
        Inputs(ws.service_context, ws.name, "nobody").to_pandas()
