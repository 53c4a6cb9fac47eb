import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from modelyard.collector.store_engine import Batch, Engine, Ring
from modelyard.collector.store_opening import TRIES, Limits, open_file
from modelyard.domain.errors import Unavailable
from tests.collector.stores import line

LIMITS = Limits(128 * 1024**2, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.duckdb"


def opened(path: Path) -> tuple[Engine, tuple[str, ...]]:
    found = open_file(path, LIMITS, lambda: "then")
    return Engine(found.connection), found.notes


def rows(engine: Engine) -> int:
    ((number,),) = engine.connection.execute("SELECT count(*) FROM rows_traces").fetchall()
    return int(number)


def write(engine: Engine, batches: int) -> None:
    now = time.time()
    for number in range(batches):
        batch = Batch({"traces": [line(f"{number}-{i}", now) for i in range(100)]})
        batch.rings["ring"] = Ring(engine.batch + 1)
        engine.write(batch, now, 0)


def leave_unclosed(path: Path, batches: int) -> None:
    """What a process that is killed leaves: a file and its log."""
    child = (
        "import os, signal, sys; from pathlib import Path; from tests.collector import "
        "test_opening as t; e, _ = t.opened(Path(sys.argv[1])); t.write(e, int(sys.argv[2])); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", child, str(path), str(batches)],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def test_what_was_committed_before_a_kill_is_there(path: Path) -> None:
    leave_unclosed(path, 5)

    engine, notes = opened(path)

    assert rows(engine) == 500
    assert engine.rings() == {"ring": Ring(5)}
    assert notes == ()
    engine.close()


def test_a_file_cut_anywhere_never_keeps_the_store_from_opening(path: Path) -> None:
    leave_unclosed(path, 5)
    wal = path.with_name(path.name + ".wal")
    whole = {file: file.read_bytes() for file in (path, wal)}
    chance = random.Random(4)

    for _ in range(5):
        for file, data in whole.items():
            file.write_bytes(data)
        victim = chance.choice([path, wal, wal])
        os.truncate(victim, chance.randrange(len(whole[victim])))

        engine, notes = opened(path)

        kept = rows(engine)
        assert kept % 100 == 0  # whole batches, with the position that belongs to them
        assert engine.rings().get("ring", Ring(0)).position == kept // 100
        assert victim == wal or notes
        write(engine, 1)
        engine.close()


def test_of_a_log_that_is_damaged_in_its_middle_the_beginning_is_kept(path: Path) -> None:
    leave_unclosed(path, 10)
    wal = path.with_name(path.name + ".wal")
    data = bytearray(wal.read_bytes())
    middle = len(data) // 2
    # the checksum is an exclusive or of words: equal words over equal words would cancel out
    data[middle : middle + 64] = random.Random(7).randbytes(64)
    wal.write_bytes(data)

    engine, notes = opened(path)

    assert 0 < rows(engine) < 1000
    assert rows(engine) == engine.rings()["ring"].position * 100
    assert "it was kept as telemetry.duckdb.wal.damaged-then" in notes[0]
    engine.close()


def test_a_file_in_which_processes_died_again_and_again_is_set_aside(path: Path) -> None:
    engine, _ = opened(path)
    write(engine, 1)
    engine.close()
    path.with_suffix(".opening").write_text(str(TRIES))

    engine, notes = opened(path)

    assert rows(engine) == 0
    assert f"{TRIES} processes ended while they opened it" in notes[0]
    assert path.with_name("telemetry.duckdb.damaged-then").exists()
    assert not path.with_suffix(".opening").exists()
    engine.close()


def test_a_file_that_another_process_holds_is_waited_for_and_not_set_aside(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()",
         str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        holder.stdout.readline()

        with pytest.raises(Unavailable, match="Another process has"):
            opened(path)

        assert list(path.parent.glob("*damaged*")) == []
    finally:
        holder.kill()
        holder.communicate()
    engine, _ = opened(path)
    engine.close()


def test_a_file_of_an_earlier_release_gets_the_columns_that_it_lacks(path: Path) -> None:
    engine, _ = opened(path)
    write(engine, 1)
    engine.connection.execute("ALTER TABLE rows_traces DROP COLUMN message")
    engine.connection.execute("ALTER TABLE labels_traces DROP COLUMN workspace")
    engine.close()

    engine, notes = opened(path)

    write(engine, 1)
    assert rows(engine) == 200
    assert notes == ()
    engine.close()


def test_a_batch_that_fails_leaves_nothing_of_itself(path: Path) -> None:
    engine, _ = opened(path)
    now = time.time()
    engine.connection.execute("DROP TABLE rows_customEvents")
    event = (now, *[None] * 12)
    batch = Batch({"traces": [line("x", now)], "customEvents": [event]}, {"ring": Ring(8)})

    with pytest.raises(duckdb.Error):
        engine.write(batch, now, 0)

    assert rows(engine) == 0
    assert engine.rings() == {}
    engine.write(Batch({"traces": [line("x", now)]}), now, 0)
    assert rows(engine) == 1
    engine.close()
