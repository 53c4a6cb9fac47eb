import io
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from modelyard import Experiment, Run, Workspace
from modelyard.sdk.errors import (
    ActivityFailedException,
    RunEnvironmentException,
    UserErrorException,
)
from modelyard.sdk.offline_runs import OfflineRun
from modelyard.sdk.script_runs import ScriptRunConfig
from tests.e2e.harness import Yard


@pytest.fixture
def exp(ws: Workspace) -> Experiment:
    return Experiment(ws, "trials")


def test_an_interactive_run_keeps_metrics_in_azures_shapes(exp: Experiment) -> None:
    run = exp.start_logging(snapshot_directory=None)

    run.log("loss", np.float64(0.5))
    run.log("loss", 0.25, step=2)
    run.log("text", "begun")
    run.log("bad", math.nan)
    run.log_list("list", range(3))
    run.log_row("row", x=1, y="a")
    run.log_table("table", {"x": [1, 2]})
    run.complete()

    metrics = Run.get(exp.workspace, run.id).get_metrics()
    assert math.isnan(metrics.pop("bad"))
    assert metrics == {
        "loss": [0.5, 0.25],
        "text": "begun",
        "list": [0, 1, 2],
        "row": {"x": 1, "y": "a"},
        "table": {"x": [1, 2]},
    }
    assert run.get_status() == "Completed"


def test_outputs_are_made_here_and_what_appears_in_them_is_kept(exp: Experiment) -> None:
    Path("outputs").mkdir()
    Path("outputs/old.txt").write_text("from another run")

    run = exp.start_logging(snapshot_directory=None)
    Path("outputs/sub").mkdir()
    Path("outputs/sub/model.pkl").write_bytes(b"model")
    run.complete()

    assert run.get_file_names() == ["outputs/sub/model.pkl"]


def test_a_snapshot_of_the_folder_is_taken_and_can_be_laid_out_again(exp: Experiment) -> None:
    Path("train.py").write_text("print(1)")
    Path("data.csv").write_text("x")
    Path(".amlignore").write_text("*.csv\n")

    run = exp.start_logging()
    folder = run.restore_snapshot(path="again")
    run.complete()

    assert [p.name for p in Path(folder).iterdir()] == ["train.py"]


def test_a_snapshot_over_the_limit_is_refused_with_azures_sentence(exp: Experiment) -> None:
    with Path("big.bin").open("wb") as file:
        file.truncate(301 * 1024 * 1024)

    with pytest.raises(UserErrorException, match=r"exceeds the limit of 300\.0 MB"):
        exp.start_logging()


def test_as_a_context_manager_it_completes_or_fails(exp: Experiment) -> None:
    with exp.start_logging(snapshot_directory=None, outputs=None) as good:
        good.log("x", 1)
    with (
        pytest.raises(ZeroDivisionError),
        exp.start_logging(snapshot_directory=None, outputs=None) as bad,
    ):
        _ = 1 / 0

    assert good.get_status() == "Completed"
    assert bad.get_status() == "Failed"
    assert "ZeroDivisionError" in str(bad.get_details()["error"])


def test_runs_are_listed_newest_first_and_filtered(exp: Experiment) -> None:
    ids = []
    for number in range(3):
        run = exp.start_logging(snapshot_directory=None, outputs=None)
        run.tag("number", number)
        ids.append(run.id)
        if number:
            run.complete()

    assert [r.id for r in Run.list(exp)] == ids[::-1]
    assert [r.id for r in Run.list(exp, status="Completed")] == [ids[2], ids[1]]
    assert [r.id for r in Run.list(exp, tags={"number": "0"})] == [ids[0]]
    assert [r.id for r in exp.get_runs(tags="number")] == ids[::-1]


def test_children_are_below_their_parent_and_not_among_the_runs(exp: Experiment) -> None:
    run = exp.start_logging(snapshot_directory=None, outputs=None)
    first, second = run.create_children(count=2)
    grandchild = second.child_run("deep")
    grandchild.log("x", 1)
    grandchild.complete()

    assert [c.id for c in run.get_children()] == [second.id, first.id]
    assert {c.id for c in run.get_children(recursive=True)} == {
        first.id, second.id, grandchild.id,
    }  # fmt: skip
    assert [r.id for r in Run.list(exp)] == [run.id]
    assert run.get_metrics(recursive=True)[grandchild.id] == {"x": 1}
    assert grandchild.parent is not None
    assert grandchild.parent.id == second.id


def test_tags_change_and_properties_stay(exp: Experiment) -> None:
    run = exp.start_logging(snapshot_directory=None, outputs=None)
    run.set_tags({"a": 1, "b": 2})
    run.remove_tags(["a"])
    run.add_properties({"p": 1})

    with pytest.raises(UserErrorException, match="'p'"):
        run.add_properties({"p": 2})

    assert run.get_tags() == {"b": "2"}
    assert run.get_properties() == {"p": "1"}


def test_files_are_sent_and_fetched_by_normalised_names(exp: Experiment, tmp_path: Path) -> None:
    run = exp.start_logging(snapshot_directory=None, outputs=None)
    Path("folder/in").mkdir(parents=True)
    Path("folder/in/a.txt").write_text("a")

    run.upload_file("./outputs/s.txt", io.BytesIO(b"stream"))
    run.upload_folder("given", "folder")
    run.download_file("./outputs/s.txt")
    run.download_files(prefix="given", output_directory="all")
    run.download_file("given/in/a.txt", "renamed.txt")

    assert Path("s.txt").read_text() == "stream"
    assert Path("all/given/in/a.txt").read_text() == "a"
    assert Path("renamed.txt").read_text() == "a"
    with pytest.raises(UserErrorException, match=r"given/in/a\.txt"):
        run.download_file("nothing.txt")


def test_an_image_is_kept_as_a_file_and_a_metric(exp: Experiment) -> None:
    class Figure:
        def savefig(self, target: io.BytesIO, format: str) -> None:
            target.write(b"PNG")

    run = exp.start_logging(snapshot_directory=None, outputs=None)
    run.log_image("curve", plot=Figure())

    name = run.get_metrics()["curve"].rsplit("/", 1)[-1]
    run.download_file(name, "curve.png")
    assert Path("curve.png").read_bytes() == b"PNG"


def test_a_model_is_registered_from_the_runs_files(exp: Experiment) -> None:
    run = exp.start_logging(snapshot_directory=None)
    Path("outputs/model.pkl").write_bytes(b"m")

    model = run.register_model("m", "outputs/model.pkl", tags={"k": 1})

    assert (model.id, model.run_id, model.tags) == ("m:1", run.id, {"k": "1"})
    assert model.run is not None
    assert Path(model.download("there")).read_bytes() == b"m"
    with pytest.raises(Exception, match=r"outputs/model\.pkl"):
        run.register_model("m", "outputs/other.pkl")


def test_details_have_azures_keys(exp: Experiment) -> None:
    run = exp.start_logging(snapshot_directory=None, outputs=None)
    run.complete()

    details = run.get_details()

    assert {"runId", "target", "status", "startTimeUtc", "endTimeUtc", "properties",
            "inputDatasets", "outputDatasets", "runDefinition", "logFiles",
            "submittedBy"} <= set(details)  # fmt: skip
    assert run.get_portal_url().endswith(f"/runs/{run.id}")


def test_waiting_for_a_run_that_failed_raises_why(exp: Experiment) -> None:
    run = exp.start_logging(snapshot_directory=None, outputs=None)
    run.fail("the disk was full")

    with pytest.raises(ActivityFailedException, match="the disk was full"):
        run.wait_for_completion()
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"


def test_outside_a_job_the_context_is_an_offline_run(
    sdk: Yard, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.get_context()
    run.log("a", 1)
    run.tag("x", 2)

    assert isinstance(run, OfflineRun)
    assert run.id.startswith("OfflineRun_")
    assert run.get_metrics() == {"a": 1}
    assert "Attempted to log scalar metric a" in capsys.readouterr().out
    with pytest.raises(RunEnvironmentException, match="start_logging"):
        _ = run.experiment
    with pytest.raises(RunEnvironmentException):
        Run.get_context(allow_offline=False)


def test_inside_a_job_the_context_is_the_jobs_run(
    exp: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exp.start_logging(snapshot_directory=None, outputs=None)
    monkeypatch.setenv("AZUREML_RUN_ID", run.id)
    monkeypatch.setenv("AZUREML_ARM_WORKSPACE_NAME", exp.workspace.name)

    context = Run.get_context()

    assert context.id == run.id
    assert context.experiment.name == "trials"


def test_metrics_of_a_script_that_ends_without_completing_are_stored(
    exp: Experiment, sdk: Yard
) -> None:
    code = (
        "from modelyard import *\nfrom modelyard import Workspace, Experiment\n"
        f"run = Experiment(Workspace.get({exp.workspace.name!r}), 'trials').start_logging("
        "snapshot_directory=None, outputs=None)\nprint(run.id)\nrun.log('last', 7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=sdk.environment, capture_output=True, text=True
    )

    run = Run.get(exp.workspace, done.stdout.split()[-1])
    assert run.get_metrics() == {"last": 7}


def test_a_submitted_script_runs_in_a_process_of_its_own(exp: Experiment) -> None:
    Path("src").mkdir()
    Path("src/train.py").write_text(
        "import sys\nfrom azureml.core import Run\nrun = Run.get_context()\n"
        "run.log('alpha', float(sys.argv[2]))\nopen('outputs/m.txt', 'w').write('m')\n"
        "print('trained', run.experiment.name)\n"
    )

    run = exp.submit(ScriptRunConfig("src", "train.py", ["--alpha", 0.5]))
    details = run.wait_for_completion()

    assert details["status"] == "Completed"
    assert run.get_metrics() == {"alpha": 0.5}
    assert "outputs/m.txt" in run.get_file_names()
    run.download_file("user_logs/std_log.txt")
    assert "trained trials" in Path("std_log.txt").read_text()


def test_a_submitted_script_that_fails_says_so(exp: Experiment) -> None:
    Path("src").mkdir()
    Path("src/train.py").write_text("raise SystemExit('no data')")

    run = exp.submit(ScriptRunConfig("src", "train.py"))

    with pytest.raises(ActivityFailedException, match="no data"):
        run.wait_for_completion()
