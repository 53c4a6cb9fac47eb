"""Log records of our own processes."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelyard.telemetry.encoding import Decoder
from modelyard.telemetry.log_handler import RingHandler
from modelyard.telemetry.records import Failure, Log, Record
from tests.telemetry.conftest import Rings


@pytest.fixture
def logger(rings: Rings) -> logging.Logger:
    logger = logging.Logger("modelyard.test")  # noqa: LOG001 - of one test alone
    logger.addHandler(RingHandler(rings.writer(capacity=1 << 20), "control"))
    return logger


def _records(rings: Rings) -> list[Record]:
    reader, found = rings.reader(), []
    while records := reader.read():
        found += Decoder().records(records)
    return found


def test_a_log_record_is_handed_over_with_its_level(rings: Rings, logger: logging.Logger) -> None:
    logger.warning("half %s of %d", "a", 5)

    [log] = _records(rings)

    assert isinstance(log, Log)
    assert (log.source, log.message) == ("control", "modelyard.test: half a of 5")
    assert (log.level, log.request) == ("WARNING", "")


def test_an_exception_that_is_logged_is_a_record_besides(
    rings: Rings, logger: logging.Logger
) -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logger.exception("failed")

    log, failure = _records(rings)

    assert isinstance(log, Log)
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ("RuntimeError", "broken")


def test_threads_may_log_at_the_same_time(rings: Rings, logger: logging.Logger) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: logger.info("line %d", number), range(2000)))

    told = [log.message for log in _records(rings) if isinstance(log, Log)]
    assert sorted(told) == sorted(f"modelyard.test: line {number}" for number in range(2000))


def test_what_cannot_be_formatted_or_comes_after_the_end_raises_nothing(
    rings: Rings, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)

    logger.info("%d", "no number")
    logger.info("half \ud800")
    [handler] = logger.handlers
    assert isinstance(handler, RingHandler)
    handler.end()
    logger.info("too late")

    [log] = _records(rings)
    assert isinstance(log, Log)
    assert log.message == "modelyard.test: half \\ud800"


def test_logging_that_is_configured_anew_does_not_end_it(
    rings: Rings, logger: logging.Logger
) -> None:
    logger.handlers[0].close()  # as logging.config does with all that there are
    logger.info("goes on")

    assert len(_records(rings)) == 1
    assert not rings.reader().orphaned()
