"""What scripts and others' packages report reaches the collector through the one port."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from modelyard import Environment, Experiment, InferenceConfig, Model, ScriptRunConfig, Workspace
from modelyard.sdk.conda_dependencies import CondaDependencies
from tests.e2e.harness import Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SCORE = """
from applicationinsights import TelemetryClient

def init():
    global client
    client = TelemetryClient("<insert appinsights key>")

def run(data):
    client.track_metric("asked", 1.0)
    return {}
"""

# as the tutorial printed it, but for the card: the machine of the test may have none
LISTING = """
from applicationinsights import TelemetryClient
import nvidia_smi
try:
    nvidia_smi.nvmlInit()
    dev_handle = nvidia_smi.nvmlDeviceGetHandleByIndex(0)
    res = nvidia_smi.nvmlDeviceGetUtilizationRates(dev_handle)
    gpu, memory = res.gpu, res.memory
except nvidia_smi.NVMLError as error:
    print(type(error).__name__)
    gpu, memory = 0, 0
tc = TelemetryClient("<insert appinsights key")
tc.track_metric("gpu", gpu)
tc.track_metric("gpu-gpu-mem", memory)
"""

SENDS = """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
with provider.get_tracer("x").start_as_current_span("from outside"):
    pass
provider.shutdown()
"""


@pytest.fixture
def environment() -> Environment:
    made = Environment("reporting")
    made.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["applicationinsights", "nvidia-ml-py"]
    )
    return made


def samples(server: Yard) -> list[tuple[str, dict[str, str], float]]:
    """What Prometheus would see: without a token, on loopback."""
    page = server.http.request("GET", f"{server.url}/metrics")
    assert page.status == 200, page.data
    families = text_string_to_metric_families(page.data.decode())
    return [(s.name, s.labels, s.value) for family in families for s in family.samples]


def value(server: Yard, sample: str, /, **labels: str) -> float | None:
    found = [v for n, have, v in samples(server) if n == sample and labels.items() <= have.items()]
    return sum(found) if found else None


def test_a_service_that_tracks_is_seen_by_prometheus(
    sdk: Yard, tmp_path: Path, environment: Environment
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/score.py").write_text(SCORE)
    ws = Workspace.create("watched", exist_ok=True, show_output=False)
    config = InferenceConfig(
        entry_script="score.py", source_directory=str(tmp_path / "app"), environment=environment
    )
    service = Model.deploy(ws, "reports", [], config)
    service.wait_for_deployment()

    for _ in range(5):
        service.run(json.dumps({"data": 1}))

    of = {"service_namespace": "watched", "service_name": "reports"}
    wait_until(lambda: value(sdk, "ml_custom_metric_sum", name="asked", **of) == 5.0)
    wait_until(lambda: value(sdk, "http_server_request_duration_seconds_count", **of) == 5.0)
    wait_until(lambda: (value(sdk, "process_memory_usage_bytes", **of) or 0) > 10e6)
    assert (value(sdk, "process_count", **of) or 0) >= 2


def test_the_tutorials_listing_runs_as_a_job(
    sdk: Yard, tmp_path: Path, environment: Environment
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/gpu.py").write_text(LISTING)
    ws = Workspace.create("watched", exist_ok=True, show_output=False)
    config = ScriptRunConfig(str(tmp_path / "src"), script="gpu.py", environment=environment)

    run = Experiment(ws, "watch").submit(config)
    run.wait_for_completion()

    wait_until(lambda: value(sdk, "ml_custom_metric_count", name="gpu-gpu-mem") is not None)


def send(server: Yard, **told: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", SENDS],
        env={"PATH": os.environ["PATH"], "OTEL_EXPORTER_OTLP_ENDPOINT": server.url, **told},
        capture_output=True,
        text=True,
        check=True,
    )


def test_opentelemetrys_sdk_sends_with_the_api_token_and_not_without(server: Yard) -> None:
    refused = send(server)
    sent = send(server, OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer%20{server.token}")

    assert "401" in refused.stderr
    assert sent.stderr == ""
    wait_until(lambda: value(server, "ml_collector_rows_total", table="dependencies") == 1.0)


def test_microsofts_package_sends_with_the_homes_ingest_key(server: Yard) -> None:
    key = (server.home / "ingest.key").read_text().strip()
    envelope: dict[str, Any] = {
        "iKey": key,
        "data": {
            "baseType": "EventData",
            "baseData": {"name": "won"},
        },
    }

    taken = server.http.request("POST", f"{server.url}/v2/track", body=json.dumps([envelope]))
    envelope["iKey"] = "wrong"
    refused = server.http.request("POST", f"{server.url}/v2/track", body=json.dumps([envelope]))

    assert (taken.status, taken.json()["itemsAccepted"]) == (200, 1)
    assert refused.status == 400
    assert "ingest.key" in refused.json()["errors"][0]["message"]
