"""A client that openapi-python-client makes of the live document calls the service."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client_environments import bin_of
from tests.serving.fronts import Front
from tests.serving.protocols.ports import port_of

pytestmark = pytest.mark.slow

PROGRAM = """
import json, sys
from prices_client import Client
from prices_client.api.open_inference_protocol import get_model_metadata, infer
from prices_client.api.health import get_health
from prices_client.api.scoring import score
from prices_client.models import DataframeRecordsRequest, Record, RowsRequest, ScoreRequest
from prices_client.models import V2InferInput, V2InferRequest
from prices_client.models import V2InferInputDatatype as Datatype
client = Client(base_url=sys.argv[1])
record = Record(age=1.0, height=2.0, weight=3.0)
scored = score.sync(client=client, body=ScoreRequest(data=[record]))
rows = score.sync(client=client, body=RowsRequest(data=[[1.0, 2.0, 3.0]]))
mlflow = score.sync(client=client, body=DataframeRecordsRequest(dataframe_records=[record]))
model = get_model_metadata.sync("people", client=client)
inputs = [V2InferInput(name=n, datatype=Datatype.FP64, shape=[1], data=[1.0])
          for n in ("age", "height", "weight")]
inferred = infer.sync("people", client=client, body=V2InferRequest(inputs=inputs))
print(json.dumps([scored.to_dict(), rows.to_dict(), mlflow.to_dict(), model.to_dict()["name"],
                  inferred.to_dict()["outputs"][0]["data"]]))
"""


def test_a_generated_client_calls_the_service(linear: Front, tmp_path: Path) -> None:
    programs = bin_of("openapi")

    with port_of(linear.socket) as port:
        address = f"http://127.0.0.1:{port}"
        made = subprocess.run(
            [programs / "openapi-python-client", "generate", "--url", f"{address}/openapi.json",
             "--meta", "none", "--output-path", tmp_path / "prices_client"],
            check=True, capture_output=True, text=True, cwd=tmp_path,
            env={"PATH": f"{Path(sys.executable).parent}:{programs}:/usr/bin:/bin"},
        )  # fmt: skip
        done = subprocess.run(
            [programs / "python", "-c", PROGRAM, address],
            capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    warnings = re.findall(r"^(?:Unsupported|Invalid|Cannot|Skipping).*", made.stdout, re.MULTILINE)
    assert all(line.startswith("Unsupported content type") for line in warnings), warnings
    scored, rows, mlflow, name, data = json.loads(done.stdout)
    assert scored == rows == {"predict": [pytest.approx(14.5)]}
    assert mlflow == {"predictions": [pytest.approx(14.5)]}
    assert name == "people"
    assert data == [pytest.approx(6.5)]
