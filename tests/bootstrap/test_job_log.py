"""What a job prints is handed over while it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.bootstrap.job_log import JobLog
from modelyard.telemetry.encoding import Decoder
from modelyard.telemetry.records import Failure, Log, Record
from modelyard.telemetry.ring import RingReader, RingWriter


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[RingWriter]:
    writer = RingWriter.create(tmp_path / "a.ring", 0)
    yield writer
    writer.close()


@pytest.fixture
def reader(tmp_path: Path, writer: RingWriter) -> Iterator[RingReader]:
    reader = RingReader.open(tmp_path / "a.ring")
    yield reader
    reader.close()


def _records(reader: RingReader) -> list[Record]:
    return Decoder().records(reader.read())


def test_lines_come_when_they_are_whole_and_the_rest_at_the_end(
    tmp_path: Path, writer: RingWriter, reader: RingReader
) -> None:
    path = tmp_path / "std_log.txt"
    log = JobLog(path, writer)

    log.read_on()
    path.write_bytes(b"one\ntw")
    log.read_on()
    first = _records(reader)
    with path.open("ab") as file:
        file.write(b"o\nla\xffst")
    log.read_on()
    second = _records(reader)
    log.failed({"type": "ValueError", "message": "bad", "file": "train.py", "line": 3})
    log.end()
    third = _records(reader)

    assert [record.message for record in first if isinstance(record, Log)] == ["one"]
    assert [record.message for record in second if isinstance(record, Log)] == ["two"]
    failure, last = third
    assert isinstance(failure, Failure)
    assert (failure.type, failure.file) == ("ValueError", "train.py")
    assert isinstance(last, Log)
    assert (last.message, last.source) == ("la\ufffdst", "job")
    assert reader.orphaned()


def test_without_a_ring_nothing_happens(tmp_path: Path) -> None:
    path = tmp_path / "std_log.txt"
    path.write_text("line\n")
    log = JobLog(path, None)

    log.read_on()
    log.failed({"type": "ValueError"})
    log.end()

    assert path.read_text() == "line\n"
