"""Nothing is lost or doubled, whatever happens on the way."""

import errno
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.collector.inputs import seal as sealing
from modelyard.collector.inputs import spool as spooling
from modelyard.collector.inputs.records import Part
from modelyard.collector.inputs.seal import due
from modelyard.collector.inputs.spool import Segment, Spool
from modelyard.domain.errors import DiskFull
from tests.collector.inputs.collecting import collect, open_rows, rows_of_file, sealed
from tests.waiting import wait_until


class Killed(BaseException):
    """Ends a step as a kill would."""


def numbers(rows) -> list[int]:
    return sorted(row["n"] for row in rows)


def test_rows_of_several_workers_and_looks_are_all_there_once(place):
    first, second = place.worker(), place.worker(front="f2")
    inputs = place.inputs()
    for number in range(50):
        collect(first if number % 2 else second, [number], ["n"])
        if number % 7 == 0:
            inputs.run_once()

    inputs.run_once()

    assert numbers(open_rows(inputs)) == list(range(50))
    inputs.drain.close()


def test_a_ring_whose_worker_has_ended_is_removed(place):
    collect(place.worker(), [1], ["n"])
    place.close()
    inputs = place.inputs()

    inputs.run_once()
    inputs.run_once()

    assert list(place.rings.iterdir()) == []
    assert numbers(open_rows(inputs)) == [1]
    assert inputs.run_once() is False
    assert inputs.spool.rings == {}


@pytest.mark.parametrize("step", ["write", "save", "released"])
def test_a_kill_while_rows_are_taken_loses_and_doubles_nothing(place, monkeypatch, step):
    worker = place.worker()
    inputs = place.inputs()
    collect(worker, [0], ["n"])
    inputs.run_once()
    collect(worker, [1], ["n"])

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patched:
        if step == "write":
            real = spooling._write

            def torn(path: Path, data: bytes, at: int) -> None:
                real(path, data[: len(data) // 2], at)
                raise Killed

            patched.setattr(spooling, "_write", torn)
        elif step == "save":
            patched.setattr(Spool, "_save", killed)
        else:
            patched.setattr("modelyard.collector.inputs.drain.Drain._settled", killed)
        with pytest.raises(Killed):
            inputs.run_once()
    inputs.drain.close()
    again = place.inputs()
    again.run_once()

    assert numbers(open_rows(again)) == [0, 1]
    again.drain.close()


@pytest.mark.parametrize("step", ["write", "rename", "forget", "unlink"])
def test_a_kill_while_an_hour_is_sealed_loses_and_doubles_nothing(place, monkeypatch, step):
    worker = place.worker()
    inputs = place.inputs()
    collect(worker, [0], ["n"])
    inputs.run_once()

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patched:
        if step == "write":
            patched.setattr(sealing, "sync", killed)
        elif step == "rename":
            patched.setattr(Path, "rename", killed)
        elif step == "forget":
            patched.setattr(Spool, "forget", killed)
        else:
            patched.setattr(Path, "unlink", killed)
        with pytest.raises(Killed):
            sealed(inputs)
    inputs.drain.close()
    again = place.inputs()
    collect(worker, [1], ["n"])
    again.run_once()

    files = sealed(again)
    assert numbers(row for path in files for row in rows_of_file(path)) == [0, 1]
    assert list((place.root / ".open").glob("*.arrows")) == []
    again.drain.close()


def test_rows_that_come_after_a_seal_that_could_not_be_noted_are_kept(place, monkeypatch):
    worker = place.worker()
    inputs = place.inputs()
    collect(worker, [0], ["n"])
    inputs.run_once()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Spool, "_save", full)
        with pytest.raises(OSError, match="No space"):
            sealed(inputs)
    collect(worker, [1], ["n"])
    inputs.run_once()

    files = sealed(inputs)
    assert numbers(row for path in files for row in rows_of_file(path)) == [0, 1]
    inputs.drain.close()


def test_a_full_disk_keeps_rows_in_the_ring_until_there_is_room(place, monkeypatch):
    worker = place.worker()
    inputs = place.inputs()
    collect(worker, [0], ["n"])

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(spooling, "_write", full)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                inputs.run_once()
    inputs.run_once()

    assert numbers(open_rows(inputs)) == [0]
    inputs.drain.close()


def test_below_the_free_space_that_was_asked_for_nothing_is_written(place):
    collect(place.worker(), [0], ["n"])
    inputs = place.inputs(free=1 << 62)

    with pytest.raises(DiskFull, match="nearly full"):
        inputs.run_once()

    assert inputs.spool.segments == []


def test_rubbish_in_a_ring_is_counted_and_the_rest_is_kept(place):
    worker = place.worker()
    collect(worker, [0], ["n"])
    chance = random.Random(7)
    good = worker._ring
    whole: list[bytes] = []
    put, worker._put = worker._put, whole.append
    collect(worker, {"n": [5], "t": ["x"]})
    worker.tensors("inputs", [["n", "INT64", [1, 1], 8]], b"\x05" + bytes(7), None, True)
    worker._put = put
    rubbish = [chance.randbytes(chance.randrange(300)) for _ in range(200)]
    for record in whole:
        for _ in range(300):
            bad = bytearray(record)
            bad[chance.randrange(len(bad))] = chance.randrange(256)
            rubbish.append(bytes(bad[: chance.randrange(len(bad) + 1)]))
    for record in rubbish:
        good.put(record)
    collect(worker, [1], ["n"])
    inputs = place.inputs()

    inputs.run_once()

    found = [row["n"] for row in open_rows(inputs) if row["$CorrelationId"] == "c1"]
    assert {"0", "1"} <= set(map(str, found))
    assert inputs.drain.counts.unreadable > 500
    inputs.drain.close()


def test_a_ring_of_nobody_we_know_is_removed_and_told(place):
    place.rings.mkdir(parents=True)
    (place.rings / "x.data.ring").write_bytes(b"rubbish" * 1000)
    inputs = place.inputs()

    inputs.run_once()

    assert "is no ring" in inputs.notes[0]
    assert list(place.rings.iterdir()) == []


def test_a_designation_for_each_request_does_not_make_a_million_folders(place):
    worker = place.worker()
    for number in range(120):
        collect(worker, [number], ["n"], designation=f"d{number}")
    inputs = place.inputs()

    inputs.run_once()

    assert len(inputs.spool.segments) == 100
    assert inputs.drain.counts.crowded == 20
    inputs.drain.close()


@pytest.mark.parametrize(
    "name", ["..", "../../etc", ".open", "a/b", "\0", "x" * 500, "\U0001f600" * 120, ""]
)
def test_no_name_leads_out_of_its_folder(place, name):
    worker = place.worker()
    collect(worker, [1], ["n"], designation=name)
    inputs = place.inputs()
    inputs.run_once()

    (path,) = sealed(inputs)

    assert len(path.relative_to(place.root).parts) == 10
    assert path.resolve().is_relative_to(place.root.resolve())
    inputs.drain.close()


def test_hours_that_are_over_and_files_that_are_large_are_sealed():
    part = Part("w", "s", "m", "1", "inputs")
    small, late, large = (
        Segment("a", part, 7200, 10), Segment("b", part, 3600, 10),
        Segment("c", part, 7200, 1 << 26),
    )  # fmt: skip

    assert due([small, late, large], 7200 + 60) == [late, large]
    assert due([late], 7200 + 59) == []


def test_files_that_are_too_old_go_and_younger_ones_stay(place):
    worker = place.worker()
    collect(worker, [1], ["n"])
    inputs = place.inputs(days=30)
    inputs.run_once()
    (path,) = sealed(inputs)
    old = path.parents[4] / "year=2020" / "month=01" / "day=01" / "hour=00" / path.name
    old.parent.mkdir(parents=True)
    old.write_bytes(path.read_bytes())

    inputs._keep_at = 0
    inputs.run_once()

    assert path.exists()
    assert not (path.parents[4] / "year=2020").exists()
    inputs.drain.close()


COLLECTOR = """
import asyncio, sys
from pathlib import Path
from modelyard.collector.inputs.collect import Inputs
async def main():
    folder = Path(sys.argv[1])
    inputs = Inputs(folder / "data", folder / "rings" / "data", folder / "key")
    await inputs.start()
    print("ready", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_collectors_that_are_killed_lose_and_double_nothing(place):
    worker = place.worker()
    sent = 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", COLLECTOR, str(place.folder)], stdout=subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            upto = sent + 300
            commit = place.root / ".open" / "commit.json"
            while sent < upto:
                collect(worker, [sent], ["n"])
                sent += 1
            before = commit.stat().st_mtime_ns if commit.exists() else 0
            wait_until(lambda: commit.exists() and commit.stat().st_mtime_ns > before)  # noqa: B023
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
    inputs = place.inputs()
    while inputs.run_once():
        pass

    assert numbers(open_rows(inputs)) == list(range(sent))
    inputs.drain.close()
