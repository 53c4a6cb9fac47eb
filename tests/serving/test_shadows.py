"""Shadows of a front, with real fronts and workers on both sides."""

import asyncio
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelyard.serving.shadows import Looks, Shadows
from modelyard.telemetry.records import Request
from tests.serving.fronts import Front, UnixConnection
from tests.serving.ring_records import Handed
from tests.serving.shadow_fronts import SCRIPT, Pair, kill
from tests.waiting import wait_until

Start = Callable[..., Front]


@pytest.fixture(scope="module")
def both(runtime: Path) -> Iterator[Pair]:
    folder = Path(tempfile.mkdtemp(prefix="my-"))
    fronts = []
    for name, version, offset in (("a", "blue", "0"), ("b", "green", "10")):
        (folder / name).mkdir()
        facts = {"service_version": version, "variables": {"OFFSET": offset}}
        rings = str(folder / name / "rings")
        fronts.append(Front(folder / name, runtime, SCRIPT, rings=rings, **facts))
    try:
        for front in fronts:
            front.wait_for("ready")
        yield Pair(*fronts)
    finally:
        for front in fronts:
            front.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pair(both: Pair) -> Pair:
    """The same two for all tests: to start them takes longer than most tests do."""
    both.begin()
    return both


def of(front: Front, id: str) -> Request:
    """The record of a request."""
    [found] = [r for r in Handed(front).of(Request) if r.id == id]
    return found


def test_each_answer_is_compared_with_what_the_shadow_says(pair: Pair) -> None:
    assert pair.mirror()["state"] == "ready"

    answers = [pair.served.score(x=x).json for x in range(10)]

    found = pair.compared(10)
    assert [answer["prices"] for answer in answers] == [[1, 100.0]] * 10
    assert [event.measurements["equal"] for event in found] == [1] * 6 + [0] * 4
    different = found[7]
    assert different.measurements["difference"] == pytest.approx(10 / 110)
    assert different.dimensions == {
        "served": "blue",
        "shadow": "green",
        "served_status": "200",
        "shadow_status": "200",
        "path": "$.prices[1]",
        "served_value": "100.0",
        "shadow_value": "110.0",
    }
    assert different.measurements["served_ms"] > different.measurements["served_run_ms"] > 0
    assert different.measurements["shadow_ms"] > different.measurements["shadow_run_ms"] > 0
    assert pair.missed() == {}


def test_a_copy_keeps_its_id_and_is_marked_where_it_arrives_and_goes_no_further(
    pair: Pair,
) -> None:
    pair.mirror()
    back = {"version": "blue", "share": 1000, "sockets": [str(pair.served.socket)]}
    pair.shadow.control(op="shadows", shadows=[back])
    headers = {"x-request-id": "mine", "x-modelyard-bucket": "17", "x-modelyard-user": "ab"}

    pair.served.ask(body={"x": 1}, headers={**headers, "x-forwarded-for": "10.0.0.7"})
    pair.served.score(x=1)

    event = pair.compared(2)[0]
    pair.shadow.control(op="shadows", shadows=[])
    own, copy = of(pair.served, "mine"), of(pair.shadow, "mine")
    assert event.request == "mine"
    assert (own.chosen, own.shadow, own.bucket, own.user) == (False, False, 17, "ab")
    assert (copy.chosen, copy.shadow, copy.bucket, copy.user) == (True, True, -1, "")
    assert (copy.client, copy.received) == ("10.0.0.7", own.received)


def test_the_share_is_kept_and_nothing_is_copied_without_one(pair: Pair) -> None:
    pair.mirror(share=500)
    for _ in range(200):
        pair.served.score(x=1)
    pair.mirror(share=0)
    for _ in range(20):
        pair.served.score(x=1)

    # ended, it has said of every copy what became of it
    assert 60 <= len(pair.compared()) + pair.missed().get("stopped", 0) <= 140


def test_a_failing_shadow_and_its_error_are_told_but_no_answer_that_is_right(pair: Pair) -> None:
    pair.mirror()

    assert pair.served.score(x=1, fail=1).status == 200

    [event] = pair.compared(1)
    assert "difference" not in event.measurements
    assert (event.measurements["served_error"], event.measurements["shadow_error"]) == (0, 1)
    assert event.dimensions["shadow_status"] == "500"
    assert "not this one" in event.dimensions["shadow_value"]
    assert "served_value" not in event.dimensions


def test_what_is_not_compared_is_counted(pair: Pair) -> None:
    pair.mirror()

    assert pair.served.score(stream=1).body == b"ab"
    assert pair.served.score(large=300_000).status == 200
    assert pair.served.score(x=1, text="x" * 300_000).status == 200
    pair.served.ask("GET", "/")
    pair.served.ask("GET", "/swagger.json")

    wait_until(lambda: pair.missed() == {"stream": 1, "too_large": 2})
    assert pair.compared() == []


def test_large_bodies_travel_whole(pair: Pair) -> None:
    pair.mirror()

    ids = [
        pair.served.score(x=1, text="x" * 200_000).headers["x-request-id"],
        pair.served.score(large=200_000).headers["x-request-id"],
    ]

    assert [event.measurements["equal"] for event in pair.compared(2)] == [1, 1]
    for id in ids:
        assert of(pair.shadow, id).received == of(pair.served, id).received


def test_a_killed_shadow_is_waited_for(pair: Pair) -> None:
    pair.mirror()
    pair.served.score(x=1)
    pair.compared(1)

    kill(pair.shadow)
    for _ in range(3):
        assert pair.served.score(x=9).status == 200
    pair.shadow.process = pair.shadow.launch()

    assert [event.measurements["equal"] for event in pair.compared(4)] == [1, 0, 0, 0]
    assert pair.missed() == {}


def test_copies_for_a_shadow_that_does_not_answer_in_time_are_deleted_and_counted(
    pair: Pair, tmp_path: Path
) -> None:
    pair.mirror(seconds=0.4)
    go = tmp_path / "go"

    for _ in range(3):
        assert pair.served.score(x=1, wait_for=str(go)).status == 200

    wait_until(lambda: pair.missed() == {"expired": 3})
    go.touch()


def test_a_slow_shadow_has_one_copy_at_a_time_and_holds_up_no_caller(
    pair: Pair, tmp_path: Path
) -> None:
    pair.mirror()
    go = tmp_path / "go"

    answers = [pair.served.score(x=x, wait_for=str(go)) for x in range(20)]
    under_way = (pair.shadow.status() or {})["in_flight"]
    go.touch()

    assert [answer.status for answer in answers] == [200] * 20  # and the shadow waited all along
    assert under_way <= 1
    assert len(pair.compared(20)) == 20


def test_what_waits_goes_to_the_front_that_takes_the_shadows_place(
    pair: Pair, start: Start
) -> None:
    gone, other = start(SCRIPT), start(SCRIPT, variables={"OFFSET": "20"})
    kill(gone)
    pair.mirror(gone)
    pair.served.score(x=9)

    pair.mirror(other)

    [event] = pair.compared(1)
    assert event.dimensions["shadow_value"] == "120.0"


def test_a_killed_front_reads_its_orders_when_it_starts_anew_and_its_copies_are_gone(
    pair: Pair, tmp_path: Path
) -> None:
    order = {"version": "green", "share": 1000, "sockets": [str(pair.shadow.socket)]}
    file = pair.served.folder / "front.shadows.json"
    file.write_text(json.dumps({"shadows": [order], "seconds": 60}))
    pair.mirror()
    go = tmp_path / "go"
    pair.served.score(x=1, wait_for=str(go))
    pair.served.score(x=1)

    kill(pair.served)
    pair.served.process = pair.served.launch()
    pair.served.wait_for("ready")
    go.touch()
    wait_until(lambda: pair.served.log().count("shadow green: gets a copy") >= 2)
    pair.served.score(x=9)

    found = pair.compared(1)
    file.unlink()
    assert [event.measurements["equal"] for event in found] == [0]


def test_orders_that_are_none_are_refused_and_change_nothing(pair: Pair) -> None:
    pair.mirror()

    answer = pair.served.control(op="shadows", shadows=[{"version": 1}])
    pair.served.score(x=1)

    assert "no orders for shadows" in answer["error"]
    assert len(pair.compared(1)) == 1


def test_many_callers_at_once_get_their_own_answers_while_all_is_copied(pair: Pair) -> None:
    pair.mirror()
    wrong: list[object] = []

    def call(first: int) -> None:
        connection = UnixConnection(pair.served.socket)
        for n in range(50):
            id = f"{first}-{n}"
            headers = {"content-type": "application/json", "x-request-id": id}
            connection.request("POST", "/score", b'{"x": 9}', headers)
            response = connection.getresponse()
            body = json.loads(response.read())
            if response.headers["x-request-id"] != id or body["prices"][1] != 100:
                wrong.append((id, body))
        connection.close()

    threads = [threading.Thread(target=call, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = pair.compared(200)
    assert wrong == []
    assert {event.request for event in found} == {f"{c}-{n}" for c in range(4) for n in range(50)}
    assert {event.dimensions["shadow_value"] for event in found} == {"110.0"}


def test_a_front_that_stops_says_what_was_not_compared(
    pair: Pair, start: Start, tmp_path: Path
) -> None:
    front = start(SCRIPT, rings=str(tmp_path / "rings"))
    own = Pair(front, pair.shadow)
    own.mirror()
    go = tmp_path / "go"
    for _ in range(4):
        front.score(x=1, wait_for=str(go))

    front.close()

    go.touch()
    assert own.missed() == {"stopped": 4}
    assert front.process.returncode == 0


class Application:
    """What has its requests looked at."""

    mirror: Looks | None = None


def shadows(said: list[str], *, tell: bool = True) -> Shadows:
    where = Path("/nowhere")
    heard = [].append if tell else None
    return Shadows(Application(), "blue", lambda: False, heard, said.append, where)


@pytest.mark.parametrize("text", ["", "[]", '{"shadows": 1}', '{"shadows": [{"share": "x"}]}'])
def test_orders_that_cannot_be_read_are_noted_and_the_front_starts(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "front.shadows.json"
    file.write_text(text)
    said: list[str] = []

    asyncio.run(shadows(said).start(file))
    asyncio.run(shadows(said).start(tmp_path / "none"))

    assert len(said) == 1
    assert "cannot be read" in said[0]


def test_without_telemetry_nothing_is_copied_and_that_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "front.shadows.json"
    file.write_text('{"shadows": [{"version": "green", "share": 9, "sockets": []}]}')
    said: list[str] = []

    asyncio.run(shadows(said, tell=False).start(file))

    assert said == ["no shadow gets copies: telemetry is not handed over"]
