"""The pure parts of asking on the command line."""

from datetime import UTC, datetime
from typing import Any

import pytest

from modelyard.cli.queries import _getter, _parameters
from modelyard.cli.tops import _print, _row
from modelyard.domain.errors import BadInput
from modelyard.wire.telemetry import Top, TopService


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        ([], None),
        (["1", "a", "2.5", "true", "007", "a b=c"], [1, "a", 2.5, True, "007", "a b=c"]),
        (["ms=100", "name=x=y"], {"ms": 100, "name": "x=y"}),
    ],
)
def test_parameters_are_by_place_or_by_name(texts: list[str], values: Any) -> None:
    assert _parameters(texts) == values


def test_parameters_of_both_kinds_are_refused() -> None:
    with pytest.raises(BadInput, match="by place"):
        _parameters(["1", "a=2"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (1234567, "1234567"),
        (0.1 + 0.2, "0.3"),
        (True, "True"),
        ({"a": [1]}, '{"a":[1]}'),
        (datetime(2026, 11, 22, 12, tzinfo=UTC), "2026-11-22 12:00:00.000"),
    ],
)
def test_values_are_shown_short_and_times_in_utc(value: Any, text: str) -> None:
    assert _getter("x")({"x": value}) == text


def test_a_version_that_only_runs_has_no_share_of_errors() -> None:
    idle = TopService(workspace="lab", service="s", version="v", memory=3e9, cpu=0.5)

    assert _row(idle) == ("lab/s", "v", "0.00", "", "", "", "", "50%", "2.8 GB", "", "")


def test_without_services_the_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    _print(Top(time=datetime(2026, 1, 1, tzinfo=UTC), seconds=60, machine={}, services=[]))

    assert "No service ran or was asked within 60 seconds." in capsys.readouterr().out
