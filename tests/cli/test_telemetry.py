"""The pure parts of asking on the command line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from modelyard.cli.queries import _getter, _parameters
from modelyard.cli.service_logs import asked
from modelyard.cli.tops import _print, _row
from modelyard.cli.traces import _line, _once
from modelyard.domain.errors import BadInput
from modelyard.sdk.telemetry import line_text
from modelyard.sdk.telemetry_trace import Trace
from modelyard.wire.telemetry import LogLine, Top, TopService, TraceItem
from tests.cli.conftest import Cli

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TRACEBACK = """Traceback (most recent call last):
  File "score.py", line 11, in run
    raise ValueError("no 99 here")
ValueError: no 99 here
"""


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


@pytest.mark.parametrize(
    ("level", "message", "text"),
    [
        ("ERROR", "2026-11-22 12:00:00,001 E [17] root - x is fifty", "ERROR root - x is fifty"),
        ("ERROR", "ERROR:root:x is fifty", "ERROR:root:x is fifty"),
        ("ERROR", "x is fifty", "ERROR x is fifty"),
        ("INFO", "2026-11-22 12:00:00,001 E [17] said by the script", "INFO 2026-11-22 12:00:0"),
        ("", "2026-11-22 12:00:00,001 E [17] printed", "2026-11-22 12:00:00,001 E [17] printed"),
    ],
)
def test_a_line_says_its_level_and_its_time_once(level: str, message: str, text: str) -> None:
    line = LogLine(time=NOON, message=message, level=level, source="worker 1")

    head, _, said = line_text(line).partition("worker 1: ")

    assert said.startswith(text)
    assert ":00.000" in head


@pytest.mark.parametrize(
    ("given", "lines", "follow", "shown"),
    [
        ({"level": "ERROR"}, None, False, 200),
        ({"level": "ERROR"}, None, True, 0),
        ({"level": "ERROR"}, 5, True, 5),
        ({"since": "1h"}, None, True, 200),
    ],
)
def test_following_what_is_filtered_begins_now(
    given: dict[str, str], lines: int | None, follow: bool, shown: int
) -> None:
    query = asked(given, lines, follow=follow)

    assert query == {**given, "num_lines": shown, **({"follow": "true"} if follow else {})}


def test_a_traceback_stands_once_in_a_trace() -> None:
    lines = ["scored 99", "run() failed", *TRACEBACK.splitlines(), ""]
    failed = {"type": "ValueError", "message": "no 99 here", "details": TRACEBACK}
    items = [
        *(TraceItem(time=NOON, table="traces", values={"message": line}) for line in lines),
        TraceItem(time=NOON, table="exceptions", values=failed),
    ]

    shown = "\n".join(map(_line, _once(Trace("r", "lab", "s", "v", 1, {}, items))))

    assert "scored 99" in shown
    assert "run() failed" in shown
    assert shown.count("Traceback (most recent call last)") == 1
    assert shown.count('raise ValueError("no 99 here")') == 1


@pytest.mark.parametrize(
    "command",
    [["query", "SELECT 1"], ["top", "--once"], ["trace", "r1"], ["status"],
     ["service", "logs", "s"], ["service", "metrics", "s"]],
    ids=" ".join,
)  # fmt: skip
def test_what_only_looks_starts_no_server(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.delenv("MODELYARD_URL", raising=False)
    monkeypatch.setenv("MODELYARD_HOME", str(tmp_path / "home"))

    done = cli(*command)

    assert done.code == 3
    assert done.err == (
        f"Error: Modelyard is not running in {tmp_path / 'home'}. Start it: modelyard up\n"
    )
    assert not (tmp_path / "home").exists()


def test_an_outcome_stands_in_a_trace_with_its_metric() -> None:
    item = TraceItem(time=NOON, table="outcomes", values={"metric": "sales", "value": 1.0})

    assert _line(item).endswith("outcome: sales 1")


def test_measures_stand_in_a_trace_without_digits_that_nobody_reads() -> None:
    measures = {"equal": 0.0, "served_ms": 7.940283998323139, "what": "x"}
    values = {"name": "modelyard.shadow", "customMeasurements": measures}

    told = _line(TraceItem(time=NOON, table="customEvents", values=values))

    assert told.endswith('modelyard.shadow {"equal":0,"served_ms":7.94028,"what":"x"}')
