import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from modelyard.collector import seal
from modelyard.collector.retention import DAY, Belief, looked, outdated
from modelyard.collector.seal import GRACE, due
from modelyard.collector.sealed_files import HOUR, SealedFile, describe, folder_of
from modelyard.collector.store import Store
from tests.collector.stores import Place, count, line, parquet


class Killed(BaseException):
    """As a SIGKILL at this place: nothing after it runs."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "with [brackets] and 'quotes'*")


@pytest.fixture(autouse=True)
def folder(place: Place) -> None:
    place.folder.mkdir()


NOW = 1_000_000 * 3600.0


@pytest.mark.parametrize(
    ("rows", "now", "limit", "hours"),
    [
        pytest.param({}, NOW, 10, [], id="nothing"),
        pytest.param({int(NOW): 5}, NOW + 10, 10, [], id="the hour that runs"),
        pytest.param({int(NOW): 5}, NOW + 3600 + GRACE - 1, 10, [], id="late rows may come"),
        pytest.param({int(NOW): 5}, NOW + 3600 + GRACE, 10, [int(NOW)], id="an hour that is over"),
        pytest.param({0: 1, int(NOW): 5}, NOW, 10, [0], id="rows that came late"),
        pytest.param({int(NOW): 11}, NOW, 10, [int(NOW)], id="too many rows"),
        pytest.param({int(NOW) + 7200: 5}, NOW, 10, [], id="of a clock that ran ahead"),
    ],
)
def test_due(rows: dict[int, int], now: float, limit: int, hours: list[int]) -> None:
    assert due(rows, now, limit) == hours


def test_hours_that_are_over_move_to_files_and_questions_see_no_difference(place: Place) -> None:
    now = time.time()

    async def run() -> tuple[list[Any], list[Any], int]:
        async with place.open() as store:
            for age in (0, 2 * HOUR, 2 * HOUR, 30 * HOUR):
                store.add("traces", [line(f"{age}", now - age, workspace="ws")])
            await store.settled()
            before = await store.query("SELECT * FROM traces ORDER BY timestamp")
            await asyncio.to_thread(store.keeper.run_once, now)
            after = await store.query("SELECT * FROM traces ORDER BY timestamp")
            ((hot,),) = await store.query("SELECT count(*) FROM rows_traces")
            return before, after, hot

    before, after, hot = asyncio.run(run())
    assert before == after
    assert hot == 1
    files = [describe(path, "traces") for path in parquet(place)]
    assert [file.rows for file in files if file] == [1, 2]
    assert not list(place.telemetry.rglob("*.sealing"))
    assert not list(place.telemetry.rglob("*.tmp"))


def test_late_rows_make_a_further_part(place: Place) -> None:
    now = time.time()

    async def run() -> int:
        async with place.open() as store:
            for number in range(3):
                store.add("traces", [line(f"{number}", now - 2 * HOUR)])
                await store.settled()
                await asyncio.to_thread(store.keeper.run_once, now)
            return await count(store, "traces")

    assert asyncio.run(run()) == 3
    assert len(parquet(place)) == 3


def test_sealed_hours_before_a_moment_are_left_out_when_they_are_not_asked_for(
    place: Place,
) -> None:
    now = time.time()

    async def run() -> list[Any]:
        async with place.open() as store:
            store.add("traces", [line("old", now - 5 * HOUR), line("new", now)])
            await store.settled()
            await asyncio.to_thread(store.keeper.run_once, now)
            return await store.query("SELECT message FROM traces", since=now - HOUR)

    assert asyncio.run(run()) == [("new",)]


_STEPS = ["copy", "sync", "rename", "commit", "committed"]


@pytest.mark.parametrize("step", _STEPS)
def test_a_kill_at_any_step_of_sealing_neither_loses_nor_doubles(
    place: Place, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    store, _ = place.make()
    store.add("traces", [line(str(number), now - 2 * HOUR) for number in range(10)])
    store.writer._turn()

    _kill_at(step, store, monkeypatch)
    with pytest.raises(Killed):
        store.keeper.run_once(now)
    _forget_without_closing(store)
    monkeypatch.undo()

    async def run() -> tuple[int, int]:
        async with place.open() as again:
            first = await count(again, "traces")
            await asyncio.to_thread(again.keeper.run_once, now)
            return first, await count(again, "traces")

    assert asyncio.run(run()) == (10, 10)
    assert len(parquet(place)) == 1
    assert not list(place.telemetry.rglob("*.sealing"))


def test_after_the_engine_lost_its_file_sealed_files_count_even_with_a_mark(place: Place) -> None:
    now = time.time()
    store, _ = place.make()
    store.add("traces", [line("kept", now - 2 * HOUR)])
    store.writer._turn()
    store.keeper.run_once(now)
    store.handle.close()
    (path,) = parquet(place)
    path.with_suffix(".sealing").touch()
    for file in place.telemetry.glob("telemetry.duckdb*"):
        file.write_bytes(b"rubbish" * 1000)

    async def run() -> tuple[int, list[str]]:
        async with place.open() as again:
            return await count(again, "traces"), again.notes

    number, notes = asyncio.run(run())
    assert number == 1
    assert any("damaged-" in note for note in notes)


@pytest.mark.parametrize("share", [0.0, 0.999])
def test_a_cut_file_is_put_aside_at_the_start_and_the_rest_is_read(
    place: Place, share: float
) -> None:
    now = time.time()
    asyncio.run(_seal_two_hours(place, now))
    damaged, _ = parquet(place)
    data = damaged.read_bytes()
    damaged.write_bytes(data[: int(len(data) * share)])

    async def run() -> tuple[int, list[str]]:
        async with place.open() as store:
            return await count(store, "traces"), store.notes

    number, notes = asyncio.run(run())
    assert number == 10
    assert len(notes) == 1
    assert "its rows are missing" in notes[0]
    assert damaged.with_name(damaged.name + ".damaged").exists()


def test_a_file_that_is_cut_while_it_is_known_costs_its_own_rows_only(place: Place) -> None:
    now = time.time()
    asyncio.run(_seal_two_hours(place, now))

    async def run() -> tuple[int, int]:
        async with place.open() as store:
            before = await count(store, "traces")
            parquet(place)[0].write_bytes(b"PAR1")
            ((after,),) = await store.query("SELECT count(message) FROM traces")
            return before, after

    assert asyncio.run(run()) == (20, 10)


def test_a_file_that_somebody_deleted_costs_its_own_rows_only(place: Place) -> None:
    now = time.time()
    asyncio.run(_seal_two_hours(place, now))

    async def run() -> int:
        async with place.open() as store:
            await count(store, "traces")
            parquet(place)[0].unlink()
            ((number,),) = await store.query("SELECT count(message) FROM traces")
            return int(number)

    assert asyncio.run(run()) == 10


def test_files_of_a_release_with_fewer_columns_are_read(place: Place) -> None:
    now = time.time()
    folder = folder_of(place.telemetry, "traces", int(now // HOUR - 5) * HOUR)
    folder.mkdir(parents=True)
    old = str(folder / "part-0a-1-00000000.parquet").replace("'", "''")
    duckdb.sql(
        "COPY (SELECT now()::TIMESTAMP AS timestamp, 'old' AS message, 'gone' AS former)"
        f" TO '{old}' (FORMAT parquet)"
    )

    async def run() -> tuple[list[Any], list[Any]]:
        async with place.open() as store:
            store.add("traces", [line("new", now)])
            await store.settled()
            with await store.snapshot(["traces"]) as found:
                by_files = duckdb.sql(
                    f"SELECT message, workspace FROM ({found.selects['traces']}) ORDER BY 1"
                ).fetchall()
            return by_files, await store.query("SELECT message, workspace FROM traces ORDER BY 1")

    assert asyncio.run(run()) == ([("new", None), ("old", None)],) * 2


def test_retention_deletes_while_a_query_runs_and_the_query_is_answered(place: Place) -> None:
    now = time.time()
    asyncio.run(_seal_two_hours(place, now))

    async def run() -> tuple[int, int]:
        async with place.open() as store:
            await count(store, "traces")  # the files are known
            slow = "SELECT count(*) FROM traces, range(300000) WHERE length(message) > range % 1"
            asked = asyncio.create_task(store.query(slow))
            await asyncio.sleep(0)
            while not store._leases._held:  # noqa: ASYNC110 - the query has begun
                await asyncio.sleep(0.001)
            store.files.retire(store.files.all())
            ((during,),) = await asked
            return during, await count(store, "traces")

    assert asyncio.run(run()) == (20 * 300_000, 0)
    assert not parquet(place)


def test_what_is_older_than_the_days_goes_with_its_folders(place: Place) -> None:
    place.days = 10
    now = time.time()

    async def run() -> tuple[int, int]:
        async with place.open() as store:
            rows = [line("old", now - 9.5 * DAY), line("new", now - 2 * HOUR)]
            store.add("traces", rows)
            await store.settled()
            await asyncio.to_thread(store.keeper.run_once, now)
            before = await count(store, "traces")
            store.keeper._belief = Belief(now + DAY)
            await asyncio.to_thread(store.keeper.run_once, now + DAY)
            return before, await count(store, "traces")

    assert asyncio.run(run()) == (2, 1)
    assert len(list((place.telemetry / "traces").iterdir())) == 1


@pytest.mark.parametrize(
    ("looks", "wait"),
    [
        pytest.param([(0, 0), (60, 60), (120, 60)], 0, id="time passes"),
        pytest.param([(0, 0), (400 * DAY, 60)], DAY, id="a jump of a year is not believed"),
        pytest.param([(0, 0), (400 * DAY, 60), (401 * DAY, DAY)], 0, id="but after a day it is"),
        pytest.param([(9 * DAY, 0), (0, 60)], 0, id="a jump back deletes nothing anyway"),
        pytest.param([(0, 0), (3600, 60)], 0, id="an hour's change is nothing"),
    ],
)
def test_belief_in_the_clock(looks: list[tuple[float, float]], wait: float) -> None:
    belief = None
    for now, passed in looks:
        belief = looked(belief, now, passed)

    assert belief is not None
    assert belief.wait == wait


def test_nothing_is_deleted_while_the_clock_is_not_believed() -> None:
    file = SealedFile(Path("x"), "traces", 0, 1, "", 1)

    assert outdated([file], Belief(400 * DAY), 30) == [file]
    assert outdated([file], Belief(400 * DAY, wait=1), 30) == []
    assert outdated([file], Belief(29 * DAY), 30) == []


async def _seal_two_hours(place: Place, now: float) -> None:
    async with place.open() as store:
        for age in (2 * HOUR, 3 * HOUR):
            store.add("traces", [line(str(number), now - age) for number in range(10)])
        await store.settled()
        await asyncio.to_thread(store.keeper.run_once, now)


def _kill_at(step: str, store: Store, patch: pytest.MonkeyPatch) -> None:
    def then(do: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
        def killed(*given: Any, **named: Any) -> Any:
            if after:
                do(*given, **named)
            raise Killed

        return killed

    if step == "copy":
        patch.setattr(seal, "_copy", then(seal._copy, after=True))
    elif step == "sync":
        patch.setattr(seal, "_sync", then(seal._sync, after=True))
    elif step == "rename":
        patch.setattr(Path, "rename", then(Path.rename, after=True))
    elif step == "commit":
        patch.setattr(store.sealer, "_move", then(store.sealer._move, after=False))
    else:
        patch.setattr(store.sealer, "_move", then(store.sealer._move, after=True))


def _forget_without_closing(store: Store) -> None:
    """What is left when a process is killed: the files, and no open handle."""
    store.handle.close()
