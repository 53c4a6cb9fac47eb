import asyncio
import json
import math
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from modelyard.collector import feedback as module
from modelyard.collector.moments import aware, naive
from modelyard.domain.errors import Unavailable
from tests.collector.feedbacks import PATH, SERVE, SVC, WS, Desk, at_desk, numbered
from tests.collector.stores import eventually

NONE = {"accepted": 0, "repeated": 0, "conflicting": 0, "unknown": 0, "unknown_ids": []}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer waits a moment for requests on their way: not here, but where it is tried."""
    monkeypatch.setattr(module, "PATIENCE", 0.05)


def one(id: str, value: Any = True, metric: str = "sales", **more: Any) -> dict[str, Any]:
    return {"request_id": id, "metric": metric, "value": value, **more}


async def tell(desk: Desk, *outcomes: dict[str, Any], path: str = PATH, **headers: str) -> Any:
    body = outcomes[0] if len(outcomes) == 1 else {"outcomes": outcomes}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    status, answer = await desk.post(f"{path}/feedback", json.dumps(body).encode(), named)
    found = json.loads(answer)
    return found if status == 200 else (status, found["message"])


def test_what_is_told_of_a_request_is_a_row_with_its_time_version_and_user(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.requests({"id": "r1", "user_Id": "u1"}, {"id": "r2", "version": "green"})
        await desk.store.settled()
        happened = "2026-11-20T10:00:00+02:00"

        found = await tell(desk, one("r1"), one("r2", 7.5, "revenue", time=happened))

        assert found == {**NONE, "accepted": 2}
        assert await desk.rows() == [("r1", "sales", 1.0), ("r2", "revenue", 7.5)]
        rows = await desk.rows(
            "workspace, service, application_Version, user_Id, chosen, revision"
        )
        assert rows == [(WS, SVC, "blue", "u1", False, 2), (WS, SVC, "green", None, False, 2)]
        ((asked, none), (_, when)) = await desk.rows("requestTime, happened")
        assert (none, when) == (None, naive(datetime(2026, 11, 20, 8, tzinfo=UTC).timestamp()))
        assert abs(aware(asked).timestamp() - (time.time() - 30)) < 5

    at_desk(tmp_path, work)


def test_the_same_twice_counts_once_and_of_two_values_the_first_stays(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.requests({"id": "r1"})
        await desk.store.settled()

        assert (await tell(desk, one("r1", 1), one("r1", True), one("r1", 0))) == {
            **NONE, "accepted": 1, "repeated": 1, "conflicting": 1,
        }  # fmt: skip
        assert await tell(desk, one("r1", 1.0)) == {**NONE, "repeated": 1}
        assert await tell(desk, one("r1", 2)) == {**NONE, "conflicting": 1}
        assert await tell(desk, one("r1", 2, "other")) == {**NONE, "accepted": 1}

        assert await desk.rows() == [("r1", "other", 2.0), ("r1", "sales", 1.0)]

    at_desk(tmp_path, work)


def test_what_was_told_is_known_to_the_next_process(tmp_path: Path) -> None:
    async def first(desk: Desk) -> None:
        desk.requests({"id": "r1"})
        await desk.store.settled()
        await tell(desk, one("r1"), one("r2"))

    async def second(desk: Desk) -> None:
        assert await tell(desk, one("r1")) == {**NONE, "repeated": 1}
        assert await tell(desk, one("r1", 0)) == {**NONE, "conflicting": 1}
        desk.requests({"id": "r2"})
        await eventually(lambda: desk.rows(), what="rows")
        assert [id for id, *_ in await eventually(lambda: both(desk))] == ["r1", "r2"]

    async def both(desk: Desk) -> Any:
        rows = await desk.rows()
        return rows if len(rows) == 2 else None

    at_desk(tmp_path, first)
    at_desk(tmp_path, second)


def test_what_is_told_of_a_request_on_its_way_is_joined_when_it_comes(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        found = await tell(desk, one("late"), one("late", 3, "stars"), one("never"))
        assert found == {**NONE, "unknown": 3, "unknown_ids": ["late", "never"]}
        assert await desk.rows() == []

        desk.requests({"id": "late"})

        await eventually(lambda: desk.rows())
        assert await desk.rows() == [("late", "sales", 1.0), ("late", "stars", 3.0)]
        assert await tell(desk, one("late")) == {**NONE, "repeated": 1}
        assert await tell(desk, one("never")) == {**NONE, "unknown": 1, "unknown_ids": ["never"]}
        assert await tell(desk, one("never", 0)) == {**NONE, "conflicting": 1}

    at_desk(tmp_path, work)


def test_an_answer_waits_a_moment_for_a_request_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 20.0)

    async def work(desk: Desk) -> None:
        telling = asyncio.create_task(tell(desk, one("r1")))
        await eventually(lambda: waits(desk))
        desk.requests({"id": "r1"})
        assert await telling == {**NONE, "accepted": 1}

    async def waits(desk: Desk) -> bool:
        return desk.outcomes.feedback.waiting == 1

    at_desk(tmp_path, work)


def test_requests_of_sealed_hours_are_found(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        for number, days in enumerate((0.2, 3, 20)):
            desk.requests({"id": f"r{number}", "ago": days * 86_400})
        await desk.store.settled()
        await asyncio.to_thread(desk.store.keeper.run_once, time.time())
        assert len(desk.store.files.all()) == 3

        assert await tell(desk, *(one(f"r{n}") for n in range(3))) == {**NONE, "accepted": 3}

        assert len(await desk.rows()) == 3

    at_desk(tmp_path, work)


def test_what_nobody_asked_for_is_given_up_after_a_day_and_counted(tmp_path: Path) -> None:
    now = time.time()

    async def work(desk: Desk) -> None:
        feedback = desk.outcomes.feedback
        await tell(desk, one("a"), one("b"))
        feedback.clock = lambda: now + module.KEPT + 100

        await feedback.tidy(forget=False)

        assert (feedback.dropped, feedback.waiting) == (2, 0)
        feedback.clock = time.time
        desk.requests({"id": "a"})
        await desk.store.settled()
        assert await tell(desk, one("a")) == {**NONE, "accepted": 1}

    async def again(desk: Desk) -> None:
        assert desk.outcomes.feedback.dropped == 2

    at_desk(tmp_path, work)
    at_desk(tmp_path, again)


def test_there_is_a_bound_on_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelyard.collector.feedback_book.WAITING", 3)

    async def work(desk: Desk) -> None:
        desk.requests({"id": "known"})
        await desk.store.settled()
        found = await tell(desk, *(one(id) for id in numbered(5)), one("known"))

        assert (found["accepted"], found["unknown"]) == (1, 5)
        assert (desk.outcomes.feedback.waiting, desk.outcomes.feedback.dropped) == (3, 2)

    at_desk(tmp_path, work)


def test_a_service_that_tells_of_wrong_ids_takes_no_room_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelyard.collector.feedback_book.WAITING", 5)
    monkeypatch.setattr("modelyard.collector.feedback_book.OF_ONE", 3)

    async def work(desk: Desk) -> None:
        await tell(desk, *(one(id) for id in numbered(9, "wrong")))
        dropped = desk.outcomes.feedback.dropped
        await tell(desk, one("late"), path=PATH.replace(SVC, "another"))
        feedback = desk.outcomes.feedback

        assert (dropped, feedback.dropped, feedback.waiting) == (6, 6, 3 + 1)

    at_desk(tmp_path, work)


def test_the_copy_of_a_shadow_is_not_the_request(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.requests(
            {"id": "r1", "version": "green", "chosen": True, "ago": 31}, {"id": "r1"},
            {"id": "r1", "service": "another", "version": "red", "ago": 40},
        )  # fmt: skip
        await desk.store.settled()
        await tell(desk, one("r1"))

        assert await desk.rows("application_Version, chosen, service") == [("blue", False, SVC)]

    at_desk(tmp_path, work)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The feedback cannot be used"),
        (b"[]", "The feedback cannot be used"),
        (b"\xff", "The feedback cannot be used"),
        (b'{"outcomes": []}', "'outcomes' is empty"),
        (b'{"outcomes": [{"request_id": "a", "metric": "m", "value": 1}, {}]}', "outcomes[1]"),
        (b'{"outcomes": [{"request_id": "a", "metric": "m", "value": "x"}]}', "outcomes[0].value"),
        (b'{"request_id": "a", "metric": "m", "value": NaN}', "cannot be used"),
        (b'{"request_id": "a", "metric": "m", "value": 1e999}', "value"),
        (b'{"request_id": "a", "metric": "m", "value": null}', "value"),
        (b'{"request_id": "a b", "metric": "m", "value": 1}', "request_id='a b'"),
        (b'{"request_id": "", "metric": "m", "value": 1}', "request_id=''"),
        (b'{"request_id": "a", "metric": "", "value": 1}', "metric=''"),
        (b'{"request_id": "a", "metric": "m", "value": 1, "tme": 1}', "tme"),
        (b"[" * 100_000, "recursion"),
        (
            b'{"request_id": "a", "metric": "m", "value": 1, "time": "0001-01-01T00:00:00Z"}',
            "time",
        ),
        (
            b'{"outcomes": [{"request_id": "a", "metric": "m", "value": 1},'
            b'{"request_id": "a", "metric": "x\\u0000", "value": 1}]}',
            "outcomes[1]: metric=",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_whole_and_named(
    tmp_path: Path, body: bytes, said: str
) -> None:
    async def work(desk: Desk) -> None:
        status, answer = await desk.post(f"{PATH}/feedback", body)

        assert (status, json.loads(answer)["code"]) == (400, "bad_input")
        assert said in json.loads(answer)["message"]
        assert not desk.book.exists()

    at_desk(tmp_path, work)


def test_too_many_at_once_are_refused(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        status, message = await tell(desk, *(one(id) for id in numbered(10_001)))
        assert status == 413
        assert "10,001 outcomes are too many" in message

    at_desk(tmp_path, work)


def test_a_key_of_a_service_tells_of_that_one_and_a_reader_of_none(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.requests({"id": "r1"})
        await desk.store.settled()
        key = {"x_modelyard_role": "feedback", "x_modelyard_workspace": WS}

        told = await tell(desk, one("r1"), path=SERVE, x_modelyard_service=SVC, **key)
        assert told == {**NONE, "accepted": 1}
        for wrong in (
            {**key, "x_modelyard_service": "other"},
            {**key, "x_modelyard_service": SVC, "x_modelyard_workspace": "w"},
            key,
            {"x_modelyard_role": "reader", "x_modelyard_workspace": "*"},
            {"x_modelyard_role": "owner", "x_modelyard_workspace": "other"},
        ):
            assert (await tell(desk, one("r1"), **wrong))[0] == 403
        assert await tell(
            desk, one("r1"), x_modelyard_role="contributor", x_modelyard_workspace="*"
        ) == {**NONE, "repeated": 1}

    at_desk(tmp_path, work)


def test_without_room_on_the_disk_nothing_is_taken(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        status, message = await tell(desk, one("r1"))
        assert status == 507
        assert "no feedback is taken" in message

    at_desk(tmp_path, work, free=2**60)


def test_a_damaged_book_is_set_aside_and_the_next_call_is_kept(tmp_path: Path) -> None:
    async def first(desk: Desk) -> None:
        desk.requests({"id": "r1"})
        await desk.store.settled()
        await tell(desk, one("r1"))
        assert len(await desk.rows()) == 1

    async def second(desk: Desk) -> None:
        await eventually(lambda: renewed(desk), what="it is set aside")
        assert len(list(desk.book.parent.glob("feedback.sqlite.damaged-*"))) == 1
        assert any("could not be read" in note for note in desk.store.notes)
        assert (await tell(desk, one("r1", 0)))["accepted"] == 1
        await eventually(lambda: two(desk))

    async def renewed(desk: Desk) -> bool:
        return isinstance(await tell(desk, one("x")), dict)

    async def two(desk: Desk) -> bool:
        return len(await desk.rows()) == 2

    at_desk(tmp_path, first)
    book = next(tmp_path.glob("**/feedback.sqlite"))
    book.write_bytes(b"no book at all " * 1000)
    at_desk(tmp_path, second)


def test_while_the_store_cannot_be_asked_it_is_kept_and_joined_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RETRY", 0.05)

    async def work(desk: Desk) -> None:
        desk.requests({"id": "r1"})
        await desk.store.settled()
        path = desk.store.handle.path
        monkeypatch.setattr(desk.store, "query", refusing)

        assert (await tell(desk, one("r1")))["unknown"] == 1

        monkeypatch.undo()
        assert path == desk.store.handle.path
        await eventually(lambda: desk.rows())

    async def refusing(*_: Any, **__: Any) -> Any:
        raise Unavailable("not now")

    at_desk(tmp_path, work)


def test_ten_thousand_at_once_are_taken(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        ids = numbered(10_000)
        desk.requests(*({"id": id} for id in ids[:9000]))
        await desk.store.settled()

        found = await tell(desk, *(one(id, math.pi) for id in ids))

        assert (found["accepted"], found["unknown"]) == (9000, 1000)
        assert len(found["unknown_ids"]) == module.LISTED
        assert await eventually(lambda: all_of(desk)) == 9000

    async def all_of(desk: Desk) -> int:
        rows = await desk.rows()
        return len(rows) if len(rows) == 9000 else 0

    at_desk(tmp_path, work)


def test_a_copy_of_the_book_has_nothing_that_the_store_has_as_well(tmp_path: Path) -> None:
    def leaving(path: Path) -> list[Any]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT number FROM leaving").fetchall()

    async def work(desk: Desk) -> None:
        desk.requests({"id": "r1"}, {"id": "r2"})
        await desk.store.settled()
        await tell(desk, one("r1"))
        await eventually(lambda: desk.rows())
        await eventually(lambda: gone(desk))
        await tell(desk, one("r2"))

    async def gone(desk: Desk) -> bool:
        return leaving(desk.book) == []

    at_desk(tmp_path, work)
    assert leaving(next(tmp_path.glob("**/feedback.sqlite"))) == []
