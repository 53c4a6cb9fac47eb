"""What of a shadow's answers is written down where columns must not be."""

import pytest

from modelyard.domain.shadows import COMPARED
from modelyard.serving.shadow_telling import discreet
from modelyard.telemetry.records import Event

HIDDEN = {"mail": "hash", "note": "drop"}


def told(columns: dict[str, str], path: str, value: str, shadow_status: str = "200") -> bool:
    """Whether the values of both sides are told."""
    events: list[Event] = []
    dimensions = {
        "served_status": "200", "shadow_status": shadow_status, "path": path,
        "served_value": value, "shadow_value": "1",
    }  # fmt: skip
    tell = discreet(events.append, columns)
    assert tell is not None
    tell(Event(1.0, COMPARED, dimensions, {"equal": 0.0}))
    (event,) = events
    assert event.measurements == {"equal": 0.0}
    assert event.dimensions["path"] == path
    assert ("served_value" in event.dimensions) == ("shadow_value" in event.dimensions)
    return "served_value" in event.dimensions


@pytest.mark.parametrize(
    ("columns", "path", "value", "there"),
    [
        ({}, "$.mail", '"ann@desk"', True),
        ({"mail": "keep"}, "$.mail", '"ann@desk"', True),
        (HIDDEN, "$.mail", '"ann@desk"', False),
        (HIDDEN, "$.rows[3].note", '"sick"', False),
        (HIDDEN, "$.rows[3].price", "7", True),
        (HIDDEN, "$.rows[3]", '{"mail": "ann@desk"}', False),
        (HIDDEN, "$.rows", '[["ann@desk"]]', False),
        (HIDDEN, "", "ann@desk", False),
        ({"*": "drop", "price": "keep"}, "$.price", "7", True),
        ({"*": "drop", "price": "keep"}, "$.age", "7", False),
    ],
)
def test_of_a_column_that_is_not_kept_no_value_is_told(
    columns: dict[str, str], path: str, value: str, there: bool
) -> None:
    assert told(columns, path, value) == there


def test_errors_are_told() -> None:
    assert told(HIDDEN, "", "it failed", shadow_status="500")
