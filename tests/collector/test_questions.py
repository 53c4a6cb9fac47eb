"""What the collector answers over HTTP, with a real store behind it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modelyard.bootstrap.collector_questions import Questions
from modelyard.collector.app import Web
from modelyard.collector.making import row, texts
from modelyard.collector.moments import moment, span
from modelyard.collector.store import Store
from modelyard.collector.web import HttpAnswer, HttpRequest
from modelyard.domain.errors import BadInput
from modelyard.settings import Settings

BASE = "/api/v1/telemetry"
PLACE = {"workspace": "lab", "service": "twice", "application_Version": "blue", "revision": 2}


class Desk:
    """A collector's questions, asked as the gateway would pass them on."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, database_url="", query_timeout=20)
        self.store = Store(self.settings.telemetry)
        self.questions = Questions(self.settings, self.store)
        self.web = Web(self.questions.routes())

    async def ask(
        self, method: str, path: str, body: Any = None, who: str = "*/owner", **query: str
    ) -> HttpAnswer:
        workspace, role = who.split("/")
        headers = {"x-modelyard-workspace": workspace, "x-modelyard-role": role}
        data = b"" if body is None else msgspec.json.encode(body)
        return await self.web.answer(HttpRequest(method, BASE + path, query, headers, data))

    async def rows(self, text: str, **more: Any) -> list[list[Any]]:
        answer = await self.ask("POST", "/query", {"query": text, **more})
        assert answer.status == 200, answer.body
        return said(answer)["rows"]


def said(answer: HttpAnswer) -> Any:
    assert isinstance(answer.body, bytes)
    return msgspec.json.decode(answer.body)


def desk(home: Path, work: Callable[[Desk], Awaitable[None]], *tables: Any) -> None:
    async def whole() -> None:
        made = Desk(home)
        await made.store.start()
        try:
            for table, rows in tables:
                made.store.add(table, [row(table, PLACE, dated(one)) for one in rows])
            await made.store.settled()
            await work(made)
        finally:
            await made.questions.stop()
            await made.store.stop()

    asyncio.run(whole())


def dated(one: dict[str, Any]) -> dict[str, Any]:
    """With the time that its ``ago`` means now: a module may be read long before a test runs."""
    more = dict(one)
    return {"timestamp": time.time() - more.pop("ago"), **more}


def request(id: str, ago: float = 30.0, **more: Any) -> dict[str, Any]:
    plain = {
        "ago": ago, "id": id, "operation_Id": id, "name": "POST /score",
        "resultCode": "200", "success": True, "duration": 10.0, "queueMs": 1.0, "runMs": 8.0,
        "batchSize": 1, "worker": 1, "source": "front",
    }  # fmt: skip
    return {**plain, **more}


def line(message: str, ago: float = 30.0, **more: Any) -> dict[str, Any]:
    return {"ago": ago, "message": message, "source": "worker 1", **more}


REQUESTS = (
    "requests",
    [
        request("r1", 90),
        request("r2", 31, duration=20.0, worker=2),
        request("r3", 30, success=False, resultCode="500", runMs=None, queueMs=None),
        request("r4", 29, application_Version="green", workspace="other"),
    ],
)


def test_a_query_is_answered_with_columns_rows_and_how_it_was_read(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        found = said(await desk.ask("POST", "/query", {"query": "requests | count"}))
        assert (found["rows"], found["language"], found["truncated"]) == ([[4]], "kql", False)
        assert found["columns"] == [{"name": "Count", "type": "BIGINT"}]

        cut = said(await desk.ask("POST", "/query", {"query": "FROM requests", "limit": 3}))
        assert (len(cut["rows"]), cut["truncated"], cut["limited_by"]) == (3, True, "rows")

        arrow = HttpRequest(
            "POST", f"{BASE}/query", {}, {"accept": "application/vnd.apache.arrow.stream"},
            b'{"query": "SELECT id FROM requests"}',
        )  # fmt: skip
        answer = await desk.web.answer(arrow)
        assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
        assert isinstance(answer.body, bytes)
        assert answer.body[:4] == b"\xff\xff\xff\xff"

    desk(tmp_path, work, REQUESTS)


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        ({}, 400, "'query' or 'saved'"),
        ({"query": "SELECT 1", "saved": "x"}, 400, "'query' or 'saved'"),
        ({"sql": "SELECT 1"}, 400, "sql"),
        ({"query": 1}, 400, "query"),
        ({"query": "SELECT 1", "timeout": 0}, 400, "timeout=0"),
        ({"query": "SELECT 1", "timeout": 1e9}, 400, "timeout"),
        ({"query": "SELECT 1", "limit": 0}, 400, "limit=0"),
        ({"query": "SELECT 1", "limit": 2_000_000}, 400, "1,000,000"),
        ({"query": "SELECT 1", "since": "yesterday"}, 400, "since='yesterday'"),
        ({"query": "SELECT 1", "id": "a b"}, 400, "id='a b'"),
        ({"query": "SELECT 1", "language": "cypher"}, 400, "cypher"),
        ({"query": "COPY requests TO 'x'"}, 400, "COPY"),
        ({"saved": "nothing"}, 404, "nothing"),
        ("text", 400, "object"),
    ],
)
def test_a_question_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, body: Any, status: int, names: str
) -> None:
    async def work(desk: Desk) -> None:
        answer = await desk.ask("POST", "/query", body)
        assert answer.status == status, answer.body
        assert names in said(answer)["message"]

    desk(tmp_path, work)


def test_a_caller_of_one_workspace_sees_no_other(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        mine = {"who": "lab/contributor"}
        counted = await desk.ask("POST", "/query", {"query": "requests | count"}, **mine)
        assert said(counted)["rows"] == [[3]]
        other = {"query": "requests | count", "workspace": "other"}
        assert (await desk.ask("POST", "/query", other, **mine)).status == 403
        assert said(await desk.ask("POST", "/query", other))["rows"] == [[1]]

        path = "/services/other/twice"
        assert (await desk.ask("GET", f"{path}/metrics", **mine)).status == 403
        assert (await desk.ask("GET", f"{path}/logs", **mine)).status == 403
        assert (await desk.ask("GET", "/requests/r4", **mine)).status == 404
        assert (await desk.ask("GET", "/requests/r4")).status == 200
        services = said(await desk.ask("GET", "/top", window="10m", **mine))["services"]
        assert {s["workspace"] for s in services} == {"lab"}

    desk(tmp_path, work, REQUESTS)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT duraton FROM requests", "duraton"),
        ("SELECT * FROM read_csv('x')", "read_csv"),
        ("requests | where", "The KQL cannot be read"),
        ("DROP TABLE requests", "DROP"),
        ("", "empty"),
    ],
)
def test_a_query_that_cannot_be_asked_is_not_saved(tmp_path: Path, query: str, why: str) -> None:
    async def work(desk: Desk) -> None:
        refused = await desk.ask("PUT", "/saved/bad", {"query": query})
        assert refused.status == 400
        assert "'bad' was not saved" in said(refused)["message"]
        assert why in said(refused)["message"]
        assert said(await desk.ask("GET", "/saved"))["items"] == []

    desk(tmp_path, work)


def test_queries_are_saved_run_and_forgotten_by_those_who_may(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        wanted = {"query": "SELECT count(*) FROM requests WHERE id = ?", "about": "one"}
        kept = said(await desk.ask("PUT", "/saved/one", wanted))
        assert (kept["name"], kept["language"]) == ("one", "sql")
        run = await desk.ask("POST", "/query", {"saved": "one", "parameters": ["r1"]})
        assert said(run)["rows"] == [[1]]
        assert [q["name"] for q in said(await desk.ask("GET", "/saved"))["items"]] == ["one"]
        for who in ("*/reader", "lab/owner"):
            assert (await desk.ask("PUT", "/saved/one", wanted, who)).status == 403
            assert (await desk.ask("DELETE", "/saved/one", who=who)).status == 403
        assert (await desk.ask("PUT", "/saved/..", wanted)).status == 400
        assert (await desk.ask("DELETE", "/saved/one")).status == 204
        assert (await desk.ask("GET", "/saved/one")).status == 404

    desk(tmp_path, work, REQUESTS)


def test_a_running_query_is_listed_and_cancelled(tmp_path: Path) -> None:
    endless = "SELECT count(*) FROM range(10000000000) a, range(1000000) b WHERE a.range = b.range"

    async def work(desk: Desk) -> None:
        task = asyncio.create_task(desk.ask("POST", "/query", {"query": endless, "id": "long"}))
        async with asyncio.timeout(20):
            while not said(await desk.ask("GET", "/queries"))["items"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert said(await desk.ask("GET", "/queries", who="lab/reader"))["items"] == []
        assert (await desk.ask("DELETE", "/queries/long", who="lab/reader")).status == 404
        assert (await desk.ask("DELETE", "/queries/long")).status == 204
        answer = await task
        assert (answer.status, said(answer)["message"]) == (409, "The query was cancelled.")

    desk(tmp_path, work)


def test_every_table_and_view_is_described_as_it_answers(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        for table in said(await desk.ask("GET", "/tables"))["items"]:
            answer = await desk.ask("POST", "/query", {"query": f"FROM {table['name']}"})
            described = [(c["name"], c["type"]) for c in table["columns"]]
            assert [(c["name"], c["type"]) for c in said(answer)["columns"]] == described
            assert table["about"]
            assert all(c["about"] for c in table["columns"])

    desk(tmp_path, work, REQUESTS)


def test_metrics_of_a_service_are_rates_errors_and_times_by_version(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        answer = await desk.ask("GET", "/services/lab/twice/metrics", since="2m", by="1h")
        points = said(answer)["items"]
        assert sum(p["requests"] for p in points) == 3
        (point, *_) = points
        assert point["version"] == "blue"
        assert sum(p["errors"] for p in points) == 1
        assert max(p["p99"] for p in points) > 10
        assert 0 < sum(p["busy"] for p in points) < 1
        assert said(
            await desk.ask("GET", "/services/lab/twice/metrics", version="green")
        )["items"] == []  # fmt: skip
        for wrong in ({"by": "1ms"}, {"since": "7d", "by": "1s"}, {"by": "x"}, {"until": "1d"}):
            refused = await desk.ask("GET", "/services/lab/twice/metrics", **wrong)
            assert refused.status == 400, wrong

    desk(tmp_path, work, REQUESTS)


LINES = (
    "traces",
    [
        line("old", 7200),
        line("first", 20, severityLevel=1, operation_Id="r1"),
        line("second", 20, severityLevel=3, operation_Id="r2"),
        line("third", 20, operation_Id="t1", customDimensions=texts({"request_id": "r3"})),
        line("elsewhere", 10, service="other"),
    ],
)


async def told(desk: Desk, **query: str) -> list[str]:
    answer = await desk.ask("GET", "/services/lab/twice/logs", **query)
    assert answer.status == 200, answer.body
    assert isinstance(answer.body, bytes)
    return [msgspec.json.decode(one)["message"] for one in answer.body.splitlines()]


def test_log_lines_are_the_last_in_their_order_and_can_be_chosen(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        assert await told(desk) == ["old", "first", "second", "third"]
        assert await told(desk, num_lines="2") == ["second", "third"]
        assert await told(desk, since="1h") == ["first", "second", "third"]
        assert await told(desk, level="warning") == ["second"]
        assert await told(desk, request_id="r3") == ["third"]
        assert await told(desk, request_id="r1") == ["first"]
        assert await told(desk, version="green") == []
        for wrong in ({"level": "loud"}, {"num_lines": "-1"}, {"since": "x"}):
            refused = await desk.ask("GET", "/services/lab/twice/logs", **wrong)
            assert refused.status == 400, wrong

    desk(tmp_path, work, LINES)


@pytest.mark.parametrize(("lines", "earlier"), [("1", ["third"]), ("0", [])])
def test_a_followed_log_tells_each_line_once_also_those_that_come_late(
    tmp_path: Path, lines: str, earlier: list[str]
) -> None:
    async def work(desk: Desk) -> None:
        answer = await desk.ask("GET", "/services/lab/twice/logs", num_lines=lines, follow="true")
        assert not isinstance(answer.body, bytes)
        seen: list[str] = []

        async def follow() -> None:
            async for piece in answer.body:  # type: ignore[union-attr]
                seen.extend(
                    msgspec.json.decode(one)["message"] for one in piece.splitlines() if one
                )

        task = asyncio.create_task(follow())
        now = time.time()
        for message, ago in (("new", 0), ("same", 0), ("same", 0), ("late", 2)):
            one = {**dated(line(message)), "timestamp": now - ago}
            desk.store.add("traces", [row("traces", PLACE, one)])
            await desk.store.settled()
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            while len(seen) < 4 + len(earlier):  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.05)
        task.cancel()
        assert sorted(seen) == ["late", "new", "same", "same", *earlier]

    desk(tmp_path, work, LINES)


def test_a_trace_has_all_that_belongs_to_a_request_and_nothing_else(tmp_path: Path) -> None:
    failure = {"ago": 20, "type": "KeyError", "message": "'x'", "operation_Id": "r2"}

    async def work(desk: Desk) -> None:
        found = said(await desk.ask("GET", "/requests/r2"))
        assert (found["service"], found["version"], found["revision"]) == ("twice", "blue", 2)
        assert found["request"]["duration"] == 20.0
        assert "errorCode" not in found["request"]
        tables = sorted(item["table"] for item in found["items"])
        assert tables == ["exceptions", "traces"]
        missing = await desk.ask("GET", "/requests/none")
        assert missing.status == 404
        assert "MODELYARD_TELEMETRY_DAYS" in said(missing)["message"]

    desk(tmp_path, work, REQUESTS, LINES, ("exceptions", [failure]))


def test_top_shows_versions_that_were_asked_or_that_run(tmp_path: Path) -> None:
    def counter(name: str, value: float, **more: Any) -> dict[str, Any]:
        plain = {"ago": 0.0, "category": "Process", "counter": name, "value": value}
        return {**plain, **more}

    counters = [
        counter("process.cpu.utilization", 0.5, cloud_RoleInstance="a"),
        counter("process.cpu.utilization", 0.25, cloud_RoleInstance="b"),
        counter("process.memory.usage", 2e9),
        counter("process.memory.pss", 1e9),
        counter("process.memory.usage", 5e8, application_Version="idle"),
        counter("ml.gpu.utilization", 0.75, category="GPU", instance="0"),
        counter(
            "system.cpu.utilization", 0.1, category="Machine", service=None, workspace=None,
            application_Version=None,
        ),
    ]  # fmt: skip

    async def work(desk: Desk) -> None:
        found = said(await desk.ask("GET", "/top", window="10m"))
        by_version = {(s["workspace"], s["version"]): s for s in found["services"]}
        blue = by_version[("lab", "blue")]
        assert (blue["cpu"], blue["memory"], blue["gpu"]) == (0.75, 1e9, 0.75)
        assert blue["rate"] == pytest.approx(3 / 600)
        assert blue["errors"] == pytest.approx(1 / 3)
        idle = by_version[("lab", "idle")]
        assert (idle["rate"], idle["memory"], idle["p95"]) == (0.0, 5e8, None)
        assert found["machine"] == {"cpu.utilization": 0.1}
        assert (await desk.ask("GET", "/top", window="2h")).status == 400

    desk(tmp_path, work, REQUESTS, ("performanceCounters", counters))


def test_an_empty_store_answers_with_nothing(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        assert await desk.rows("SELECT count(*) FROM requests") == [[0]]
        assert await told(desk) == []
        assert said(await desk.ask("GET", "/services/lab/twice/metrics"))["items"] == []
        assert said(await desk.ask("GET", "/top"))["services"] == []
        assert said(await desk.ask("GET", "/saved"))["items"] == []

    desk(tmp_path, work)


def test_moments_are_spans_back_or_times() -> None:
    assert moment("90", "since", 100.0) == 10.0
    assert moment("1.5h", "since", 10_000.0) == 4600.0
    assert moment("1970-01-01T01:00:00Z", "since", 0.0) == 3600.0
    assert moment("1970-01-01 01:00", "since", 0.0) == 3600.0
    assert moment("1970-01-01T01:00:00+01:00", "since", 0.0) == 0.0
    assert span("250ms", "by") == 0.25
    for wrong in ("", "x", "-1h", "0", "1y", "99999999999d", "1e3", "\u0661h"):
        with pytest.raises(BadInput, match="by="):
            span(wrong, "by")
