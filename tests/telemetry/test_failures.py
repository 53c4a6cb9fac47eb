"""Records of exceptions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.telemetry.encoding import Decoder, encode
from modelyard.telemetry.failures import of_exception, of_fault
from modelyard.telemetry.records import Failure

FAULT = {
    "type": "KeyError",
    "message": "'rooms'",
    "file": "score.py",
    "line": 12,
    "function": "run",
    "traceback": "Traceback …",
    "request": "id-1",
}


def test_what_a_worker_tells_becomes_a_record() -> None:
    assert of_fault(FAULT, 5.0) == Failure(
        5.0, "KeyError", "'rooms'", "score.py", 12, "run", "Traceback …", "id-1"
    )


def test_what_is_too_long_loses_its_middle() -> None:
    told = of_fault({**FAULT, "traceback": "a" * 100_000 + "the end"}, 5.0).traceback

    assert len(told) < 64 * 1024
    assert told.startswith("aaa")
    assert "…" in told
    assert told.endswith("the end")


@given(
    fault=st.dictionaries(
        st.sampled_from(sorted(FAULT)),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(),
            st.just("\ud800"),
            st.lists(st.integers()),
            st.floats(),
        ),
    )
)
def test_whatever_a_worker_tells_can_be_handed_over(fault: dict[str, Any]) -> None:
    record = of_fault(fault, 5.0)

    assert Decoder().records([encode(record)]) == [record]


def test_an_exception_of_our_own_has_its_place() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // 0

    record = of_exception(caught.value, 5.0, "id-1")

    assert (record.type, record.request) == ("ZeroDivisionError", "id-1")
    assert record.file == __file__
    assert record.function == "test_an_exception_of_our_own_has_its_place"
    assert "1 // 0" in record.traceback
