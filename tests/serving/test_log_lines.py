"""Marks in log lines: written by a worker's streams, taken out by the front."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.serving.lines import LINE_LIMIT, Lines, cut
from modelyard.serving.log_lines import MARK_ROOM, LogLines
from modelyard.telemetry.encoding import Decoder
from modelyard.telemetry.records import Log
from modelyard.telemetry.ring import RingReader, RingWriter
from modelyard_worker import marks
from modelyard_worker.context import REQUEST_ID, Current

TOKEN = "c0ffee00"


class Pipe:
    """A worker's stream at one end, the front's reading of it at the other."""

    def __init__(self, folder: Path) -> None:
        self.reader, self.writer = os.pipe()
        self.file = marks.MarkedFile(self.writer, 1)
        self._ring = RingWriter.create(folder / "a.ring", 0)
        self._lines = LogLines(self._ring, TOKEN)
        self._taken = RingReader.open(folder / "a.ring")

    def written(self, *pieces: bytes) -> tuple[list[bytes], list[Log]]:
        """Lines as a log file has them, and as records."""
        came: list[bytes] = []
        thread = threading.Thread(target=self._drain, args=(came,))
        thread.start()
        for piece in pieces:
            assert self.file.write(piece) == len(piece)
        self.file.close()
        os.close(self.writer)
        thread.join()
        lines = Lines(MARK_ROOM)
        whole = [line for piece in came for line in lines.feed(piece)] + lines.end()
        texts = [cut(self._lines.worker(1.0, "worker 1", line, "running")) for line in whole]
        records = Decoder().records(self._taken.read(1 << 30))
        return texts, [record for record in records if isinstance(record, Log)]

    def _drain(self, came: list[bytes]) -> None:
        while piece := os.read(self.reader, 1000):
            came.append(piece)

    def close(self) -> None:
        os.close(self.reader)
        self._ring.close()
        self._taken.close()


@pytest.fixture
def marking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Current]:
    monkeypatch.setattr(marks, "_token", TOKEN.encode())
    REQUEST_ID.set("id-1")
    yield REQUEST_ID
    REQUEST_ID.set("")


@pytest.fixture
def pipe(tmp_path: Path, marking: Current) -> Iterator[Callable[[], Pipe]]:
    made: list[Pipe] = []

    def make() -> Pipe:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Pipe(folder))
        return made[-1]

    yield make
    for each in made:
        each.close()


TEXT = st.one_of(
    st.binary(max_size=60), st.sampled_from([b"\n", b"\r\n", b"\x1e", b"a\nb\n", b""])
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pieces=st.lists(TEXT, max_size=12))
def test_whatever_is_written_is_read_as_if_there_were_no_marks(
    pipe: Callable[[], Pipe], pieces: list[bytes]
) -> None:
    plain = Lines()
    expected = plain.feed(b"".join(pieces)) + plain.end()

    texts, logs = pipe().written(*pieces)

    assert texts == expected
    assert [log.message for log in logs] == [line.decode("utf-8", "replace") for line in expected]
    assert {log.request for log in logs} <= {"id-1"}


@pytest.mark.parametrize("size", [LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, 300_000])
def test_a_long_line_is_cut_where_it_would_be_without_marks(
    pipe: Callable[[], Pipe], size: int
) -> None:
    texts, _ = pipe().written(b"x" * size + b"\nnext\n")

    assert texts == [cut(b"x" * size), b"next"]


def test_many_lines_of_one_write_do_not_drown_in_marks(pipe: Callable[[], Pipe]) -> None:
    texts, logs = pipe().written(b"\n" * 5000 + b"end\n")

    assert len(texts) == 5001
    assert (logs[0].request, logs[0].stream) == ("id-1", "stdout")
    assert (logs[-1].request, logs[-1].stream) == ("running", "")


def test_what_a_script_writes_that_looks_like_a_mark_stays(pipe: Callable[[], Pipe]) -> None:
    foreign = b"\x1e0000000019\x1dsomebody\x1d\x1f forged"

    texts, [log] = pipe().written(foreign + b"\n")

    assert texts == [foreign]
    assert log.request == "id-1"


def test_a_batch_and_a_strange_id_are_no_request(
    pipe: Callable[[], Pipe], marking: Current
) -> None:
    for id in ("id-1 and 3 more", "half\ud800", "line\nbreak", "\x1f"):
        marking.set(id)
        _, [log] = pipe().written(b"text\n")
        assert (log.request, log.message) == ("", "text")


def test_a_thread_has_the_request_that_began_it_only_while_that_is_run(marking: Current) -> None:
    found: list[str] = []
    go, seen = threading.Event(), threading.Event()

    def look() -> None:
        found.append(marking.single())
        seen.set()
        go.wait(10)
        found.append(marking.single())

    thread = threading.Thread(target=look)
    thread._modelyard_request_id = "id-1"  # type: ignore[attr-defined] # as mark_threads() does
    thread.start()
    seen.wait(10)
    marking.set("id-2")
    go.set()
    thread.join()

    assert found == ["id-1", ""]
