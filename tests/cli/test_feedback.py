"""Files of outcomes: what is read of them, and how what is wrong is named."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelyard.cli.service_feedback import _opened, _outcome, _read
from modelyard.domain.errors import BadInput
from modelyard.wire.rollouts import Outcome


def read(text: str, name: str = "o.csv") -> list[Outcome]:
    return list(_read(io.StringIO(text, newline=""), name))


def test_a_table_has_its_columns_in_any_order_and_yes_and_no_in_words() -> None:
    found = read(
        "value, metric ,request_id,time,note\r\n"
        "yes,sales,a,,x\r\nFalse,sales,b,2026-07-01T12:00:00Z,\r\n1e2,revenue,c,,\r\n"
    )

    assert found == [
        Outcome(request_id="a", metric="sales", value=True),
        Outcome(
            request_id="b", metric="sales", value=False, time=datetime(2026, 7, 1, 12, tzinfo=UTC)
        ),
        Outcome(request_id="c", metric="revenue", value=100.0),
    ]


def test_lines_of_json_may_have_empty_ones_between_them() -> None:
    line = '{"request_id": "a", "metric": "m", "value": %s}\n'

    found = read(line % "true" + "\n" + line % "0.5", "o.jsonl")

    assert [one.value for one in found] == [True, 0.5]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("", "o.csv", "o.csv lacks in its first line: request_id, metric, value"),
        ("request_id,metric\na,m\n", "o.csv", "lacks in its first line: value"),
        ("request_id,metric,value\na,m,1\nb,m,lots\n", "o.csv", "line 3: 'lots' is no number"),
        ("request_id,metric,value\na,m,NaN\n", "o.csv", "line 2: 'NaN' is no finite number"),
        ("request_id,metric,value\na,m,-inf\n", "o.csv", "line 2: '-inf' is no finite number"),
        ("request_id,metric,value\na,m,\n", "o.csv", "line 2: "),
        ("request_id,metric,value,time\na,m,1,soon\n", "o.csv", "line 2: 'soon' is no time"),
        ("x\n", "o.jsonl", "o.jsonl, line 1 is no JSON"),
        ("[1]\n", "-", "-, line 1 is no object"),
        ('{"request_id": "a", "metric": "m", "value": 1, "tme": 2}', "-", "-, line 1: "),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(text: str, name: str, said: str) -> None:
    with pytest.raises(BadInput) as raised:
        read(text, name)

    assert said in raised.value.message


def test_one_outcome_is_said_with_its_value_in_words() -> None:
    values = {"request_id": "a", "metric": "m", "value": "no"}

    assert _outcome(values, "") == Outcome(request_id="a", metric="m", value=False)


def test_a_file_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")

    with (
        pytest.raises(BadInput, match=r"nothing.csv' cannot be read: No such file"),
        _opened(str(tmp_path / "nothing.csv")),
    ):
        pass
    with (
        pytest.raises(BadInput, match="is no text in UTF-8"),
        _opened(str(tmp_path / "binary.csv")) as lines,
    ):
        list(_read(lines, "binary.csv"))
