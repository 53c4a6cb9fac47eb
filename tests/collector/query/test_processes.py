"""Real query processes over real files."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import nanoarrow
import pytest

from modelyard.bootstrap.query import command
from modelyard.collector.query.messages import Ask
from modelyard.collector.query.process import Answer
from modelyard.collector.query.queries import Queries
from modelyard.domain.errors import (
    AlreadyExists,
    BadInput,
    Conflict,
    NoCapacity,
    NotFound,
    Timeout,
    Unavailable,
)
from modelyard.settings import Settings
from modelyard.testing.snapshots import FakeSnapshots

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(1000000) b WHERE a.range % 7 = b.range"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "telemetry").mkdir()
    return Settings(home=tmp_path, database_url="", query_memory=200 * 1024**2)


@pytest.fixture
def snapshots(settings: Settings) -> FakeSnapshots:
    kept = FakeSnapshots(settings.telemetry)
    kept.put(
        "requests",
        [
            {
                "timestamp": NOON.replace(tzinfo=None, minute=n),
                "id": f"r{n}",
                "workspace": "red" if n % 2 else "blue",
                "message": "",
                "name": f"secret of r{n}",
                "success": n != 5,
                "duration": float(n),
            }
            for n in range(10)
        ],
    )
    return kept


@asynccontextmanager
async def opened(
    settings: Settings, snapshots: FakeSnapshots, **more: Any
) -> AsyncIterator[Queries]:
    queries = Queries(snapshots, command(settings), **more)
    try:
        yield queries
    finally:
        await queries.close()


def ask(text: str, **more: Any) -> Ask:
    return msgspec.structs.replace(Ask(text, seconds=20, rows=1000, size=1 << 20), **more)


def rows(answer: Answer) -> list[list[Any]]:
    return msgspec.json.decode(b"[" + answer.body + b"]")


def run(
    settings: Settings, snapshots: FakeSnapshots, work: Callable[[Queries], Awaitable[Any]]
) -> Any:
    async def whole() -> Any:
        async with opened(settings, snapshots) as queries:
            return await work(queries)

    return asyncio.run(whole())


def test_an_answer_has_columns_types_and_rows_with_times_in_utc(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    answer = run(
        settings,
        snapshots,
        lambda q: q.run(
            ask(
                "SELECT timestamp, id, duration / 0 AS odd, sum(duration) OVER () AS s, NULL n, "
                "{'a': [timestamp]} AS nested, 1.5::DECIMAL(4, 2) AS d, (2::HUGEINT ** 100) AS h, "
                "timestamp AT TIME ZONE 'UTC' AS z FROM requests ORDER BY id LIMIT 1"
            )
        ),
    )

    assert [c.name for c in answer.columns][:2] == ["timestamp", "id"]
    assert answer.columns[0].type == "TIMESTAMP"
    noon = "2026-11-22T12:00:00Z"
    assert rows(answer) == [[noon, "r0", None, 45.0, None, {"a": [noon]}, 1.5, 2.0**100, noon]]
    assert snapshots.held == 0


def test_parameters_are_values_by_place_or_by_name(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def both(q: Queries) -> tuple[Answer, Answer]:
        place = ask("SELECT id FROM requests WHERE id = ? OR id = ?", parameters=["r1", "'; --"])
        name = ask("SELECT id FROM requests WHERE duration > $d", parameters={"d": 8})
        return await q.run(place), await q.run(name)

    by_place, by_name = run(settings, snapshots, both)

    assert rows(by_place) == [["r1"]]
    assert rows(by_name) == [["r9"]]


@pytest.mark.parametrize(
    ("text", "parameters", "said"),
    [
        ("SELECT ?", None, "parameter"),
        ("SELECT ?", [1, 2], "parameter"),
        ("SELECT $a", {"b": 1}, "a"),
        ("SELECT nothing FROM requests", None, "nothing"),
        ("SELECT id::INTEGER FROM requests", None, "r0"),
        ("SELECT abs('x', 'y')", None, "abs"),
    ],
)
def test_what_does_not_fit_is_bad_input_that_names_it(
    settings: Settings, snapshots: FakeSnapshots, text: str, parameters: Any, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        run(settings, snapshots, lambda q: q.run(ask(text, parameters=parameters)))


def test_rows_and_bytes_are_limited_and_the_answer_says_so(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def three(q: Queries) -> list[Answer]:
        return [
            await q.run(ask("SELECT * FROM range(1000000000)", rows=2500)),
            await q.run(ask("SELECT repeat('x', 1000) FROM range(100000)", rows=10**6)),
            await q.run(ask("SELECT * FROM range(2500)", rows=2500)),
        ]

    by_rows, by_bytes, whole = run(settings, snapshots, three)

    assert (by_rows.count, by_rows.truncated, len(rows(by_rows))) == (2500, "rows", 2500)
    assert (by_bytes.count, by_bytes.truncated) == (1000, "bytes")
    assert (whole.count, whole.truncated) == (2500, "")


def test_arrow_streams_are_read_by_others(settings: Settings, snapshots: FakeSnapshots) -> None:
    async def both(q: Queries) -> list[Answer]:
        return [
            await q.run(ask("SELECT id, duration, timestamp FROM requests", arrow=True, rows=4)),
            await q.run(ask("SELECT id FROM requests WHERE id = ?", arrow=True, parameters=["x"])),
        ]

    some, none = run(settings, snapshots, both)

    stream = nanoarrow.ArrayStream.from_readable(some.body)
    found = [row for array in stream for row in array.to_pylist()]
    assert (some.count, some.truncated, len(found)) == (4, "rows", 4)
    assert found[1]["id"] == "r1"
    assert none.count == 0
    assert nanoarrow.ArrayStream.from_readable(none.body).read_all().to_pylist() == []


def test_kql_is_answered_by_itself(settings: Settings, snapshots: FakeSnapshots) -> None:
    kql = "requests | where success == true | summarize n=count(), percentile(duration, 50)"

    answer = run(settings, snapshots, lambda q: q.run(ask(kql)))

    assert answer.language == "kql"
    assert rows(answer)[0][0] == 9


@pytest.mark.parametrize(
    ("kql", "said"),
    [
        ("requests | where duraton > 1", "no column 'duraton'"),
        ("exceptions | project outerMesage", "no column 'outerMesage'"),
    ],
)
def test_a_column_that_kql_names_in_vain_is_told_without_sql(
    settings: Settings, snapshots: FakeSnapshots, kql: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        run(settings, snapshots, lambda q: q.run(ask(kql)))

    assert "SELECT" not in refused.value.message


def test_ready_made_views_answer(settings: Settings, snapshots: FakeSnapshots) -> None:
    async def three(q: Queries) -> list[Answer]:
        return [
            await q.run(ask("SELECT id FROM slowRequests LIMIT 1")),
            await q.run(ask("SELECT * FROM errorsByPlace")),
            await q.run(ask("SELECT sum(requests), sum(failed) FROM serviceMinutes")),
        ]

    slow, errors, minutes = run(settings, snapshots, three)

    assert rows(slow) == [["r9"]]
    assert errors.count == 0
    assert rows(minutes) == [[10.0, 1.0]]


def test_a_caller_of_one_workspace_sees_its_rows_only_and_no_trace_of_others(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def tried(q: Queries) -> tuple[Answer, Answer, str]:
        counted = await q.run(ask("SELECT DISTINCT workspace FROM requests", workspace="red"))
        odd = await q.run(ask("SELECT count(*) FROM requests", workspace="o'dd"))
        with pytest.raises(BadInput) as refused:
            await q.run(ask("SELECT * FROM requests WHERE name::INTEGER > 0", workspace="red"))
        return counted, odd, refused.value.message

    counted, odd, message = run(settings, snapshots, tried)

    assert rows(counted) == [["red"]]
    assert rows(odd) == [[0]]
    assert "secret of r1" in message
    assert "r0" not in message


def test_since_bounds_all_tables(settings: Settings, snapshots: FakeSnapshots) -> None:
    since = NOON.timestamp() + 8 * 60

    answer = run(settings, snapshots, lambda q: q.run(ask("requests | count", since=since)))

    assert rows(answer) == [[2]]


def test_a_query_without_end_is_ended_and_the_next_one_runs(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def two(q: Queries) -> Answer:
        with pytest.raises(Timeout, match=r"0\.3 seconds"):
            await q.run(ask(ENDLESS, seconds=0.3))
        return await q.run(ask("SELECT 1"))

    assert rows(run(settings, snapshots, two)) == [[1]]
    assert snapshots.held == 0


@pytest.mark.parametrize(
    "bomb",
    [
        "SELECT list(a.range) FROM range(100000000) a",
        "SELECT string_agg(repeat('x', 1000000), '') FROM range(100000)",
        *(
            pytest.param(text, marks=pytest.mark.slow)
            for text in (
                "SELECT * FROM range(10000000000) ORDER BY hash(range)",
                "SELECT repeat('x', 2000000000)",
                "SELECT list_transform(range(1000000000), lambda x: repeat('y', 1000))",
                "WITH RECURSIVE r AS (SELECT 'x' s UNION ALL SELECT s || s FROM r) "
                "SELECT max(s) FROM r",
            )
        ),
    ],
)
def test_a_query_that_eats_memory_ends_with_the_way_out_and_the_next_one_runs(
    settings: Settings, snapshots: FakeSnapshots, bomb: str
) -> None:
    async def two(q: Queries) -> tuple[str, Answer]:
        with pytest.raises((NoCapacity, BadInput)) as refused:
            await q.run(ask(bomb))
        return refused.value.message, await q.run(ask("SELECT count(*) FROM requests"))

    message, after = run(settings, snapshots, two)

    assert "MODELYARD_QUERY_MEMORY" in message or "too large" in message.lower()
    assert rows(after) == [[10]]


def test_a_running_query_is_seen_and_cancelled_by_its_id(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def cancelled(q: Queries) -> str:
        task = asyncio.create_task(q.run(ask(ENDLESS), id="mine"))
        await until(lambda: any(r.process for r in q.running()))
        with pytest.raises(AlreadyExists, match="mine"):
            await q.run(ask("SELECT 1"), id="mine")
        with pytest.raises(NotFound, match="mine"):
            q.cancel("mine", workspace="red")
        q.cancel("mine")
        q.cancel("mine")
        with pytest.raises(Conflict) as refused:
            await task
        with pytest.raises(NotFound, match="mine"):
            q.cancel("mine")
        return refused.value.message

    assert run(settings, snapshots, cancelled) == "The query was cancelled."


def test_who_goes_away_ends_the_query(settings: Settings, snapshots: FakeSnapshots) -> None:
    async def gone(q: Queries) -> int:
        task = asyncio.create_task(q.run(ask(ENDLESS)))
        await until(lambda: any(r.process for r in q.running()))
        (running,) = q.running()
        assert running.process is not None
        pid = running.process.pid
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert q.running() == []
        return pid

    assert not alive(run(settings, snapshots, gone))


def test_queries_that_wait_for_a_turn_are_limited_in_time_and_number(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def crowded() -> None:
        async with opened(settings, snapshots, at_once=1) as q:
            first = asyncio.create_task(q.run(ask(ENDLESS), id="first"))
            await until(lambda: any(r.process for r in q.running()))
            with pytest.raises(Timeout, match="before it"):
                await q.run(ask("SELECT 1", seconds=0.05))
            waiting = [asyncio.create_task(q.run(ask("SELECT 1"))) for _ in range(17)]
            await until(lambda: len(q.running()) == 18)
            with pytest.raises(Unavailable, match="18 queries"):
                await q.run(ask("SELECT 1"))
            q.cancel("first")
            with pytest.raises(Conflict):
                await first
            assert [rows(await w) for w in waiting] == [[[1]]] * 17

    asyncio.run(crowded())


def test_a_killed_process_is_an_error_and_the_next_query_gets_another(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def killed(q: Queries) -> Answer:
        task = asyncio.create_task(q.run(ask(ENDLESS)))
        await until(lambda: any(r.process for r in q.running()))
        (running,) = q.running()
        assert running.process is not None
        os.kill(running.process.pid, signal.SIGKILL)
        with pytest.raises(NoCapacity, match="brought down"):
            await task
        return await q.run(ask("SELECT 1"))

    assert rows(run(settings, snapshots, killed)) == [[1]]


def test_a_store_that_cannot_be_read_is_said_and_the_next_query_runs(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def two(q: Queries) -> Answer:
        snapshots.failure = Unavailable("The store is being opened.")
        with pytest.raises(Unavailable, match="being opened"):
            await q.run(ask("SELECT * FROM requests"))
        snapshots.failure = None
        return await q.run(ask("SELECT count(*) FROM requests"))

    assert rows(run(settings, snapshots, two)) == [[10]]


def test_processes_are_used_again_and_end_when_nobody_asks(
    settings: Settings, snapshots: FakeSnapshots
) -> None:
    async def idle() -> tuple[int, int]:
        async with opened(settings, snapshots, idle=0.2) as q:
            pids = []
            for _ in range(2):
                await q.run(ask("SELECT 1"))
                pids.append(q._idle[-1].pid)
            await until(lambda: not alive(pids[0]))
            return pids[0], pids[1]

    first, second = asyncio.run(idle())

    assert first == second


def test_the_engine_itself_reaches_nothing_when_the_gate_would_let_something_through(
    settings: Settings, tmp_path: Path
) -> None:
    script = tmp_path / "tries.py"
    script.write_text(_TRIES)

    done = asyncio.run(outcome(settings, script))

    assert done == "held"


_TRIES = """
import sys
from pathlib import Path

import duckdb

from modelyard.collector.query.engine import open_engine
from modelyard.collector.query.sandbox import confine

folder = Path(sys.argv[1])
connection = open_engine([folder], 200_000_000, 1)
confine(200_000_000)
tries = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd.csv'",
    "SELECT * FROM glob('/etc/*')",
    f"COPY (SELECT 1) TO '{folder}/x.csv'",
    "COPY (SELECT 1) TO '/tmp/modelyard-x.csv'",
    f"ATTACH '{folder}/x.db'",
    f"EXPORT DATABASE '{folder}/out'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "SET memory_limit = '100GB'",
    "SELECT * FROM connection",
]
for text in tries:
    try:
        connection.execute(text).fetchall()
    except duckdb.Error:
        continue
    sys.exit("went through: " + text)
try:
    Path("/tmp/modelyard-x").write_text("x")
except OSError:
    print("held", end="")
"""


async def outcome(settings: Settings, script: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        command(settings)[0],
        str(script),
        str(settings.telemetry),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return said.decode()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
