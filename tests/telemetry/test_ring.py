"""The ring that carries records from one process to another."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.telemetry.ring import ABOUT_LIMIT, PAGE, STEP, Damaged, RingReader, RingWriter
from tests.telemetry.conftest import Rings


def _all(reader: RingReader, limit: int = 1024) -> list[bytes]:
    found: list[bytes] = []
    while records := reader.read(limit):
        found += records
    return found


def test_records_come_out_as_they_went_in(rings: Rings) -> None:
    writer = rings.writer(about=b"who")
    reader = rings.reader()

    put = [b"", b"a", b"12345678", bytearray(b"x" * 1000), memoryview(b"seen")]
    assert all(writer.put(data) for data in put)

    assert reader.read() == [bytes(data) for data in put]
    assert reader.read() == []
    assert (reader.id, reader.about) == (writer.id, b"who")


def test_a_limit_is_kept_but_a_record_above_it_still_comes_whole(rings: Rings) -> None:
    writer, reader = rings.writer(), rings.reader()
    for size in (100, 5000, 100, 100):
        writer.put(b"x" * size)

    assert [len(record) for record in reader.read(64)] == [100]
    assert [len(record) for record in reader.read(64)] == [5000]
    assert [len(record) for record in reader.read(250)] == [100, 100]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_or_changed_over_many_laps(rings: Rings, seed: int) -> None:
    writer, reader = rings.writer(capacity=2 * STEP), rings.reader()
    chance = random.Random(seed)
    sent: list[bytes] = []
    came: list[bytes] = []

    for _ in range(3000):
        data = chance.randbytes(chance.choice((3, 50, 700, 20_000)))
        if writer.put(data):
            sent.append(data)
        if chance.random() < 0.2:
            came += reader.read(chance.choice((100, 40_000)))
            reader.release(reader.position)
    came += _all(reader)

    assert reader.position > 6 * STEP
    assert came == sent
    assert len(sent) + reader.dropped == 3000
    assert reader.dropped == writer.dropped


def test_a_full_ring_drops_and_counts_until_the_reader_lets_go(rings: Rings) -> None:
    writer, reader = rings.writer(), rings.reader()
    fitting = 0
    while writer.put(b"x" * 1000):
        fitting += 1
    assert not writer.put(b"y" * 1000)
    assert (fitting, reader.dropped) == (STEP // 1008, 2)

    records = _all(reader)
    assert not writer.put(b"z" * 1000), "what was read, yet not released, must stay"
    reader.release(reader.position)

    assert len(records) == fitting
    assert writer.put(b"again")
    assert reader.read() == [b"again"]


def test_a_record_that_the_ring_cannot_hold_is_dropped(rings: Rings) -> None:
    writer, reader = rings.writer(), rings.reader()

    assert not writer.put(b"x" * STEP)
    assert writer.put(b"small")

    assert (reader.read(), reader.dropped) == ([b"small"], 1)


def test_with_a_reader_that_keeps_up_the_ring_takes_a_quarter_of_its_memory(rings: Rings) -> None:
    writer, reader = rings.writer(capacity=16 * STEP), rings.reader()

    for _ in range(80):
        for _ in range(STEP // 4 // 1008):
            assert writer.put(b"x" * 1000)
        _all(reader)
        reader.release(reader.position)

    blocks = (rings.folder / "a.ring").stat().st_blocks * 512
    assert reader.position > 3 * 16 * STEP
    assert blocks <= 6 * STEP


@pytest.mark.parametrize("before", [1, 3, 5, 20, 33])
def test_whenever_the_reader_goes_away_there_is_room_for_a_quarter(
    rings: Rings, before: int
) -> None:
    writer, reader = rings.writer(capacity=16 * STEP), rings.reader()
    each = STEP // 4 // 1008
    for _ in range(before):
        for _ in range(each):
            assert writer.put(b"x" * 1000)
        _all(reader)
        reader.release(reader.position)

    kept = sum(writer.put(b"y" * 1000) for _ in range(20 * each))

    assert kept >= 16 * each - 1
    assert _all(reader) == [b"y" * 1000] * kept


def test_a_reader_resumes_at_a_position_of_before(rings: Rings) -> None:
    writer, reader = rings.writer(), rings.reader()
    for number in range(10):
        writer.put(b"%d" % number)
    reader.read(1)
    kept = reader.position
    reader.read()
    reader.close()

    again = rings.reader()
    assert again.read(1) == [b"0"], "nothing was released: the oldest comes first"
    again.seek(kept)

    assert again.read() == [b"%d" % number for number in range(1, 10)]
    for position in (kept + 1, 1 << 40):
        with pytest.raises(ValueError, match="position"):
            again.seek(position)


def test_what_is_released_is_not_seen_by_the_next_reader(rings: Rings) -> None:
    writer, reader = rings.writer(), rings.reader()
    writer.put(b"seen")
    reader.read()
    reader.release(reader.position)
    writer.put(b"new")
    reader.close()

    assert rings.reader().read() == [b"new"]


def test_a_ring_is_orphaned_when_its_producer_has_closed_it(rings: Rings) -> None:
    writer, reader = rings.writer(), rings.reader()
    writer.put(b"last")
    assert not reader.orphaned()

    writer.close()
    writer.close()

    assert not writer.put(b"too late")
    assert reader.orphaned()
    assert reader.read() == [b"last"]
    reader.remove()
    assert list(rings.folder.iterdir()) == []


def test_too_much_about_is_refused(rings: Rings) -> None:
    with pytest.raises(ValueError, match="takes 3840 bytes"):
        rings.writer(about=b"x" * (ABOUT_LIMIT + 1))
    assert list(rings.folder.iterdir()) == []


def test_where_a_ring_cannot_be_made_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "a.ring").mkdir()
    (tmp_path / "a.ring" / "x").touch()

    with pytest.raises(OSError, match=r"a\.ring"):
        RingWriter.create(tmp_path / "a.ring", STEP)

    assert [path.name for path in tmp_path.iterdir()] == ["a.ring"]


PRODUCER = """
import sys
from pathlib import Path
from modelyard.telemetry.ring import RingWriter
writer = RingWriter.create(Path(sys.argv[1]), 1 << 20)
print("made", flush=True)
number = 0
while True:
    number += writer.put(b"%d:" % number + b"x" * (number % 300))
"""


@pytest.fixture
def producer(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", PRODUCER, str(tmp_path / "a.ring")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "made\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_what_a_killed_producer_had_committed_is_read(
    rings: Rings, producer: "subprocess.Popen[str]"
) -> None:
    reader = rings.reader()
    came: list[bytes] = []
    while len(came) < 20_000:
        came += reader.read(10_000)
        reader.release(reader.position)
    assert not reader.orphaned()

    os.kill(producer.pid, signal.SIGKILL)
    producer.wait()
    assert reader.orphaned()
    came += _all(reader)

    assert came == [b"%d:" % number + b"x" * (number % 300) for number in range(len(came))]
    assert (reader.waiting, reader.lost) == (0, 0)


def test_a_reader_that_died_before_it_released_leaves_all_to_the_next(
    rings: Rings, producer: "subprocess.Popen[str]"
) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from modelyard.telemetry.ring import RingReader\n"
        "reader = RingReader.open(Path(sys.argv[1]))\n"
        "while not reader.read(): pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    died = subprocess.run([sys.executable, "-c", script, str(rings.folder / "a.ring")])
    assert died.returncode == -signal.SIGKILL

    reader = rings.reader()

    assert reader.read(1) == [b"0:"]


RECORDS = [b"%d" % number * (number % 40) for number in range(200)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ring with a few laps behind it, ``RECORDS`` are in it."""
    folder = tmp_path_factory.mktemp("filled")
    rings = Rings(folder)
    writer, reader = rings.writer(), rings.reader()
    for _ in range(3):
        while writer.put(b"x" * 5000):
            pass
        while reader.read():
            reader.release(reader.position)
    for record in RECORDS:
        writer.put(record)
    rings.close()
    return folder / "a.ring"


DAMAGE = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, PAGE - 1),
            st.sampled_from((8, 32, 64, 128, 192)),
            st.integers(PAGE, PAGE + STEP - 1),
        ),
        st.binary(min_size=1, max_size=16),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(damage=DAMAGE, cut=st.one_of(st.none(), st.integers(0, PAGE + STEP)))
def test_a_damaged_file_is_refused_or_read_up_to_the_damage(
    filled: Path, damage: list[tuple[int, bytes]], cut: int | None
) -> None:
    data = bytearray(filled.read_bytes())
    for place, what in damage:
        data[place : place + len(what)] = what
    path = filled.with_name("damaged.ring")
    path.write_bytes(data[: PAGE + STEP][:cut])
    try:
        reader = RingReader.open(path)
    except Damaged:
        return

    came: list[bytes] = []
    for _ in range(1000):
        found = reader.read(500)
        came += found
        if not found and not reader.waiting:
            break
    else:
        pytest.fail("the reader never comes to an end")
    reader.close()

    assert set(came) <= set(RECORDS)


def test_damage_in_the_middle_loses_only_what_is_behind_it(rings: Rings) -> None:
    writer, reader = rings.writer(), rings.reader()
    for number in range(100):
        writer.put(b"record %02d" % number)
    with (rings.folder / "a.ring").open("r+b") as file:
        file.seek(PAGE + 50 * 24 + 8)
        file.write(b"?")

    assert len(reader.read()) == 50
    assert reader.read() == [], "it may still be on its way"
    assert reader.read() == []
    writer.put(b"after")

    assert reader.read() == [b"after"]
    assert reader.lost == 50 * 24
