"""Traffic of a service, from what is asked to what the gateway does, over fakes."""

import threading

import pytest

from modelyard.domain.errors import BadInput, Conflict, ModelyardError, NotFound
from modelyard.domain.fronts import FrontState
from modelyard.usecases.in_force import InForce
from modelyard.usecases.traffic import ServiceTraffic
from modelyard.wire.endpoints import TrafficChange
from modelyard.wire.services import ServiceChange
from tests.usecases.yard import Yard


@pytest.fixture
def two(yard: Yard) -> Yard:
    """A healthy service with the versions blue, which is the default, and green."""
    yard.deploy(version="blue")
    yard.make("green")
    yard.settle()
    return yard


def test_shares_of_one_call_replace_all_that_were_given(two: Yard) -> None:
    two.traffic(shares={"green": 10})

    changed = two.traffic(shares={"blue": 30})

    assert (changed.given, changed.shares) == ({"blue": 30.0}, {"blue": 100.0, "green": 0.0})
    assert changed.previous == {"blue": 90.0, "green": 10.0}


def test_no_shares_close_the_service_but_for_the_header(two: Yard) -> None:
    key = two.cases.services.keys("ws", "salary").primary

    closed = two.traffic(shares={"blue": 0, "green": 0}, exact=True)
    two.settle()

    assert (closed.closed, closed.shares) == (True, {"blue": 0.0, "green": 0.0})
    assert two.gateway.ask("POST", "/serve/ws/salary/score", key=key).status == 404
    assert two.gateway.ask("POST", "/serve/ws/salary/score", key=key, version="blue").status == 200

    two.traffic(shares={"blue": 100}, exact=True)
    two.settle()

    assert two.gateway.ask("POST", "/serve/ws/salary/score", key=key).status == 200


def test_a_share_of_one_version_opens_a_closed_service(two: Yard) -> None:
    two.traffic(shares={})

    two.change("green", traffic=10)

    assert two.cases.traffic.get("ws", "salary").shares == {"blue": 90.0, "green": 10.0}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"shares": {"blue": 60, "green": 60}}, BadInput, r"120 % together \(blue 60, green 60\)"),
        ({"shares": {"green": -1}}, BadInput, "from 0 to 100"),
        ({"shares": {"grean": 10}}, NotFound, "Did you mean 'green'"),
        ({"shares": {"green": 10}, "exact": True}, BadInput, "must be 100 % together, or 0"),
        ({"default": "red"}, NotFound, "no version 'red'"),
        ({"shadows": {"blue": 10}}, BadInput, "has 100 % of the traffic"),
        ({"shares": {"green": 5}, "shadows": {"green": 10}}, BadInput, "has 5 % of the traffic"),
        ({"shadows": {"red": 10}}, NotFound, "no version 'red'"),
        ({"shadows": {"green": 101}}, BadInput, "from 0 to 100"),
        ({"sticky": "ip"}, BadInput, "'header:NAME'"),
        ({"sticky": "header:"}, BadInput, "name of a header"),
        ({"sticky": "header:x user"}, BadInput, "name of a header"),
        ({"sticky": "header:X-Modelyard-User"}, BadInput, "no user can be known by that header"),
        ({"sticky": "header:x-request-id"}, BadInput, "no user can be known by that header"),
        ({"sticky": "header:Authorization"}, BadInput, "no user can be known by that header"),
        ({"sticky": "cookie:a=b"}, BadInput, "name of a cookie"),
        ({"sticky": "cookie:" + "a" * 65}, BadInput, "1 to 64"),
        ({"sticky": "header:x-user\r\nevil: 1"}, BadInput, "name of a header"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    two: Yard, change: dict[str, object], error: type[ModelyardError], words: str
) -> None:
    before = two.cases.traffic.get("ws", "salary")

    with pytest.raises(error, match=words):
        two.traffic(**change)

    assert two.cases.traffic.get("ws", "salary") == before


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("header:X-User-Id", "header:x-user-id"),
        ("cookie:Session", "cookie:Session"),
        ("cookie", "cookie"),
        ("", ""),
    ],
)
def test_users_are_known_by_a_header_or_a_cookie(two: Yard, asked: str, kept: str) -> None:
    two.traffic(shares={"green": 10}, sticky=asked)
    two.settle()

    assert two.gateway.table.routes[0].sticky == kept


def test_who_gets_a_share_is_a_shadow_no_more(two: Yard) -> None:
    two.traffic(shadows={"green": 10})
    assert two.view().versions[1].shadow == 10.0

    changed = two.traffic(shares={"green": 5})

    assert changed.shadows == {}


def test_a_rollback_is_the_split_before_and_another_one_undoes_it(two: Yard) -> None:
    two.traffic(shares={"green": 10}, sticky="cookie")
    two.traffic(default="green", shares={})
    two.traffic(default="green", shares={"blue": 25})

    back = two.cases.traffic.rollback("ws", "salary", "somebody", "it was wrong")

    assert (back.default, back.closed, back.sticky) == ("green", True, "cookie")
    again = two.cases.traffic.rollback("ws", "salary")
    assert (again.default, again.shares) == ("green", {"blue": 25.0, "green": 75.0})
    told = two.cases.events.list("ws", "salary", 2)
    assert [(e.what, e.who, e.why) for e in told] == [
        ("rollback", "modelyard", ""),
        ("rollback", "somebody", "it was wrong"),
    ]


def test_the_same_shares_twice_are_one_change(two: Yard) -> None:
    two.traffic(shares={"green": 10})
    two.traffic(shares={"green": 10})

    assert two.cases.traffic.rollback("ws", "salary").shares == {"blue": 100.0, "green": 0.0}
    assert [e.what for e in two.cases.events.list("ws", "salary", 2)] == ["rollback", "traffic"]


def test_there_is_nothing_to_roll_back_at_first(two: Yard) -> None:
    with pytest.raises(Conflict, match="nothing to roll back"):
        two.cases.traffic.rollback("ws", "salary")


def test_there_is_no_way_back_to_a_version_that_is_gone(two: Yard) -> None:
    two.traffic(default="green")
    two.cases.versions.delete("ws", "salary", "blue")

    with pytest.raises(Conflict, match="went to 'blue', which is deleted"):
        two.cases.traffic.rollback("ws", "salary")


def test_a_rollback_starts_a_stopped_version_and_the_present_one_serves_until_then(
    two: Yard,
) -> None:
    key = two.cases.services.keys("ws", "salary").primary
    two.traffic(default="green")
    two.settle()
    two.change("blue", enabled=False)
    two.settle()

    two.cases.traffic.rollback("ws", "salary")
    two.reconciler.step()

    assert two.versions()["blue"].enabled
    answer = two.gateway.ask("POST", "/serve/ws/salary/score", key=key)
    assert answer.front == two.revisions(version="green")[1].id
    two.settle()
    answer = two.gateway.ask("POST", "/serve/ws/salary/score", key=key)
    assert answer.front == two.revisions(version="blue")[1].id


def test_a_change_returns_when_the_gateway_does_it(two: Yard) -> None:
    two.adapters.wake.clear()
    in_force = InForce(patience=30.0)
    traffic = ServiceTraffic(
        two.cases.services,
        two.stores.services,
        two.stores.rollouts,
        in_force,
        two.clock,
        two.adapters.wake.set,
    )
    early = in_force.begin()  # a look that began before the change knows nothing of it
    answers = []

    def ask() -> None:
        answers.append(traffic.change("ws", "salary", TrafficChange(shares={"green": 10})))

    caller = threading.Thread(target=ask)
    caller.start()
    assert two.adapters.wake.wait(30)
    in_force.end(early, done=True)
    caller.join(0.05)
    assert caller.is_alive()

    in_force.end(in_force.begin(), done=True)
    caller.join(30)

    assert answers[0].in_force


def test_a_change_that_the_gateway_refuses_is_not_said_to_be_in_force(two: Yard) -> None:
    two.gateway.failure = "no"

    assert not two.traffic(shares={"green": 10}).in_force

    two.reconciler.step()
    assert not two.cases.traffic.get("ws", "salary").in_force
    two.gateway.failure = None
    two.reconciler.step()
    assert two.cases.traffic.get("ws", "salary").in_force


def test_who_stood_in_once_does_not_answer_when_the_service_starts_again(two: Yard) -> None:
    """It may be the version that was rolled back from."""
    key = two.cases.services.keys("ws", "salary").primary
    two.traffic(default="green")
    two.cases.traffic.rollback("ws", "salary")
    two.settle()
    two.cases.services.update("ws", "salary", ServiceChange(enabled=False))
    two.settle()

    two.target.first = FrontState.STARTING
    two.cases.services.update("ws", "salary", ServiceChange(enabled=True))
    two.step_until(lambda: len(two.target.running()) == 2)
    two.target.say(two.revisions(version="green")[1].id, FrontState.READY, ready_workers=1)
    two.step_until(lambda: two.versions()["green"].live)

    assert two.gateway.ask("POST", "/serve/ws/salary/score", key=key).status == 503


def test_who_stands_in_for_a_new_default_does_so_through_more_changes(two: Yard) -> None:
    two.target.first = FrontState.STARTING
    two.make("red", is_default=True)
    two.make("grey", is_default=True)
    two.step_until(lambda: two.revisions(version="grey")[1].state == "starting")
    key = two.cases.services.keys("ws", "salary").primary

    answer = two.gateway.ask("POST", "/serve/ws/salary/score", key=key)

    assert answer.front == two.revisions(version="blue")[1].id
    two.target.say(two.revisions(version="grey")[1].id, FrontState.READY, ready_workers=1)
    two.step_until(lambda: two.versions()["grey"].live)
    two.reconciler.step()
    assert two.stores.services.get("ws", "salary").traffic.stand_in == ""
