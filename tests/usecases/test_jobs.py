"""Jobs over fakes: what is refused, how they move, and how their ends are found out."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modelyard.bootstrap.job_parts import make_job_reconciler
from modelyard.domain.errors import BadEnvironment, BadInput, NotFound
from modelyard.domain.jobs import JobFolder, JobResult, JobSpec, job_error, job_key
from modelyard.domain.processes import Restart
from modelyard.domain.runs import Run, RunStatus
from modelyard.testing.supervision import FakeSupervision
from modelyard.usecases.job_reconcile import GRACE
from modelyard.wire.jobs import JobResult as WireResult
from modelyard.wire.runs import RunChange, RunRequest
from tests.usecases.yard import Yard
from tests.waiting import wait_until


class Jobs:
    """A yard, its reconciler of jobs, and short ways to use both."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        yard.workspace()
        assert isinstance(yard.adapters.supervision, FakeSupervision)
        self.supervision = yard.adapters.supervision
        self.reconciler = make_job_reconciler(yard.adapters, self.supervision)

    def submit(self, files: dict[str, str] | None = None, **job: Any) -> Run:
        asked = {
            "source": self.yard.snapshot(files or {"train.py": "print()"}),
            "script": "train.py",
            "environment": {"name": "env", "python_version": "3.8"},
            **job,
        }
        request = RunRequest(experiment="train", definition={"job": asked})
        return self.yard.cases.jobs.submit("ws", request, "me")

    def run(self, run: Run) -> Run:
        return self.yard.cases.runs.get("ws", run.id)

    def step_until(self, run: Run, *statuses: str) -> Run:
        self.until(lambda: self.run(run).status in statuses)
        return self.run(run)

    def until(self, condition: Any) -> None:
        def met() -> bool:
            self.yard.builds.start_all()
            self.reconciler.step()
            return bool(condition())

        wait_until(met)

    def started(self, run: Run) -> str:
        """Step until its runner is asked for; the runner's name."""
        name = f"job-{job_key('ws', run.id)}"
        self.until(lambda: name in self.supervision.wanted())
        return name

    def folder(self, run: Run) -> JobFolder:
        return JobFolder(self.yard.home / "jobs" / job_key("ws", run.id))

    def tell(self, run: Run, status: str) -> None:
        self.yard.cases.runs.change("ws", run.id, RunChange(status=status))


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(Yard(tmp_path))


def test_a_job_waits_for_its_environment_and_is_then_handed_to_a_runner(jobs: Jobs) -> None:
    run = jobs.submit(arguments=["--alpha", "1"], variables={"A": "b"})
    assert run.status == "NotStarted"
    jobs.reconciler.step()
    assert jobs.run(run).status == "Preparing"

    name = jobs.started(run)

    process = jobs.supervision.wanted()[name]
    assert (process.restart, process.order) == (Restart.NEVER, 40)
    spec = msgspec.json.decode(Path(process.argv[-1]).read_bytes(), type=JobSpec)
    assert (spec.script, spec.arguments, spec.variables) == (
        "train.py",
        ("--alpha", "1"),
        {"A": "b"},
    )
    assert Path(process.argv[-1]).stat().st_mode & 0o777 == 0o600
    assert jobs.yard.cases.tokens.authenticate(spec.token).name == f"job {run.id}"
    assert (jobs.folder(run).work / "train.py").read_text() == "print()"
    assert (jobs.folder(run).work / "outputs").is_dir()


def test_its_runner_tells_how_it_ended_and_nothing_of_it_is_left(jobs: Jobs) -> None:
    run = jobs.submit()
    name = jobs.started(run)
    jobs.tell(run, "Running")
    jobs.yard.cases.jobs.end("ws", run.id, WireResult(status="Completed"))
    jobs.supervision.die(name, 0)

    jobs.until(lambda: name not in jobs.supervision.wanted())
    jobs.until(lambda: not jobs.folder(run).root.exists())

    ended = jobs.run(run)
    assert ended.status == "Completed"
    assert ended.started is not None
    assert ended.ended is not None


def test_what_the_script_says_of_its_end_waits_for_its_end(jobs: Jobs) -> None:
    run = jobs.submit()
    jobs.tell(run, "Running")

    jobs.tell(run, "Completed")

    assert jobs.run(run).status == "Running"
    jobs.yard.cases.runs.change(
        "ws", run.id, RunChange(status="Failed", error=job_error("UserError", "too few rows"))
    )
    assert jobs.run(run).status == "Running"
    ended = jobs.yard.cases.jobs.end("ws", run.id, WireResult(status="Completed"))
    assert ended.status == "Failed"
    assert ended.error is not None
    assert ended.error["error"]["message"] == "too few rows"


def test_the_first_end_stays(jobs: Jobs) -> None:
    run = jobs.submit()
    jobs.yard.cases.jobs.end("ws", run.id, WireResult(status="Failed"))

    again = jobs.yard.cases.jobs.end("ws", run.id, WireResult(status="Completed"))

    assert again.status == "Failed"


def test_a_runner_that_was_killed_leaves_what_the_script_had_written(jobs: Jobs) -> None:
    run = jobs.submit()
    name = jobs.started(run)
    folder = jobs.folder(run)
    folder.mark.touch()
    folder.log.write_text("half way\n")
    (folder.work / "outputs" / "model.txt").write_text("half")
    (folder.work / "outputs" / "link").symlink_to("/etc/passwd")
    jobs.tell(run, "Running")
    jobs.supervision.die(name, -9)

    ended = jobs.step_until(run, "Failed")

    assert ended.error is not None
    assert "killed by signal 9 (SIGKILL)" in ended.error["error"]["message"]
    files = {f.path for f in jobs.yard.cases.runs.files("ws", run.id)}
    assert files == {"user_logs/std_log.txt", "outputs/model.txt"}
    assert jobs.yard.cases.jobs.log("ws", run.id, 5)[0] == b"way\n"


def test_what_a_runner_found_out_but_could_not_tell_is_found(jobs: Jobs) -> None:
    run = jobs.submit()
    name = jobs.started(run)
    jobs.folder(run).mark.touch()
    result = JobResult(RunStatus.FAILED, job_error("UserError", "bad data"))
    jobs.folder(run).result.write_bytes(msgspec.json.encode(result))
    jobs.supervision.die(name, 1)

    ended = jobs.step_until(run, "Failed", "Completed")

    assert ended.error == job_error("UserError", "bad data")


@pytest.mark.parametrize("wish", ["Canceled", "CancelRequested"])
def test_a_job_that_waits_is_cancelled_at_once(jobs: Jobs, wish: str) -> None:
    run = jobs.submit()

    jobs.tell(run, wish)

    assert jobs.run(run).status == "CancelRequested"
    jobs.tell(run, "Running")  # its runner may say so a moment too late
    assert jobs.run(run).status == "CancelRequested"
    jobs.step_until(run, "Canceled")
    assert jobs.supervision.wanted() == {}


def test_a_job_that_runs_is_cancelled_by_ending_its_runner(jobs: Jobs) -> None:
    run = jobs.submit()
    name = jobs.started(run)
    jobs.tell(run, "Running")

    jobs.tell(run, "Canceled")

    jobs.until(lambda: name not in jobs.supervision.wanted())
    jobs.step_until(run, "Canceled")


def test_a_new_leader_goes_on_with_the_same_runner(jobs: Jobs) -> None:
    run = jobs.submit()
    name = jobs.started(run)
    before = jobs.supervision.statuses()[name]

    jobs.reconciler = make_job_reconciler(jobs.yard.adapters, jobs.supervision)
    jobs.reconciler.step()
    jobs.reconciler.step()

    assert jobs.supervision.statuses()[name] == before


def test_a_job_without_folder_or_runner_has_failed(jobs: Jobs) -> None:
    run = jobs.submit()
    jobs.tell(run, "Running")  # as after a backup was restored

    ended = jobs.step_until(run, "Failed")

    assert ended.error is not None
    assert ended.error["error"]["code"] == "JobLost"


def test_the_runner_of_a_removed_run_is_stopped(jobs: Jobs) -> None:
    run = jobs.submit()
    name = jobs.started(run)

    jobs.yard.stores.workspaces.remove("ws")
    jobs.reconciler.step()
    assert name in jobs.supervision.wanted()
    jobs.yard.clock.advance(GRACE)

    jobs.until(lambda: name not in jobs.supervision.wanted())
    jobs.until(lambda: not jobs.folder(run).root.exists())


def test_a_build_that_fails_fails_the_job(jobs: Jobs) -> None:
    run = jobs.submit(environment={"name": "env", "pip_packages": ["no-such-package"]})

    ended = jobs.step_until(run, "Failed")

    assert ended.error is not None
    assert "no-such-package" in ended.error["error"]["message"]
    assert jobs.supervision.wanted() == {}


def test_an_environment_that_was_removed_is_built_again(jobs: Jobs) -> None:
    first = jobs.submit()
    jobs.started(first)
    for digest in jobs.yard.builder.digests():
        jobs.yard.builder.remove(digest)

    jobs.started(jobs.submit())

    assert len(jobs.yard.builder.builds) == 2


def test_long_names_make_short_ones(jobs: Jobs) -> None:
    assert job_key("ws", "run") == "ws.run"
    long, other = job_key("ws", "x" * 250), job_key("ws", "x" * 249 + "y")
    assert long != other
    assert len(long) < 200


@pytest.mark.parametrize(
    ("job", "error", "words"),
    [
        ({"script": "tain.py"}, BadInput, "no script 'tain.py'.*'train.py'"),
        ({"script": "../train.py"}, BadInput, "relative path"),
        ({"script": None}, BadInput, "either a script or a command"),
        ({"command": "ls"}, BadInput, "either a script or a command"),
        ({"script": None, "command": "  "}, BadInput, "command of the job is empty"),
        ({"source": "0" * 64}, NotFound, "0000"),
        ({"variables": {"a b": "c"}}, BadInput, "'a b'"),
        ({"arguments": ["a\0b"]}, BadInput, "NUL"),
        ({"arguments": [1]}, BadInput, "definition.job.*arguments"),
        ({"timeout": 0}, BadInput, "timeout"),
        ({"surprise": 1}, BadInput, "surprise"),
        ({"environment": {"name": "e", "conda_file": "{"}}, BadEnvironment, "conda"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else None,
)
def test_what_cannot_work_is_refused_and_nothing_kept(
    jobs: Jobs, job: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        jobs.submit(**job)

    assert jobs.yard.cases.runs.list("ws") == []


def test_only_a_job_is_ended_so_and_only_by_an_end(jobs: Jobs) -> None:
    by_hand = jobs.yard.cases.runs.create("ws", RunRequest(experiment="train"))
    run = jobs.submit()

    with pytest.raises(BadInput, match="no job"):
        jobs.yard.cases.jobs.end("ws", by_hand.id, WireResult(status="Completed"))
    with pytest.raises(BadInput, match="not as Running"):
        jobs.yard.cases.jobs.end("ws", run.id, WireResult(status="Running"))


def test_the_definition_shows_what_was_asked_for(jobs: Jobs) -> None:
    run = jobs.submit(timeout=60.0)

    assert json.loads(json.dumps(run.definition["job"]))["timeout"] == 60.0
    assert run.snapshot == run.definition["job"]["source"]
    assert run.submitted_by == "me"
