"""Which files of a job are sent while it runs."""

import pytest

from modelyard.bootstrap.job_files import SMALL, Mark, due

BIG = SMALL + 1


def mark(size: int, modified: int = 1) -> Mark:
    return Mark(modified, size, 7)


@pytest.mark.parametrize(
    ("found", "before", "sent", "is_due"),
    [
        pytest.param(mark(10), None, None, True, id="new and small"),
        pytest.param(mark(0), None, None, False, id="new and empty"),
        pytest.param(mark(BIG), None, None, False, id="new and big: it may still be written"),
        pytest.param(mark(BIG), mark(BIG), None, True, id="big and at rest"),
        pytest.param(mark(0), mark(0), None, True, id="empty and at rest"),
        pytest.param(mark(10), mark(10), mark(10), False, id="sent as it is"),
        pytest.param(mark(12, 2), mark(11), mark(10), False, id="grows"),
        pytest.param(mark(20, 2), mark(19), mark(10), True, id="has doubled"),
        pytest.param(mark(12, 2), mark(12, 2), mark(10), True, id="has grown and rests"),
        pytest.param(mark(10, 2), mark(10, 2), mark(10), True, id="same size, written anew"),
    ],
)
def test_due(found: Mark, before: Mark | None, sent: Mark | None, is_due: bool) -> None:
    def of(one: Mark | None) -> dict[str, Mark]:
        return {} if one is None else {"file": one}

    assert due(of(found), of(before), of(sent)) == (["file"] if is_due else [])


def test_a_log_that_always_grows_is_sent_a_few_times_only() -> None:
    sent: dict[str, Mark] = {}
    before: dict[str, Mark] = {}
    times = 0
    for look in range(1, 10_000):
        found = {"log": mark(100 * look, look)}
        if due(found, before, sent):
            sent, times = found, times + 1
        before = found

    assert times < 20
