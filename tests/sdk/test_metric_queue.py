import threading
from collections.abc import Sequence

import pytest

from modelyard.domain.errors import BadInput, Unavailable
from modelyard.sdk.metric_queue import MetricQueue
from modelyard.wire.runs import Metric


def numbered(number: int) -> Metric:
    return Metric(name="n", kind="scalar", value=number)


def test_everything_arrives_in_order_in_few_batches() -> None:
    batches: list[list[int]] = []
    queue = MetricQueue(lambda batch: batches.append([m.value for m in batch]))

    for number in range(1200):
        queue.put(numbered(number))
    queue.flush()

    assert [n for batch in batches for n in batch] == list(range(1200))
    assert len(batches) < 12


def test_what_could_not_be_sent_is_sent_again_in_its_order() -> None:
    arrived: list[int] = []
    failures = iter([Unavailable("away")])

    def send(batch: Sequence[Metric]) -> None:
        error = next(failures, None)
        if error is not None:
            raise error
        arrived.extend(m.value for m in batch)

    queue = MetricQueue(send)
    queue.put(numbered(1))
    queue.put(numbered(2))
    queue.flush()

    assert arrived == [1, 2]


def test_flush_says_why_when_the_server_stays_away() -> None:
    def away(batch: Sequence[Metric]) -> None:
        raise Unavailable("away")

    queue = MetricQueue(away)
    queue.put(numbered(1))

    with pytest.raises(Unavailable, match="away"):
        queue.flush(timeout=0.5)
    queue._waiting.clear()


def test_what_the_server_refuses_is_raised_once_and_dropped() -> None:
    def refuse(batch: Sequence[Metric]) -> None:
        raise BadInput("no")

    queue = MetricQueue(refuse)
    queue.put(numbered(1))

    with pytest.raises(BadInput):
        queue.flush()
    queue.flush()


def test_logging_does_not_wait_for_the_server() -> None:
    answer = threading.Event()
    queue = MetricQueue(lambda _: answer.wait(20) and None)

    for number in range(5000):
        queue.put(numbered(number))

    assert not answer.is_set()
    answer.set()
    queue.flush()
