"""Runs, their files, and models made of them."""

import re

import pytest

from modelyard.domain.errors import BadInput, Conflict, Immutable, NotFound
from modelyard.domain.runs import RunStatus
from modelyard.wire.models import RunModelRequest
from modelyard.wire.runs import Metric, RunChange, RunFile, RunRequest
from tests.usecases.yard import Yard, sha


def start(yard: Yard, **changes: object) -> str:
    request = RunRequest(experiment="salexp", **changes)  # type: ignore[arg-type]
    return yard.cases.runs.create("ws", request).id


def upload(yard: Yard, run: str, *paths: str) -> None:
    files = []
    for path in paths:
        data = path.encode()
        yard.adapters.blobs.append(sha(data), 0, [data], last=True)
        files.append(RunFile(path=path, sha256=sha(data), size=len(data)))
    yard.cases.runs.put_files("ws", run, files)


def test_an_id_is_made_of_experiment_time_and_chance(yard: Yard) -> None:
    assert re.fullmatch(r"salexp_\d{10}_[0-9a-f]{8}", start(yard))


def test_started_and_ended_are_written_down(yard: Yard) -> None:
    id = start(yard, status="NotStarted")
    assert yard.cases.runs.get("ws", id).started is None

    began = yard.clock.advance(5)
    yard.cases.runs.change("ws", id, RunChange(status="Running"))
    ended = yard.clock.advance(5)
    run = yard.cases.runs.change("ws", id, RunChange(status="Completed"))

    assert (run.status, run.started, run.ended) == (RunStatus.COMPLETED, began, ended)


def test_a_run_that_ended_cannot_go_on(yard: Yard) -> None:
    id = start(yard)
    yard.cases.runs.change("ws", id, RunChange(status="Failed", error={"code": "x"}))

    with pytest.raises(Conflict, match="ended as Failed"):
        yard.cases.runs.change("ws", id, RunChange(status="Running"))
    yard.cases.runs.change("ws", id, RunChange(tags={"late": "tag"}))


def test_properties_are_set_once(yard: Yard) -> None:
    id = start(yard, properties={"a": "1"})
    yard.cases.runs.change("ws", id, RunChange(properties={"a": "1", "b": "2"}))

    with pytest.raises(Immutable, match="'b'"):
        yard.cases.runs.change("ws", id, RunChange(properties={"b": "3"}))


@pytest.mark.parametrize(
    "request_",
    [
        {"status": "Sleeping"},
        {"parent": "nobody"},
        {"snapshot": "0" * 64},
        {"id": "no spaces please"},
    ],
)
def test_a_run_that_cannot_be_is_refused(yard: Yard, request_: dict[str, str]) -> None:
    with pytest.raises((BadInput, NotFound)):
        start(yard, **request_)


def test_a_metric_of_no_kind_is_refused(yard: Yard) -> None:
    id = start(yard)

    with pytest.raises(BadInput, match="scalar"):
        yard.cases.runs.add_metrics("ws", id, [Metric(name="a", kind="vector", value=1)])


def test_files_must_have_been_uploaded(yard: Yard) -> None:
    id = start(yard)

    file = RunFile(path="outputs/m.pkl", sha256="0" * 64, size=1)
    with pytest.raises(BadInput, match=r"outputs/m\.pkl") as caught:
        yard.cases.runs.put_files("ws", id, [file])

    assert caught.value.details["missing"] == ["0" * 64]


def test_a_file_is_found_with_dots_before_it(yard: Yard) -> None:
    id = start(yard)
    upload(yard, id, "outputs/labels.txt")

    assert yard.cases.runs.file("ws", id, "./outputs/labels.txt").path == "outputs/labels.txt"
    with pytest.raises(NotFound, match=r"Did you mean 'outputs/labels\.txt'"):
        yard.cases.runs.file("ws", id, "outputs/label.txt")


def test_a_model_is_made_of_a_runs_file(yard: Yard) -> None:
    id = start(yard)
    upload(yard, id, "outputs/sal_model.pkl", "outputs/other.txt")

    request = RunModelRequest(name="sal", run_id=id, path="./outputs/sal_model.pkl")
    model = yard.cases.models.register_from_run("ws", request)

    manifest = yard.stores.snapshots.get(model.manifest)
    assert ([f.path for f in manifest.files], manifest.single) == (["sal_model.pkl"], True)
    assert (model.id, model.run_id, model.experiment) == ("sal:1", id, "salexp")


def test_a_model_is_made_of_a_runs_folder(yard: Yard) -> None:
    id = start(yard)
    upload(yard, id, "outputs/net/config.json", "outputs/net/w/1.bin", "outputs/netting.txt")

    request = RunModelRequest(name="net", run_id=id, path="outputs/net/")
    model = yard.cases.models.register_from_run("ws", request)

    manifest = yard.stores.snapshots.get(model.manifest)
    assert [f.path for f in manifest.files] == ["net/config.json", "net/w/1.bin"]
    assert manifest.root == "net"


def test_a_missing_file_of_a_run_is_answered_with_near_names(yard: Yard) -> None:
    id = start(yard)
    upload(yard, id, "outputs/sal_model.pkl")

    request = RunModelRequest(name="sal", run_id=id, path="outputs/model.pkl")
    with pytest.raises(NotFound, match=r"Did you mean 'outputs/sal_model\.pkl'"):
        yard.cases.models.register_from_run("ws", request)
