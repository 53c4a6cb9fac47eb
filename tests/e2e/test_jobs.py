"""Scripts that the server runs: they report, fail, are cancelled, and outlive their server."""

import os
import signal
import textwrap
from pathlib import Path

import pytest

from modelyard import Environment, Experiment, Model, Run, ScriptRunConfig, Workspace
from modelyard.domain.jobs import job_key
from modelyard.sdk.conda_dependencies import CondaDependencies
from modelyard.sdk.errors import ActivityFailedException, ExperimentExecutionException
from tests.e2e.harness import Yard, yard
from tests.e2e.test_two_pythons import has_python
from tests.waiting import wait_until

TRAIN = """
import argparse, os
from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float)
alpha = parser.parse_args().alpha
run = Run.get_context()
print("training with", alpha, "as", run.id)
for step in range(3):
    run.log("loss", alpha / (step + 1))
run.log_row("fit", slope=2.0, intercept=1.0)
os.makedirs("outputs/model", exist_ok=True)
with open("outputs/model/weights.txt", "w") as file:
    file.write("2 1")
with open("logs/train.log", "w") as file:
    file.write("went well")
model = run.register_model("line", "outputs/model", tags={"alpha": alpha})
print("registered", model.name, model.version)
run.complete()
print("goodbye")
"""
WAIT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("waiting with", child.pid, flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
child.kill()
with open("outputs/done.txt", "w") as file:
    file.write("done")
"""


@pytest.fixture
def experiment(sdk: Yard) -> Experiment:
    return Experiment(Workspace.create("jobs", exist_ok=True, show_output=False), "train")


@pytest.fixture
def environment() -> Environment:
    """Nothing but Python: what reports on the run is not installed."""
    made = Environment("bare")
    made.python.conda_dependencies = CondaDependencies.create(
        python_version="3.11", pip_packages=["six==1.17.0"]
    )
    return made


def submit(
    experiment: Experiment, script: str, *arguments: object, environment: Environment | None = None
) -> Run:
    folder = Path("source")
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(textwrap.dedent(script))
    config = ScriptRunConfig(str(folder), "train.py", [*arguments], environment=environment)
    return experiment.submit(config, tags={"from": "test"})


def prints(run: Run, text: str) -> None:
    """Wait until the job has printed that."""

    def log() -> str:
        target = f"/workspaces/jobs/runs/{run.id}/log"
        return run._client.request("GET", target).data.decode()

    wait_until(lambda: text in log(), 60, what=f"{text!r} in the log")


def pids_of(server: Yard, run: Run) -> list[int]:
    """The script's processes."""
    mark = f"MODELYARD_JOB={job_key('jobs', run.id)}".encode()
    found = []
    for process in server.processes():
        try:
            if mark in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"):
                found.append(process.pid)
        except OSError:
            continue
    return found


def runner_of(server: Yard, run: Run) -> int:
    (pid,) = [p for p in server.pids("modelyard.bootstrap.job") if p in server.pids(run.id)]
    return pid


def test_a_job_reports_is_collected_and_registers_models(
    experiment: Experiment, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit(experiment, TRAIN, "--alpha", 0.5, environment=environment)

    details = run.wait_for_completion(show_output=True)

    shown = capsys.readouterr().out
    assert f"training with 0.5 as {run.id}" in shown
    assert shown.count("goodbye") == 1
    assert details["status"] == "Completed"
    assert details["runDefinition"]["arguments"] == ["--alpha", "0.5"]
    assert details["runDefinition"]["environment"]["name"] == "bare"
    assert set(details["logFiles"]) == {"logs/train.log", "user_logs/std_log.txt"}
    metrics = run.get_metrics()
    assert metrics["loss"] == [0.5, 0.25, pytest.approx(0.1666667)]
    assert metrics["fit"] == {"slope": 2.0, "intercept": 1.0}
    assert "outputs/model/weights.txt" in run.get_file_names()
    inside = Model(experiment.workspace, "line")
    assert (inside.run_id, inside.tags) == (run.id, {"alpha": "0.5"})
    outside = run.register_model("line", "outputs/model")
    assert outside.version == inside.version + 1
    logs = run.get_details_with_logs()["logFiles"]
    assert logs["logs/train.log"] == "went well"
    assert f"registered line {inside.version}" in logs["user_logs/std_log.txt"]


def test_nothing_of_an_ended_job_is_left(experiment: Experiment, server: Yard) -> None:
    run = submit(experiment, "print('here')")
    run.wait_for_completion()

    wait_until(lambda: not list((server.home / "jobs").iterdir()), what="its folder to go")
    wait_until(lambda: not server.pids("modelyard.bootstrap.job"), what="its runner to go")
    assert f"job-jobs.{run.id}" not in (server.home / "run" / "desired.json").read_text()


def test_a_script_that_raises_fails_with_file_line_and_message(experiment: Experiment) -> None:
    run = submit(experiment, "x = 1\nprint('so far')\nraise ValueError('no such data')\n")

    with pytest.raises(ActivityFailedException, match=r"ValueError: no such data \(train.py") as e:
        run.wait_for_completion()

    assert "line 3" in str(e.value)
    error = run.get_details()["error"]["error"]
    assert (error["type"], error["file"], error["line"]) == ("ValueError", "train.py", 3)
    assert "no such data" in error["traceback"]
    assert "modelyard_worker" not in error["traceback"]
    assert "so far" in run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; print('bye'); sys.exit(3)", "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ("from azureml.core import Run; Run.get_context().fail('too few rows')", "too few rows"),
        ("import no_such_module", "no_such_module"),
    ],
    ids=["an exit code", "a signal", "its own word", "a missing module"],
)
def test_every_way_to_fail_is_told(experiment: Experiment, script: str, said: str) -> None:
    run = submit(experiment, script)

    with pytest.raises(ActivityFailedException, match=said):
        run.wait_for_completion()

    assert run.status == "Failed"


def test_a_job_whose_environment_cannot_be_built_fails_with_the_resolvers_words(
    experiment: Experiment,
) -> None:
    impossible = Environment("impossible")
    impossible.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["six==0.0.0.dev1"]
    )

    run = submit(experiment, "print('never')", environment=impossible)

    with pytest.raises(ActivityFailedException, match="six"):
        run.wait_for_completion()
    assert run.get_details()["error"]["error"]["code"] == "EnvironmentBuildFailed"


def test_a_cancelled_job_ends_with_all_that_it_started(
    experiment: Experiment, server: Yard
) -> None:
    run = submit(experiment, WAIT, "/nowhere")
    prints(run, "waiting with")
    assert len(pids_of(server, run)) == 2

    run.cancel()

    with pytest.raises(ActivityFailedException, match="Canceled"):
        run.wait_for_completion()
    assert pids_of(server, run) == []
    assert "waiting with" in run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]


def test_nothing_is_lost_when_the_control_plane_is_killed_meanwhile(
    experiment: Experiment, server: Yard, tmp_path: Path
) -> None:
    script = (
        "from azureml.core import Run\nrun = Run.get_context()\nrun.log('before', 1)\nrun.flush()"
        + WAIT
        + "run.log('after', 2)\n"
    )
    run = submit(experiment, script, tmp_path / "go")
    prints(run, "waiting with")
    control = server.pids("modelyard.bootstrap.control")

    for pid in control:
        os.kill(pid, signal.SIGKILL)
    (tmp_path / "go").touch()  # the script ends while the server is away

    wait_until(lambda: server.call("GET", "/health").status == 200, 30)
    assert run.wait_for_completion()["status"] == "Completed"
    log = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert run.get_metrics() == {"before": 1, "after": 2}, log
    assert "outputs/done.txt" in run.get_file_names()


def test_a_job_goes_on_without_its_supervisor(
    experiment: Experiment, server: Yard, tmp_path: Path
) -> None:
    run = submit(experiment, WAIT, tmp_path / "go")
    prints(run, "waiting with")
    before = pids_of(server, run)

    for pid in server.pids("modelyard.supervisor"):
        os.kill(pid, signal.SIGKILL)
    server.up()

    assert pids_of(server, run) == before
    (tmp_path / "go").touch()
    assert run.wait_for_completion()["status"] == "Completed"


def test_a_job_whose_runner_is_killed_fails_and_says_so(
    experiment: Experiment, server: Yard
) -> None:
    run = submit(experiment, WAIT, "/nowhere")
    prints(run, "waiting with")

    os.kill(runner_of(server, run), signal.SIGKILL)

    with pytest.raises(ActivityFailedException, match=r"killed by signal 9 \(SIGKILL\)"):
        run.wait_for_completion()
    assert pids_of(server, run) == []
    assert "waiting with" in run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]


def test_a_script_that_takes_too_long_is_ended(experiment: Experiment, server: Yard) -> None:
    Path("source").mkdir()
    Path("source/train.py").write_text(WAIT)
    config = ScriptRunConfig("source", "train.py", ["/nowhere"], max_run_duration_seconds=1)

    run = experiment.submit(config)

    with pytest.raises(ActivityFailedException, match="after 1 s, the longest it may run"):
        run.wait_for_completion()
    assert run.status == "Canceled"
    assert pids_of(server, run) == []


def test_a_command_runs_with_the_programs_of_its_environment(
    experiment: Experiment, environment: Environment
) -> None:
    Path("source").mkdir()
    Path("source/part.py").write_text("import six, sys; print('six', six.__version__, sys.argv)")
    command = ["python", "part.py", "--x", 1, "&&", "ls"]

    run = experiment.submit(ScriptRunConfig("source", command=command, environment=environment))

    run.wait_for_completion()
    log = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert log.splitlines() == [
        "six 1.17.0 ['part.py', '--x', '1']",
        "logs",
        "outputs",
        "part.py",
    ]


def test_a_job_that_is_stopped_with_its_server_says_so(tmp_path: Path, monkeypatch) -> None:
    with yard(tmp_path / "yard") as server:
        monkeypatch.setenv("MODELYARD_HOME", str(server.home))
        monkeypatch.chdir(tmp_path)
        workspace = Workspace.create("jobs", show_output=False)
        run = submit(Experiment(workspace, "train"), WAIT, "/nowhere")
        prints(run, "waiting with")

        server.down()
        server.up()

        with pytest.raises(ActivityFailedException, match="server was stopped"):
            run.wait_for_completion()
        log = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
        assert "waiting with" in log
        assert pids_of(server, run) == []


def test_a_script_that_is_not_there_is_refused_at_once(experiment: Experiment) -> None:
    Path("empty").mkdir()
    Path("empty/other.py").write_text("")
    config = ScriptRunConfig("empty", "other.py")
    config.script = "train.py"

    with pytest.raises(ExperimentExecutionException, match=r"no script 'train.py'.*other.py"):
        experiment.submit(config)


def test_a_job_cannot_reach_other_workspaces(experiment: Experiment) -> None:
    Workspace.create("private", exist_ok=True, show_output=False)
    script = """
        import os, urllib.error, urllib.request
        def ask(path):
            url = os.environ["MODELYARD_URL"] + "/api/v1" + path
            token = {"Authorization": "Bearer " + os.environ["MODELYARD_TOKEN"]}
            try:
                return urllib.request.urlopen(urllib.request.Request(url, headers=token)).status
            except urllib.error.HTTPError as error:
                return error.code
        print("own", ask("/workspaces/jobs/models"), "other", ask("/workspaces/private/models"))
        """

    run = submit(experiment, script)

    run.wait_for_completion()
    log = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert log.strip() == "own 200 other 403"


@pytest.mark.parametrize("python", ["3.7", "3.8", "3.12"])
def test_a_job_reports_from_other_pythons(experiment: Experiment, python: str) -> None:
    if not has_python(python):
        pytest.skip(f"no Python {python} here")
    environment = Environment("bare" + python.replace(".", ""))
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version=python, pip_packages=["six==1.16.0"]
    )

    run = submit(
        experiment,
        "import sys\nprint('python', '%d.%d' % sys.version_info[:2])\n" + TRAIN,
        "--alpha",
        "1",
        environment=environment,
    )

    run.wait_for_completion()
    assert run.get_metrics()["fit"] == {"slope": 2.0, "intercept": 1.0}
    log = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert log.startswith(f"python {python}\n")


def test_a_child_is_submitted_below_its_run(experiment: Experiment) -> None:
    Path("source").mkdir()
    Path("source/train.py").write_text("print('child')")
    with experiment.start_logging(snapshot_directory=None, outputs=None) as parent:
        child = parent.submit_child(ScriptRunConfig("source", "train.py"))
        child.wait_for_completion()

    assert child.parent is not None
    assert child.parent.id == parent.id
    assert [c.id for c in parent.get_children()] == [child.id]


def test_more_jobs_than_cores_wait_for_their_turn(
    experiment: Experiment, server: Yard, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    cores = int(server.call("GET", "/status").json()["cores"])
    if cores > 8:
        pytest.skip(f"{cores + 1} jobs at once are too many for a test")
    runs = [submit(experiment, WAIT, go) for _ in range(cores + 1)]
    for run in runs[:-1]:
        prints(run, "waiting with")

    wait_until(lambda: runs[-1].get_status() == "Queued")
    go.touch()

    assert [run.wait_for_completion()["status"] for run in runs] == ["Completed"] * len(runs)
