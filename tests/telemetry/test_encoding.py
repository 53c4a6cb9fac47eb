"""Records as bytes."""

import msgspec
import pytest

from modelyard.telemetry import encoding
from modelyard.telemetry.records import About, Event, Failure, Log, Metric, Record, Request

RECORDS: list[Record] = [
    Request(
        1.0, "a", "POST", "/score", 200, "", 1.0, 0.5, 0.25, 2, 10, 20, "::1", 3, True, "t", 4
    ),
    Log(1.0, "front", "line \x00 \ufffd", "INFO", "a", "stdout", "t"),
    Failure(1.0, "KeyError", "'x'", "score.py", 3, "run", "Traceback", "a", "t"),
    Metric(1.0, "gpu", 3.0, 2, 1.0, 2.0, {"card": "0"}, "a"),
    Event(1.0, "done", {"by": "me"}, {"rows": 1.0}, "a"),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    buffer = bytearray(b"something longer was here before" * 100)

    encoding.encode_into(record, buffer)

    assert encoding.Decoder().records([encoding.encode(record), buffer]) == [record, record]


def test_a_buffer_is_used_for_records_of_any_size() -> None:
    buffer = bytearray()
    found = []

    for size in (5000, 3, 200):
        encoding.encode_into(Log(1.0, "front", "x" * size), buffer)
        found += encoding.Decoder().records([bytes(buffer)])

    assert [len(log.message) for log in found if isinstance(log, Log)] == [5000, 3, 200]


def test_fields_of_other_releases_are_missed_or_passed_over() -> None:
    encode = msgspec.msgpack.encode
    older = encode(["r", 1.0, "a", "POST", "/score", 200])
    newer = encode(["l", 1.0, "front", "line", "", "", "", "", "of tomorrow"])

    assert encoding.Decoder().records([older, newer]) == [
        Request(1.0, "a", "POST", "/score", 200),
        Log(1.0, "front", "line"),
    ]


def test_what_cannot_be_read_is_counted_and_the_rest_goes_on() -> None:
    decoder = encoding.Decoder()
    good = encoding.encode(RECORDS[1])

    found = decoder.records(
        [msgspec.msgpack.encode(["tomorrow", 1.0]), good, b"\xc1", b"", good[:-3], good]
    )

    assert found == [RECORDS[1], RECORDS[1]]
    assert (decoder.unknown, decoder.damaged) == (1, 3)


def test_a_lot_comes_back_record_by_record() -> None:
    buffer = bytearray()

    encoding.encode_lot_into(RECORDS, buffer)

    assert encoding.Decoder().records([buffer, encoding.encode(RECORDS[0])]) == [
        *RECORDS,
        RECORDS[0],
    ]


def test_of_a_lot_with_something_unknown_the_rest_is_read() -> None:
    buffer = bytearray()
    decoder = encoding.Decoder()

    encoding.encode_lot_into([RECORDS[1], ("tomorrow", 1.0), RECORDS[2]], buffer)

    assert decoder.records([buffer, buffer[:-3]]) == [RECORDS[1], RECORDS[2]]
    assert (decoder.unknown, decoder.damaged) == (1, 1)


def test_who_writes_is_read_from_the_rings_head() -> None:
    about = About("front", "w-s-1", "w", "s", "1", 3, 77)

    assert encoding.about(encoding.encode(about)) == about
    assert encoding.about(b"rubbish").role == "unknown"
