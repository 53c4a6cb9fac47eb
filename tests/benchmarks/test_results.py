"""The numbers that are made of what was measured."""

import json

import pytest

from benchmarks.serving_peers.results import Case, Ratio, Results, Sample, ratio_of, read

CASE = Case("linear", 1, 16)


def sample(server: str, number: int, rate: float) -> Sample:
    return Sample(server, CASE, number, rate, p50=1.0, p99=2.0)


def test_a_ratio_is_the_median_of_the_runs_of_the_same_round_with_its_spread() -> None:
    results = Results(
        [sample("ours", n, rate) for n, rate in enumerate([400.0, 500.0, 900.0])]
        + [sample("theirs", n, 100.0) for n in range(3)]
    )

    assert results.ratio("ours", "theirs", CASE) == Ratio(5.0, 4.0, 9.0)


def test_a_round_that_only_one_of_two_ran_is_left_out() -> None:
    results = Results(
        [sample("ours", 0, 10.0), sample("ours", 1, 90.0), sample("theirs", 1, 30.0)]
    )

    assert results.ratio("ours", "theirs", CASE) == Ratio(3.0, 3.0, 3.0)


@pytest.mark.parametrize(
    "pairs",
    [pytest.param([], id="nothing was run"), pytest.param([(5.0, 0.0)], id="nothing answered")],
)
def test_there_is_no_ratio_to_nothing(pairs: list[tuple[float, float]]) -> None:
    assert ratio_of(pairs) is None


def test_what_was_saved_can_be_read_again() -> None:
    results = Results([sample("ours", 0, 10.0)], facts={"memory": 3.0})
    results.weight("ours", "linear").memory = 7

    again = read(json.loads(json.dumps(results.plain())))

    assert again == results
