"""The run of a job whose Python has nothing of ours installed: the oldest and newest there."""

import subprocess
from pathlib import Path

import pytest

import modelyard_worker
from tests.e2e.harness import Yard
from tests.modelyard_worker.interpreters import found

SHIMS = Path(modelyard_worker.__file__).parent / "shims"
PYTHONS = list(found().values())

JOB = """
import io
from azureml.core import Run
from azureml.core.model import Model

run = Run.get_context()
run.log("acc", 0.5)
run.log("acc", float("inf"))
run.log_list("list", [1, 2])
run.log_row("row", a=1)
run.log_table("table", {"x": [1, 2]})
run.tag("k", "v")
open("m.txt", "w").write("weights")
run.upload_file("outputs/m.txt", "m.txt")
run.upload_file("stream.txt", io.BytesIO(b"bytes"))
run.upload_folder("given", "folder")
model = run.register_model("mine", "outputs/m.txt", tags={"a": 1})
child = run.child_run("kid")
child.log("deep", 1)
child.complete()
assert run.get_metrics()["acc"] == [0.5, float("inf")]
assert run.get_tags() == {"k": "v"}
assert open(Model.get_model_path("mine")).read() == "weights"
assert [r.id for r in Run.list(run.experiment)] == [run.id]
print(model.id)
run.complete()
"""


@pytest.fixture
def job(server: Yard, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("a")
    name = f"jobs{abs(hash(tmp_path)) % 10**9}"
    body = f'{{"name": "{name}"}}'.encode()
    json = {"Content-Type": "application/json"}
    server.call("POST", "/workspaces", body=body, headers=json)
    made = server.call(
        "POST", f"/workspaces/{name}/runs", body=b'{"experiment": "trials"}', headers=json
    )
    return {
        "MODELYARD_URL": server.url,
        "MODELYARD_TOKEN": server.token,
        "AZUREML_RUN_ID": made.json()["id"],
        "AZUREML_ARM_WORKSPACE_NAME": name,
        "PYTHONPATH": str(SHIMS),
    }


@pytest.mark.parametrize("python", [PYTHONS[0], PYTHONS[-1]], ids=["oldest", "newest"])
def test_a_job_reports_on_its_run(
    python: str, job: dict[str, str], server: Yard, tmp_path: Path
) -> None:
    done = subprocess.run(
        [str(python), "-c", JOB], env=job, capture_output=True, text=True, cwd=tmp_path
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "mine:1"
    base = f"/workspaces/{job['AZUREML_ARM_WORKSPACE_NAME']}/runs/{job['AZUREML_RUN_ID']}"
    assert server.call("GET", base).json()["status"] == "Completed"
    files = {f["path"] for f in server.call("GET", f"{base}/files").json()["items"]}
    assert files == {"outputs/m.txt", "stream.txt", "given/a.txt"}


def test_outside_a_job_the_run_is_kept_nowhere(tmp_path: Path) -> None:
    code = (
        "from azureml.core import Run\nrun = Run.get_context()\nrun.log('a', 1)\n"
        "assert run.get_metrics() == {'a': 1}\nrun.experiment"
    )

    done = subprocess.run(
        [str(PYTHONS[0]), "-c", code],
        env={"PYTHONPATH": str(SHIMS)}, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip

    assert "RunEnvironmentException" in done.stderr
    assert "submit the script" in done.stderr


def test_a_server_that_is_away_is_a_sentence(job: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import _modelyard_http, itertools, types\n"
        "minutes = itertools.count(0, 60)\n"  # it waits for two of them before it gives up
        "_modelyard_http.time = types.SimpleNamespace(\n"
        "    monotonic=lambda: next(minutes), sleep=lambda seconds: None)\n"
        "from azureml.core import Run\nRun.get_context()"
    )

    done = subprocess.run(
        [str(PYTHONS[-1]), "-c", code], env={**job, "MODELYARD_URL": "http://127.0.0.1:9"},
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip

    assert "http://127.0.0.1:9 does not answer" in done.stderr
