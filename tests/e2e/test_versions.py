"""Two versions behind one address, through the real gateway."""

import math
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.harness import Yard
from tests.e2e.load import load
from tests.e2e.versions import Address, address, timed
from tests.waiting import wait_until

HEADER = "azureml-model-deployment"


_numbers = count(1)


@pytest.fixture
def two(sdk: Yard, tmp_path: Path) -> Address:
    """A service of its own with the versions default, which has all, and green."""
    made = address(sdk, tmp_path, "versions", f"svc-{next(_numbers)}", "default")
    made.make("green")
    made.ready("green")
    return made


def within(share: float, seen: int, total: int) -> bool:
    """Whether that many of so many are likely with the share (binomial, beyond 99.9 %)."""
    return abs(seen - share * total) <= 4.0 * math.sqrt(total * share * (1 - share))


def test_shares_are_what_was_asked_and_the_header_picks(two: Address) -> None:
    assert two.ask() == (200, "default", "default")
    assert two.ask(**{HEADER: "green"}) == (200, "green", "green")

    changed = two.traffic(green=10)

    assert (changed["in_force"], changed["shares"]) == (True, {"default": 90.0, "green": 10.0})
    seen = two.count(1000)
    assert set(seen) == {"default", "green"}
    assert within(0.1, seen["green"], 1000), seen
    assert two.count(20, **{HEADER: "default"}) == Counter(default=20)


def test_no_request_is_lost_while_traffic_moves_to_and_fro(two: Address) -> None:
    uri = f"{two.yard.url}/serve/{two.workspace}/{two.name}/score"
    with load(uri, two.key) as seen:
        for share in [*range(0, 100, 5), 0.1]:
            assert two.traffic(default=100 - share, green=share)["in_force"]
        seen.more(50)
        two.call("PATCH", "/versions/green", traffic=100, expect=400)
        two.traffic(green=100)
        seen.more(200)

    assert seen.failures == []
    assert set(seen.answers) == {"default", "green"}
    assert two.count(20) == Counter(green=20)


def test_a_closed_service_is_not_found_but_for_the_header(two: Address) -> None:
    two.traffic(default=0, green=0)

    status, _, _ = two.ask()

    assert status == 404
    assert two.ask(**{HEADER: "green"}) == (200, "green", "green")
    back = two.call("POST", "/rollback")
    assert back["shares"] == {"default": 100.0, "green": 0.0}
    assert two.count(5) == Counter(default=5)


def test_a_rollback_is_one_call_in_under_a_second(two: Address) -> None:
    two.traffic(green=100)
    assert two.count(10) == Counter(green=10)

    seconds = timed(lambda: two.call("POST", "/rollback"))

    assert two.count(10) == Counter(default=10)
    assert seconds < 1.0


def test_a_version_is_deleted_and_its_processes_and_files_are_gone(two: Address) -> None:
    front = two.version("green")["revisions"][0]["id"]
    assert two.yard.pids(front)
    two.call("DELETE", "/versions/default", expect=409)

    two.call("DELETE", "/versions/green", expect=202)

    gone = f"{two.path}/versions/green"
    wait_until(lambda: two.yard.call("GET", gone).status == 404, what="green to be gone")
    assert two.ask(**{HEADER: "green"})[0] == 404
    wait_until(lambda: not two.yard.pids(front), what="the front to end")
    assert not list(two.yard.home.glob(f"services/{front}*"))
    assert two.count(5) == Counter(default=5)


def test_a_stopped_version_serves_nothing_and_comes_back(two: Address) -> None:
    two.call("PATCH", "/versions/green", enabled=False)
    wait_until(lambda: two.version("green")["state"] == "Stopped", what="green to stop")
    assert two.ask(**{HEADER: "green"})[0] == 503

    two.call("PATCH", "/versions/green", enabled=True)

    two.ready("green")
    assert two.ask(**{HEADER: "green"}) == (200, "green", "green")


def test_the_same_user_meets_the_same_version(two: Address) -> None:
    two.call("PATCH", "/traffic", shares={"green": 50}, sticky="header:x-user-id")

    for user in ("ann", "bob", "cid", "dee", "eve"):
        assert len(two.count(10, **{"x-user-id": user})) == 1
