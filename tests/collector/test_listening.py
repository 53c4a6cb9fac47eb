"""Hearing of rows once they are written, and only then."""

from collections.abc import Mapping, Sequence

import pytest

from modelyard.collector.listening import Listener
from modelyard.collector.sink import Row
from modelyard.collector.store_engine import Batch


def counting(into: list[dict[str, int]]):
    def hear(rows: Mapping[str, Sequence[Row]]) -> None:
        into.append({table: len(found) for table, found in rows.items()})

    return hear


def test_rows_are_heard_when_their_batch_is_written() -> None:
    heard: list[dict[str, int]] = []
    listener = Listener(counting(heard))
    batch = Batch({"traces": [(1,)]})
    listener.collect(batch)
    batch.add("customMetrics", [(2,), (3,)])  # what comes after it in the same batch
    assert heard == []

    listener.committed()

    assert heard == [{"traces": 1, "customMetrics": 2}]
    assert listener.rows == {"traces": 1, "customMetrics": 2}


def test_rows_of_a_batch_that_failed_are_heard_when_they_come_again() -> None:
    heard: list[dict[str, int]] = []
    listener = Listener(counting(heard))

    for end in (listener.failed, listener.committed, listener.committed):
        if end == listener.failed or not heard:
            listener.collect(Batch({"traces": [(1,)]}))
        end()

    assert heard == [{"traces": 1}]


def test_a_listener_that_fails_ends_neither_the_writing_nor_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[dict[str, int]] = []

    def fails(_: object) -> None:
        raise RuntimeError("no")

    listener = Listener(fails, counting(heard))
    for _ in range(3):
        listener.collect(Batch({"traces": [(1,)]}))
        listener.committed()

    assert len(heard) == 3
    assert len(caplog.records) == 1
