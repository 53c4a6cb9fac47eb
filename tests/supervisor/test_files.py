import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelyard.domain.errors import Conflict, NotLeader
from modelyard.domain.processes import Desired
from modelyard.supervisor import desired
from modelyard.supervisor.files import FileSupervision, read_desired, rewrite
from tests.supervisor.yard import Yard, runs
from tests.waiting import wait_until


def test_desired_processes_survive_the_way_through_the_file(yard: Yard) -> None:
    spec = yard.spec("a", env={"A": "ä"}, cwd="/", stop_signal="SIGUSR1", order=7)

    text = desired.dumps(Desired({"a": spec}, epoch=4))

    assert desired.loads(text) == Desired({"a": spec}, epoch=4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "damaged", id="empty"),
        pytest.param('{"version": 1, "epoch": 1, "proce', "damaged", id="torn"),
        pytest.param('{"version": 99}', "version 99", id="of a later release"),
        pytest.param("[]", "damaged", id="another shape"),
        pytest.param(
            '{"version":1,"epoch":1,"processes":[{"name":"a","argv":[],"log":"l"}]}',
            "no argv",
            id="nothing to execute",
        ),
        pytest.param(
            '{"version":1,"epoch":1,"processes":[{"name":"a","argv":["a", 1],"log":"l"}]}',
            "not a text",
            id="an argument that is no text",
        ),
        pytest.param(
            '{"version":1,"epoch":1,"processes":'
            '[{"name":"a","argv":["a"],"log":"l","stop_signal":"SIGNOT"}]}',
            "stop_signal",
            id="an unknown signal",
        ),
    ],
)
def test_what_cannot_be_read_says_why(text: str, why: str) -> None:
    with pytest.raises(desired.Unreadable, match=why):
        desired.loads(text)


def put(file: Path, text: str) -> None:
    """Whole at once: half of a file is another file that cannot be read."""
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(file)


@pytest.mark.parametrize("text", ['{"version": 1, "epo', '{"version": 99, "processes": []}'])
def test_an_unreadable_file_changes_nothing_that_runs(yard: Yard, text: str) -> None:
    yard.supervise()
    yard.supervision.want(yard.spec("a"))
    child = yard.pid("a")
    good = (yard.run / "desired.json").read_text()

    put(yard.run / "desired.json", text)
    wait_until(lambda: "left aside" in yard.log("supervisor"))
    put(yard.run / "desired.json", good.replace('"name": "a"', '"name": "b"'))
    yard.pid("b")

    wait_until(lambda: not runs(child))
    assert yard.log("supervisor").count("left aside") == 1


def test_a_leader_of_the_past_is_refused(yard: Yard) -> None:
    FileSupervision(yard.run, epoch=5).want(yard.spec("a"))

    with pytest.raises(NotLeader, match="epoch 5"):
        FileSupervision(yard.run, epoch=4).want(yard.spec("b"))

    assert set(yard.supervision.wanted()) == {"a"}


def test_one_who_is_no_leader_keeps_the_epoch(yard: Yard) -> None:
    FileSupervision(yard.run, epoch=5).want(yard.spec("a"))

    rewrite(yard.run, lambda known: {**known, "b": yard.spec("b")})

    assert read_desired(yard.run).epoch == 5
    assert set(read_desired(yard.run).processes) == {"a", "b"}


def test_writing_over_an_unreadable_file_is_refused(yard: Yard) -> None:
    (yard.run / "desired.json").write_text("{")

    with pytest.raises(Conflict, match="Move it away"):
        yard.supervision.want(yard.spec("a"))


def test_many_writers_at_once_lose_nothing(yard: Yard) -> None:
    names = [f"p{number}" for number in range(24)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: yard.supervision.want(yard.spec(name)), names))

    assert set(yard.supervision.wanted()) == set(names)
    assert sorted(path.name for path in yard.run.iterdir()) == ["desired.json", "desired.lock"]


def test_wanting_the_same_again_does_not_touch_the_file(yard: Yard) -> None:
    yard.supervision.want(yard.spec("a"))
    before = (yard.run / "desired.json").stat()

    yard.supervision.want(yard.spec("a"))
    yard.supervision.drop("unknown")

    assert (yard.run / "desired.json").stat().st_ino == before.st_ino


def test_files_are_the_owners_alone(yard: Yard) -> None:
    yard.supervise()
    yard.supervision.want(yard.spec("a", env={"SECRET": "x"}))
    yard.pid("a")

    for name in ("desired.json", "processes.json", "supervisor.json"):
        assert (yard.run / name).stat().st_mode & 0o777 == 0o600


def test_the_supervisor_goes_on_when_it_cannot_write(yard: Yard) -> None:
    yard.supervise()
    yard.supervision.want(yard.spec("a"))
    first = yard.pid("a")
    before = set(yard.left())
    moved = yard.run.rename(yard.home / "elsewhere")  # every write fails, as on a full disk

    os.kill(first, 9)
    wait_until(lambda: "cannot write" in yard.log("supervisor"))
    wait_until(lambda: len(set(yard.left()) - before) == 1, what="a new process all the same")
    moved.rename(yard.run)

    assert yard.pid("a", other_than=first) not in before


def test_the_supervisor_is_small(yard: Yard) -> None:
    supervisor = yard.supervise()
    yard.supervision.want(yard.spec("a"))
    yard.pid("a")

    status = Path(f"/proc/{supervisor.pid}/status").read_text()

    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    assert int(resident.split()[1]) < 24 * 1024
