import asyncio
import json
import math
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from modelyard.abtest.bounded import Sums
from modelyard.abtest.counts import Counts
from modelyard.abtest.histogram import LEAST, MOST, Histogram
from modelyard.abtest.moments import Moments
from modelyard.collector import measure_sql
from modelyard.collector.making import row, texts
from modelyard.domain.measuring import Measure, Measured, Question
from tests.collector.feedbacks import PATH, SVC, WS, Desk, at_desk

ERRORS = Measure("errors", "rate", "errors")
BUSY = Measure("busy", "rate", "unavailable")
CONTROL = {"x-modelyard-role": "control"}


def question(*measures: Measure, since: float = 300, until: float = 0, **more: Any) -> Question:
    now = datetime.now(UTC)
    values = {
        "workspace": WS, "service": SVC, "control": "blue", "candidate": "green",
        "since": now - timedelta(seconds=since), "until": now - timedelta(seconds=until),
        "measures": measures, **more,
    }  # fmt: skip
    return Question(**values)


async def measure(desk: Desk, asked: Question) -> Measured:
    await desk.store.settled()
    status, body = await desk.post(f"{PATH}/measure", msgspec.json.encode(asked), CONTROL)
    assert status == 200, body
    return msgspec.json.decode(body, type=Measured)


async def told(desk: Desk, values: Sequence[tuple[str, str, float]]) -> None:
    """Outcomes: request, metric, value."""
    await desk.store.settled()
    outcomes = [{"request_id": id, "metric": m, "value": v} for id, m, v in values]
    status, body = await desk.post(f"{PATH}/feedback", json.dumps({"outcomes": outcomes}).encode())
    assert (status, json.loads(body)["accepted"]) == (200, len(values)), body


def pair(found: Measured, name: str, kind: Any) -> tuple[Any, Any]:
    control, candidate = found.tallies[name]
    return kind.from_state(control), kind.from_state(candidate)


def test_errors_are_what_the_service_failed_in_and_busy_is_503(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.requests(
            {"id": "a"},
            {"id": "b", "resultCode": "500", "success": False},
            {"id": "c", "resultCode": "503", "success": False},
            {"id": "d", "resultCode": "504", "success": False},
            {"id": "e", "success": False},  # run() failed with a 200
            {"id": "f", "resultCode": "400", "success": False},
            {"id": "g", "resultCode": "499", "success": False},
            {"id": "h", "version": "green"},
        )

        found = await measure(desk, question(ERRORS, BUSY))

        assert found.units == (7, 1)
        assert pair(found, "errors", Counts) == (Counts(7, 4), Counts(1, 0))
        assert pair(found, "busy", Counts) == (Counts(7, 1), Counts(1, 0))

    at_desk(tmp_path, work)


def test_only_what_was_shared_out_in_the_window_to_these_versions_counts(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.requests(
            {"id": "a"}, {"id": "b", "chosen": None},
            {"id": "chosen", "chosen": True}, {"id": "early", "ago": 1000},
            {"id": "late", "ago": 5}, {"id": "red", "version": "red"},
            {"id": "w", "workspace": "w"}, {"id": "s", "service": "s"},
            {"id": "x", "version": None, "source": "gateway", "resultCode": "503"},
            {"id": "g", "version": "green"}, {"id": "h", "version": "green", "chosen": True},
        )  # fmt: skip

        found = await measure(desk, question(ERRORS, until=10))

        assert found.units == (2, 1)
        assert pair(found, "errors", Counts) == (Counts(2, 0), Counts(1, 0))

    at_desk(tmp_path, work)


def test_where_nothing_came_all_states_are_empty(tmp_path: Path) -> None:
    measures = (
        ERRORS, Measure("m", "mean", "feedback", "m"), Measure("q", "quantile", "latency"),
        Measure("b", "bounded", "feedback", "b", -1, 5), Measure("c", "mean", "metric", "c"),
    )  # fmt: skip

    async def work(desk: Desk) -> None:
        found = await measure(desk, question(*measures))

        assert found.units == (0, 0)
        assert pair(found, "errors", Counts) == (Counts(), Counts())
        assert pair(found, "m", Moments) == pair(found, "c", Moments) == (Moments(), Moments())
        assert pair(found, "q", Histogram) == (Histogram(), Histogram())
        assert pair(found, "b", Sums) == (Sums(-1, 5), Sums(-1, 5))

    at_desk(tmp_path, work)


def test_the_bins_in_sql_are_those_of_the_histogram() -> None:
    chance = random.Random(7)
    growth = (1 + 0.005) / (1 - 0.005)
    values = [
        0.0, -3.0, LEAST, LEAST / 2, MOST, MOST * 2, MOST * 9, 1e300, 1.0, math.pi,
        *(growth**i for i in range(-1300, 2000, 7)),
        *(math.exp(chance.uniform(-16, 23)) for _ in range(20_000)),
        *(chance.expovariate(0.1) for _ in range(20_000)),
    ]  # fmt: skip
    expected = [next(iter(Histogram().observed([max(0.0, x)]).bins)) for x in values]

    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {measure_sql._bin('x')} FROM (SELECT unnest(?) AS x)", [values]
        ).fetchall()

    assert [bin for (bin,) in found] == expected


def test_values_become_the_states_that_the_tests_take(tmp_path: Path) -> None:
    chance = random.Random(3)
    blue = [chance.gauss(5, 2) for _ in range(200)]
    green = [chance.gauss(6, 2) for _ in range(150)]
    measures = (
        Measure("mean", "mean", "feedback", "m"), Measure("any", "rate", "feedback", "m"),
        Measure("edge", "bounded", "feedback", "m", 2, 8),
        Measure("most", "quantile", "latency"), Measure("slow", "mean", "latency"),
    )  # fmt: skip

    async def work(desk: Desk) -> None:
        values = [("blue", x) for x in blue] + [("green", x) for x in green]
        desk.requests(*(
            # told and written in another order than they came
            {"id": f"r{i}", "version": v, "ago": 200 - i / 4, "duration": abs(x) * 10}
            for i, (v, x) in sorted(enumerate(values), key=lambda _: chance.random())
        ))  # fmt: skip
        await told(desk, [(f"r{i}", "m", x) for i, (_, x) in enumerate(values)][::-1])

        found = await measure(desk, question(*measures))

        for arm, xs in ((0, blue), (1, green)):
            mean, expected = pair(found, "mean", Moments)[arm], Moments.of(xs)
            assert (mean.count, pytest.approx(expected.mean)) == (expected.count, mean.mean)
            assert mean.squares == pytest.approx(expected.squares)
            sums = pair(found, "edge", Sums)[arm]
            exact = Sums(2, 8).observed(min(8, max(2, x)) for x in xs)
            assert (sums.low, sums.high, sums.count) == (2, 8, exact.count)
            assert sums.total == pytest.approx(exact.total)
            assert sums.variation == pytest.approx(exact.variation)
            assert pair(found, "any", Counts)[arm] == Counts(len(xs), len(xs))
            slow = Histogram().observed(abs(x) * 10 for x in xs)
            assert pair(found, "most", Histogram)[arm] == slow
            assert pair(found, "slow", Moments)[arm].count == len(xs)

    at_desk(tmp_path, work)


def test_latency_is_of_what_was_answered(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.requests(
            {"id": "a", "duration": 10.0},
            {"id": "b", "duration": 30.0, "resultCode": "500", "success": False},
            {"id": "c", "duration": 0.1, "resultCode": "503", "success": False},
            {"id": "d", "duration": 90.0, "resultCode": "499", "success": False},
        )

        found = await measure(desk, question(Measure("l", "mean", "latency")))

        assert found.units == (4, 0)
        assert pair(found, "l", Moments)[0] == Moments(2, 20.0, 200.0)

    at_desk(tmp_path, work)


def test_feedback_counts_by_the_time_of_its_request(tmp_path: Path) -> None:
    sold = Measure("sold", "rate", "feedback", "sold")

    async def work(desk: Desk) -> None:
        desk.requests(
            {"id": "early", "ago": 90}, {"id": "a"}, {"id": "b"}, {"id": "c"},
            {"id": "chosen", "chosen": True}, {"id": "g", "version": "green"},
        )  # fmt: skip
        await told(desk, [("early", "sold", 1), ("a", "sold", 1), ("b", "sold", 0),
                          ("chosen", "sold", 1), ("g", "sold", 2), ("c", "other", 1)])  # fmt: skip

        found = await measure(desk, question(sold, since=60))

        assert found.units == (3, 1)
        assert pair(found, "sold", Counts) == (Counts(2, 1), Counts(1, 1))
        assert pair(await measure(desk, question(sold)), "sold", Counts)[0] == Counts(3, 2)

    at_desk(tmp_path, work)


def test_custom_metrics_count_once_for_each_request(tmp_path: Path) -> None:
    score = Measure("score", "mean", "metric", "score")
    where = {"workspace": WS, "service": SVC, "name": "score"}

    async def work(desk: Desk) -> None:
        now = time.time()
        desk.requests(
            {"id": "a"}, {"id": "b", "operation_Id": "t1"}, {"id": "c", "operation_Id": "t2"},
            {"id": "g", "version": "green"}, {"id": "n"},
        )  # fmt: skip
        metrics = [
            {"operation_Id": "a", "value": 3.0, "timestamp": now - 29},
            {"operation_Id": "a", "value": 9.0, "timestamp": now - 28},
            # of a trace, with the request in it
            {"operation_Id": "t1", "value": 5.0, "customDimensions": texts({"request_id": "b"})},
            # as OpenTelemetry reports it
            {"operation_Id": "t2", "value": 7.0},
            {"operation_Id": "g", "value": 1.0}, {"operation_Id": "n", "value": None},
            {"operation_Id": "nobody", "value": 1.0}, {"value": 4.0},
            {"operation_Id": "n", "value": 1.0, "name": "other"},
        ]  # fmt: skip
        desk.store.add(
            "customMetrics",
            [row("customMetrics", {"timestamp": now, **where, **m}) for m in metrics],
        )

        found = await measure(desk, question(score))

        control, candidate = pair(found, "score", Moments)
        assert (control.count, control.mean) == (3, 5.0)
        assert (candidate.count, candidate.mean) == (1, 1.0)

    at_desk(tmp_path, work)


def test_of_users_each_counts_once_with_the_first_value(tmp_path: Path) -> None:
    measures = (ERRORS, Measure("l", "mean", "latency"), Measure("s", "mean", "feedback", "s"))

    async def work(desk: Desk) -> None:
        failed = {"resultCode": "500", "success": False}
        desk.requests(
            {"id": "a", "user_Id": "u1", "ago": 50, "duration": 1.0},
            {"id": "b", "user_Id": "u1", "ago": 40, "duration": 5.0, **failed},
            {"id": "c", "user_Id": "u2", "ago": 30, "duration": 3.0, **failed},
            {"id": "d", "user_Id": "u2", "ago": 20, "duration": 9.0},
            {"id": "e"},
            {"id": "f", "user_Id": "u3", "version": "green", "duration": 7.0},
        )
        await told(desk, [("b", "s", 8), ("a", "s", 2), ("d", "s", 4), ("e", "s", 100)])

        found = await measure(desk, question(*measures, by_user=True))

        assert found.units == (2, 1)
        assert pair(found, "errors", Counts) == (Counts(2, 1), Counts(1, 0))
        assert pair(found, "l", Moments) == (Moments(2, 2.0, 2.0), Moments(1, 7.0, 0.0))
        assert pair(found, "s", Moments) == (Moments(2, 3.0, 2.0), Moments())

    at_desk(tmp_path, work)


def test_what_is_in_files_counts_as_what_is_not(tmp_path: Path) -> None:
    measures = (ERRORS, Measure("s", "rate", "feedback", "s"), Measure("l", "quantile", "latency"))

    async def work(desk: Desk) -> None:
        desk.requests(
            {"id": "old", "ago": 2 * 3600}, {"id": "new"}, {"id": "older", "ago": 90_000}
        )
        await desk.store.settled()
        await asyncio.to_thread(desk.store.keeper.run_once, time.time())
        await told(desk, [("old", "s", 1), ("new", "s", 0)])

        found = await measure(desk, question(*measures, since=3 * 3600))

        assert found.units == (2, 0)
        assert pair(found, "s", Counts)[0] == Counts(2, 1)
        assert pair(found, "l", Histogram)[0].count == 2

    at_desk(tmp_path, work)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (question(ERRORS, ERRORS), "a name of its own"),
        (question(candidate="blue"), "must be another version"),
        (question(since=0, until=10), "'until' must be after 'since'"),
        (question(Measure("e", "mean", "errors")), "can only be a rate"),
        (question(Measure("e", "rate", "latency")), "latency cannot be a rate"),
        (question(Measure("e", "rate", "feedback")), "'of' must name"),
        (question(Measure("e", "bounded", "latency", "", 1, 1)), "low must be under high"),
        (question(service="other"), "those of the path"),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    tmp_path: Path, asked: Question, said: str
) -> None:
    async def work(desk: Desk) -> None:
        status, body = await desk.post(f"{PATH}/measure", msgspec.json.encode(asked), CONTROL)
        assert status == 400
        assert said in json.loads(body)["message"]

    at_desk(tmp_path, work)


@pytest.mark.parametrize("role", ["", "owner", "contributor", "reader", "feedback"])
def test_only_the_control_plane_may_ask(tmp_path: Path, role: str) -> None:
    async def work(desk: Desk) -> None:
        headers = {"x-modelyard-role": role, "x-modelyard-workspace": "*"} if role else {}
        body = msgspec.json.encode(question(ERRORS))
        assert (await desk.post(f"{PATH}/measure", body, headers))[0] == 403

    at_desk(tmp_path, work)


def test_names_are_values_and_never_sql(tmp_path: Path) -> None:
    name = "x' OR 1=1 --"

    async def work(desk: Desk) -> None:
        desk.requests({"id": "a", "version": name})
        await told(desk, [("a", name, 1)])
        asked = question(Measure(name, "rate", "feedback", name), control=name)

        found = await measure(desk, asked)

        assert (found.units, pair(found, name, Counts)[0]) == ((1, 0), Counts(1, 1))

    at_desk(tmp_path, work)
