"""What may be thrown away, rule by rule."""

import pytest

from modelyard.domain.errors import BadInput
from modelyard.usecases.collect import (
    Kind,
    Removed,
    Thing,
    checked_age,
    garbage,
    table,
    unwanted_manifests,
)

BEFORE = 1000.0


def thing(name: str, touched: float, kind: Kind = Kind.LOGS) -> Thing:
    return Thing(kind, name, f"/there/{name}", 10, touched)


@pytest.mark.parametrize(
    ("things", "used", "left"),
    [
        pytest.param([thing("a", 5)], {}, ["a"], id="old and unused goes"),
        pytest.param([thing("a", 5)], {Kind.LOGS: {"a"}}, [], id="what is used stays"),
        pytest.param([thing("a", 1000)], {}, [], id="what is young stays"),
        pytest.param(
            [thing("a", 5)], {Kind.RUNTIMES: {"a"}}, ["a"], id="a name of another kind is another"
        ),
        pytest.param([], {Kind.LOGS: {"a"}}, [], id="nothing to do"),
    ],
)
def test_garbage(things: list[Thing], used: dict[Kind, set[str]], left: list[str]) -> None:
    assert [t.name for t in garbage(things, used, BEFORE)] == left


@pytest.mark.parametrize(
    ("files", "used", "touched", "unwanted"),
    [
        pytest.param({"m": ["a"]}, set(), {"a": 5.0}, ["m"], id="old and unused goes"),
        pytest.param({"m": ["a"]}, {"m"}, {"a": 5.0}, [], id="what is used stays"),
        pytest.param(
            {"m": ["a", "b"]}, set(), {"a": 5.0, "b": 1000.0}, [], id="one young file keeps it"
        ),
        pytest.param({"m": ["a"]}, set(), {}, ["m"], id="without its files it is of no use"),
        pytest.param({"m": []}, set(), {}, [], id="one without files costs nothing"),
    ],
)
def test_unwanted_manifests(
    files: dict[str, list[str]], used: set[str], touched: dict[str, float], unwanted: list[str]
) -> None:
    assert unwanted_manifests(files, used, touched, BEFORE) == unwanted


def test_a_grace_that_would_lose_uploads_under_way_is_refused() -> None:
    assert checked_age(0, running=False).total_seconds() == 0
    assert checked_age(0.05, running=True).total_seconds() == 4320

    with pytest.raises(BadInput, match="being uploaded now"):
        checked_age(0, running=True)


@pytest.mark.parametrize("days", [-1, float("nan"), float("inf"), 1e9])
def test_an_age_must_be_one(days: float) -> None:
    with pytest.raises(BadInput, match="number of days"):
        checked_age(days, running=False)


def test_the_table_has_a_line_for_each_kind() -> None:
    lines = table(
        [Removed(Kind.LOGS, 3, 2000), Removed(Kind.RUNTIMES, 0, 0)], {2000: "2 kB", 0: "0 bytes"}
    ).splitlines()

    assert [line.split() for line in lines] == [
        ["logs", "of", "revisions", "3", "2", "kB"],
        ["copies", "of", "the", "worker", "0", "0", "bytes"],
    ]
