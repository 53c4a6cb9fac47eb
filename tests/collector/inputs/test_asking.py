"""Policies, erasing, and what the routes answer."""

import asyncio
import stat
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import msgspec
import pytest
from arro3.io import read_ipc_stream

from modelyard.collector.app import Web
from modelyard.collector.inputs.collect import Inputs
from modelyard.collector.inputs.routes import InputsRoutes
from modelyard.collector.web import HttpRequest
from tests.collector.inputs.collecting import Place, collect, open_rows, sealed

PATH = "/api/v1/telemetry/services/lab/prices/inputs"


class Asked:
    """The routes with a collector behind them."""

    def __init__(self, inputs: Inputs) -> None:
        self._web = Web(InputsRoutes(inputs).routes())

    def __call__(
        self, path: str = "", method: str = "GET", body: Any = None, status: int = 200,
        workspace: str = "*", headers: dict[str, str] | None = None, **query: str,
    ) -> Any:  # fmt: skip
        sent = b"" if body is None else msgspec.json.encode(body)
        named = {"x-modelyard-workspace": workspace, **(headers or {})}
        asked = HttpRequest(method, PATH + path, query, named, sent)
        answer = asyncio.run(self._web.answer(asked))
        assert answer.status == status, answer.body
        if answer.headers["content-type"] != "application/json":
            return answer.body
        return msgspec.json.decode(answer.body)


@pytest.fixture
def inputs(place: Place) -> Iterator[Inputs]:
    made = place.inputs()
    asyncio.run(made.start())
    yield made
    asyncio.run(made.stop())


def settled(inputs: Inputs, *steps: Callable[[], Any]) -> None:
    """Have the thread take what has come, and do further steps."""
    for step in (inputs.drain.run, *steps):
        asyncio.run(inputs.do(step))


def test_open_and_sealed_files_are_listed_and_read_as_one(place, inputs):
    ask, worker = Asked(inputs), place.worker()
    collect(worker, {"a": [1]}, correlation="first", request="r1")
    settled(inputs)
    settled(inputs, lambda: sealed(inputs))
    collect(worker, {"a": [2.5], "b": ["x"]}, correlation="second", request="r2")
    settled(inputs)

    listed = ask()
    rows = ask("/rows")
    one = ask("/rows", request_id="r2")
    none = ask("/rows", since="2020-01-01", until="2020-02-01", status=404)
    arrow = ask("/rows", headers={"accept": "application/vnd.apache.arrow.stream"})

    assert [(item["rows"], item["sealed"]) for item in listed["items"]] == [(1, True), (1, False)]
    assert (listed["rows"], listed["problem"]) == (2, "")
    names = [column["name"] for column in rows["columns"]]
    found = [dict(zip(names, row, strict=True)) for row in rows["rows"]]
    assert [(r["a"], r["b"], r["$CorrelationId"]) for r in found] == [
        (1.0, None, "first"), (2.5, "x", "second"),
    ]  # fmt: skip
    assert found[0]["$Timestamp"].endswith("Z")
    assert len(one["rows"]) == 1
    assert "collect_model_data=True" in none["message"]
    assert read_ipc_stream(BytesIO(arrow)).read_all().num_rows == 2


@pytest.mark.parametrize(
    ("query", "says"),
    [({"limit": "0"}, "limit"), ({"limit": "x"}, "limit"), ({"since": "soon"}, "since")],
)
def test_what_cannot_be_asked_names_the_field(inputs, query, says):
    found = Asked(inputs)("/rows", status=400, **query)

    assert says in found["message"]


def test_a_token_of_another_workspace_sees_nothing(inputs):
    for path, method in (("", "GET"), ("/rows", "GET"), ("/erase", "POST")):
        Asked(inputs)(path, method, {}, status=403, workspace="other")


def test_columns_are_dropped_and_hashed_before_they_are_written(place, inputs):
    worker = place.worker({"mail": "hash", "note": "drop", "age": "newer"})
    for mail in ("a@b.c", "a@b.c", "d@e.f"):
        collect(worker, {"mail": [mail], "note": ["secret"], "age": [7], "x": [1]})
    settled(inputs)

    rows = open_rows(inputs)

    hashes = [row["mail"] for row in rows]
    assert [len(each) for each in hashes] == [64] * 3
    assert (hashes[0] == hashes[1], hashes[1] == hashes[2]) == (True, False)
    assert {"note", "age"}.isdisjoint(rows[0])  # and what only a newer release understands
    assert rows[0]["x"] == 1
    kept = b"".join(path.read_bytes() for path in place.root.rglob("*") if path.is_file())
    assert b"a@b.c" not in kept
    assert b"secret" not in kept
    assert stat.S_IMODE((place.folder / "collect.key").stat().st_mode) == 0o600


def test_a_subject_is_erased_from_open_and_sealed_files_also_by_its_hash(place, inputs):
    ask, worker = Asked(inputs), place.worker({"mail": "hash"})
    for number in range(3):
        collect(worker, {"mail": ["a@b.c", "d@e.f"], "n": [number, number]})
        settled(inputs)
        if number == 1:
            settled(inputs, lambda: sealed(inputs))
    collect(worker, {"mail": ["a@b.c"]}, designation="labels")

    erased = ask("/erase", "POST", {"column": "mail", "value": "a@b.c"})
    again = ask("/erase", "POST", {"column": "mail", "value": "a@b.c"})
    rows = ask("/rows")

    assert erased == {"rows": 4, "files": 3}
    assert again == {"rows": 0, "files": 0}
    assert len(rows["rows"]) == 3
    assert len({row[5] for row in rows["rows"]}) == 1


@pytest.mark.parametrize("column", ["nothing", "x' OR '1'='1", 'x" OR "1"="1'])
def test_an_unknown_column_erases_nothing(place, inputs, column):
    collect(place.worker(), {"x": [1]})
    settled(inputs)

    found = Asked(inputs)(
        "/erase", "POST", {"column": column, "value": "1"}, status=400
    )  # fmt: skip

    assert found["message"].startswith("Nothing that was collected of this service")
    assert "collected is: $CorrelationId, " in found["message"]
    assert (Asked(inputs)())["rows"] == 1


def test_who_may_only_read_erases_nothing(place, inputs):
    collect(place.worker(), {"x": [1]})
    settled(inputs)

    Asked(inputs)(
        "/erase",
        "POST",
        {"column": "x", "value": "1"},
        403,
        headers={"x-modelyard-role": "reader"},
    )

    assert (Asked(inputs)())["rows"] == 1
