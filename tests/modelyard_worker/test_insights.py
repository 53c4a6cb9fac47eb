"""What scripts report by Microsoft's real package and by NVIDIA's name reaches the server."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

import modelyard_worker
from tests.modelyard_worker import interpreters
from tests.modelyard_worker.ingest import Ingest
from tests.modelyard_worker.worker import write_script
from tests.waiting import wait_until

PACKAGES = sysconfig.get_path("purelib")

TRACKS = """
import json
from applicationinsights import TelemetryClient

client = TelemetryClient("<insert appinsights key>")
client.track_metric("loaded", 1.0)

def run(data):
    client.track_metric("gpu", float(data))
    return {}
"""


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    server = Ingest()
    yield server
    server.close()


def metrics(ingest: Ingest) -> list[tuple[str, float, str]]:
    found = []
    for item in ingest.items:
        (point,) = item["data"]["baseData"]["metrics"]
        found.append((point["name"], point["value"], item["tags"].get("ai.operation.id", "")))
    return found


def test_the_packages_metrics_arrive_by_themselves_with_the_request_that_was_run(serve, ingest):
    worker = serve(TRACKS, MODELYARD_INGEST=ingest.address)

    for number in range(3):
        worker.score(str(number))

    wait_until(lambda: len(ingest.items) == 4)
    assert metrics(ingest) == [
        ("loaded", 1.0, ""),
        ("gpu", 0.0, "request-1"),
        ("gpu", 1.0, "request-2"),
        ("gpu", 2.0, "request-3"),
    ]
    assert {path for path, _ in ingest.posts} == {"/telemetry/key/v2/track"}


def test_a_request_of_a_trace_is_named_beside_it(serve, ingest):
    worker = serve(TRACKS, MODELYARD_INGEST=ingest.address)
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

    worker.score("1", trace=f"00-{trace}-{span}-01")

    wait_until(lambda: len(ingest.items) == 2)
    item = ingest.items[1]
    assert item["tags"]["ai.operation.id"] == trace
    assert item["tags"]["ai.operation.parentId"] == span
    assert item["data"]["baseData"]["properties"] == {"request_id": "request-1"}


def test_a_server_that_is_away_holds_nobody_up_and_gets_all_when_it_is_back(serve, ingest):
    ingest.statuses = [503, 500]
    worker = serve(TRACKS, MODELYARD_INGEST=ingest.address)

    worker.score("7")

    wait_until(lambda: len(ingest.posts) >= 3)
    assert not ingest.statuses
    _, last = ingest.posts[-1]
    assert [item["data"]["baseData"]["metrics"][0]["name"] for item in last] == ["loaded", "gpu"]


def test_a_metric_that_is_no_number_is_told_once_and_the_others_arrive(serve, ingest):
    worker = serve(TRACKS, MODELYARD_INGEST=ingest.address)

    for text in ("nan", "inf", "3"):
        worker.score(text)

    wait_until(lambda: len(ingest.items) == 2)
    assert [value for _, value, _ in metrics(ingest)] == [1.0, 3.0]
    assert worker.log.count("could not be taken") == 1


def test_a_sender_with_an_address_of_its_own_is_left_alone(serve, ingest):
    other = Ingest()
    script = f"""
from applicationinsights import TelemetryClient, channel

sender = channel.SynchronousSender("{other.address}/elsewhere")
queue = channel.SynchronousQueue(sender)
client = TelemetryClient("key", channel.TelemetryChannel(None, queue))

def run(data):
    client.track_metric("own", 1.0)
    client.flush()
    return {{}}
"""
    try:
        worker = serve(script, MODELYARD_INGEST=ingest.address)
        worker.score("1")

        assert [path for path, _ in other.posts] == ["/telemetry/key/elsewhere"]
        assert ingest.posts == []
    finally:
        other.close()


def test_without_an_address_the_package_stays_as_it_is(serve):
    script = """
from applicationinsights import channel

def run(data):
    return channel.SynchronousSender().service_endpoint_uri
"""
    assert serve(script).score("1").json == "https://dc.services.visualstudio.com/v2/track"


def as_job(tmp_path: Path, script: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    write_script(tmp_path, script, "train.py")
    root = Path(modelyard_worker.__file__).parents[1]
    path = [str(root), str(root / "modelyard_worker/shims"), PACKAGES]
    return subprocess.run(
        [sys.executable, "-S", "-m", "modelyard_worker.job", "train.py"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_job_that_ends_without_flushing_has_sent_all(tmp_path, ingest):
    script = TRACKS + "\nfor number in range(1200): client.track_metric('gpu', number)\n"

    done = as_job(tmp_path, script, MODELYARD_INGEST=ingest.address)

    assert done.returncode == 0, done.stderr
    assert [value for _, value, _ in metrics(ingest)] == [1.0, *range(1200)]


def test_flush_waits_until_all_has_arrived(tmp_path, ingest):
    script = TRACKS + "\nclient.flush()\nimport os\nos._exit(0)\n"

    done = as_job(tmp_path, script, MODELYARD_INGEST=ingest.address)

    assert done.returncode == 0, done.stderr
    assert len(ingest.items) == 1


def test_a_child_that_is_forked_sends_its_own_and_not_its_parents(tmp_path, ingest):
    script = TRACKS.replace("1.0", "11.0") + (
        "\nimport os\n"
        "pid = os.fork()\n"
        "client.track_metric('child' if pid == 0 else 'parent', 1)\n"
        "client.flush()\n"
        "if pid: os.waitpid(pid, 0)\n"
        "os._exit(0)\n"
    )

    done = as_job(tmp_path, script, MODELYARD_INGEST=ingest.address)

    assert done.returncode == 0, done.stderr
    assert sorted(name for name, _, _ in metrics(ingest)) == ["child", "loaded", "parent"]


LISTING = """
from applicationinsights import TelemetryClient
import nvidia_smi
nvidia_smi.nvmlInit()
# Get handle for card id 0
dev_handle = nvidia_smi.nvmlDeviceGetHandleByIndex(0)
res = nvidia_smi.nvmlDeviceGetUtilizationRates(dev_handle)
# Submit GPU metrics to AppInsights
tc = TelemetryClient("<insert appinsights key")
tc.track_metric("gpu", res.gpu)
tc.track_metric("gpu-gpu-mem", res.memory)
"""

CARD = """
from types import SimpleNamespace

def nvmlInit(): pass
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetUtilizationRates(handle): return SimpleNamespace(gpu=42, memory=7)
"""


def test_the_listing_with_nvidia_smi_runs_as_it_stands(tmp_path, ingest):
    write_script(tmp_path, CARD, "pynvml.py")  # NVIDIA's own needs a card

    done = as_job(tmp_path, LISTING, MODELYARD_INGEST=ingest.address)

    assert done.returncode == 0, done.stderr
    assert metrics(ingest) == [("gpu", 42, ""), ("gpu-gpu-mem", 7, "")]


def test_without_a_driver_nvidia_smi_says_so_in_nvidias_words(tmp_path):
    script = """
import nvidia_smi, json
try:
    nvidia_smi.nvmlInit()
except nvidia_smi.NVMLError as error:
    print(json.dumps([type(error).__name__, str(error), len(dir(nvidia_smi)) > 400]))
"""
    done = as_job(tmp_path, script)

    assert done.returncode == 0, done.stderr
    if done.stdout:  # with a driver there is no error
        said = ["NVMLError_LibraryNotFound", "NVML Shared Library Not Found", True]
        assert json.loads(done.stdout) == said


def test_without_nvidias_package_the_sentence_names_it(serve):
    python = interpreters.found().get("3.7")
    if python is None:
        pytest.skip("there is no Python 3.7 on this machine, whose environment is empty")
    script = """
def run(data):
    try:
        import nvidia_smi
    except ImportError as error:
        return str(error)
"""
    worker = serve(script, python, PYTHONNOUSERSITE="1")

    assert "add 'nvidia-ml-py' to its packages" in worker.score("1").json


def test_an_environment_keeps_its_own_nvidia_smi(tmp_path):
    write_script(tmp_path, "OWN = 'its own'", "nvidia_smi.py")

    done = as_job(tmp_path, "import nvidia_smi\nprint(nvidia_smi.OWN)")

    assert (done.returncode, done.stdout) == (0, "its own\n"), done.stderr
