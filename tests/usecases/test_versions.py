"""Versions of a service, from what is asked to what runs, over fakes."""

from datetime import datetime
from pathlib import Path

import pytest

from modelyard.domain.errors import (
    AlreadyExists,
    BadInput,
    Conflict,
    InUse,
    ModelyardError,
    NotFound,
)
from modelyard.domain.fronts import FrontState
from modelyard.domain.rollouts import Rollout
from modelyard.settings import Settings
from modelyard.wire.computes import ComputeRequest
from modelyard.wire.contents import Content, Limits, ServingOptions
from modelyard.wire.services import ServiceChange
from tests.usecases.yard import Yard


@pytest.fixture
def two(yard: Yard) -> Yard:
    """A healthy service with the versions blue, which is the default, and green."""
    yard.deploy(version="blue", content=yard.content(models=[yard.model()]))
    yard.make("green")
    yard.settle()
    return yard


def who_answers(yard: Yard, version: str | None = None) -> str:
    """The version that a caller meets, or the code of the error."""
    key = yard.cases.services.keys("ws", "salary").primary
    answer = yard.gateway.ask("POST", "/serve/ws/salary/score", key=key, version=version)
    known = {r.id: r.version for r in yard.stores.services.revisions(service_id(yard))}
    return known.get(answer.front, answer.code) if answer.front else answer.code


def service_id(yard: Yard) -> str:
    return yard.stores.services.get("ws", "salary").id


def test_the_first_version_is_called_as_its_deployment_says(yard: Yard) -> None:
    yard.deploy(version="blue", traffic=30, sticky="header:X-User")

    view = yard.view()
    assert (view.default_version, [v.name for v in view.versions]) == ("blue", ["blue"])
    assert view.traffic is not None
    assert (view.traffic.shares, view.traffic.given) == ({"blue": 100.0}, {"blue": 30.0})
    assert view.traffic.sticky == "header:x-user"
    assert view.traffic.previous is None


def test_a_version_may_be_called_like_its_service(yard: Yard) -> None:
    yard.deploy(version="salary")
    yard.make("other")

    assert list(yard.versions()) == ["other", "salary"]


def test_a_second_version_runs_beside_the_first_and_only_the_header_reaches_it(two: Yard) -> None:
    assert [v.state for v in two.view().versions] == ["Healthy", "Healthy"]
    assert who_answers(two) == "blue"
    assert who_answers(two, "green") == "green"
    assert who_answers(two, "red") == "not_found"


def test_what_is_not_said_of_a_version_is_the_default_versions(yard: Yard) -> None:
    first = yard.model()
    serving = ServingOptions(workers=2, scoring_timeout=5.0)
    content = yard.content(models=[first], variables={"A": "1"}, serving=serving)
    yard.deploy(version="blue", content=content)

    yard.make("green", models=[yard.model()])
    changed = Content(variables={"B": "2"}, models=[first], serving=ServingOptions(workers=3))
    yard.make("red", content=changed)

    green = yard.revisions(version="green")[1].content
    red = yard.revisions(version="red")[1].content
    assert [m.version for m in green.models] == [2]
    assert (green.variables, green.serving.workers) == ({"A": "1"}, 2)
    assert green.entry_script == red.entry_script == "score.py"
    assert [m.version for m in red.models] == [1]
    assert (red.variables, red.serving.workers, red.serving.scoring_timeout) == ({"B": "2"}, 3, 5)


def test_a_share_replaces_that_versions_share_only(two: Yard) -> None:
    two.make("red", traffic=30)
    two.change("green", traffic=10)

    two.change("green", traffic=20.5)

    traffic = two.cases.traffic.get("ws", "salary")
    assert traffic.given == {"red": 30.0, "green": 20.5}
    assert traffic.shares == {"blue": 49.5, "green": 20.5, "red": 30.0}


def test_shares_over_all_are_refused_with_the_parts(two: Yard) -> None:
    two.change("green", traffic=60)

    with pytest.raises(BadInput, match=r"110 % together \(green 60, red 50\)"):
        two.make("red", traffic=50)

    assert list(two.versions()) == ["blue", "green"]


def test_a_share_counts_from_when_the_version_is_ready(two: Yard) -> None:
    two.target.first = FrontState.STARTING
    two.make("red", traffic=100)
    two.step_until(lambda: two.revisions(version="red")[1].state == "starting")
    assert {who_answers(two) for _ in range(20)} == {"blue"}
    assert who_answers(two, "red") == "not_ready"

    front = two.revisions(version="red")[1].id
    two.target.say(front, FrontState.READY, ready_workers=1)
    two.settle()

    assert {who_answers(two) for _ in range(20)} == {"red"}


def test_the_default_before_answers_until_the_new_one_is_ready(two: Yard) -> None:
    two.target.first = FrontState.STARTING
    two.make("red", is_default=True)
    two.step_until(lambda: two.revisions(version="red")[1].state == "starting")
    assert two.view().default_version == "red"
    assert who_answers(two) == "blue"
    with pytest.raises(InUse, match=r"'blue' .* still answers for 'red'"):
        two.cases.versions.delete("ws", "salary", "blue")

    two.target.say(two.revisions(version="red")[1].id, FrontState.READY, ready_workers=1)
    two.settle()

    assert who_answers(two) == "red"
    two.cases.versions.delete("ws", "salary", "blue")


def test_who_is_ready_cannot_lose_all_traffic_to_who_is_not(two: Yard) -> None:
    two.traffic(shares={"green": 100})
    two.cases.services.update("ws", "salary", ServiceChange(enabled=False))
    two.settle()
    two.target.first = FrontState.STARTING
    two.cases.services.update("ws", "salary", ServiceChange(enabled=True))
    two.step_until(lambda: len(two.target.running()) == 2)
    two.target.say(two.revisions(version="green")[1].id, FrontState.READY, ready_workers=1)
    two.step_until(lambda: two.versions()["green"].live)

    with pytest.raises(Conflict, match="Nobody would answer: version 'blue'"):
        two.traffic(shares={"blue": 100})

    assert who_answers(two) == "green"


def test_a_changed_content_starts_beside_the_old_one(two: Yard) -> None:
    old = two.revisions(version="green")[1].id

    two.change("green", variables={"A": "1"})
    two.settle()

    states = {n: r.state.value for n, r in two.revisions(version="green").items()}
    assert states == {1: "stopped", 2: "ready"}
    assert ("drain", old) in two.target.calls
    assert who_answers(two, "green") == "green"


def test_marks_of_default_and_control_move(two: Yard) -> None:
    two.change("blue", is_control=True)
    assert [v.type for v in two.view().versions] == ["Control", "Treatment"]

    two.change("green", is_default=True, is_control=True)

    views = {v.name: v for v in two.view().versions}
    assert [v.type for v in views.values()] == ["Treatment", "Control"]
    assert [v.is_default for v in views.values()] == [False, True]
    with pytest.raises(BadInput, match="make another version the default"):
        two.change("green", is_default=False)
    two.change("green", is_control=False)
    assert [v.type for v in two.view().versions] == ["", ""]


def test_tags_and_words_of_a_version_change_without_a_new_revision(two: Yard) -> None:
    two.change("green", tags={"a": "1", "b": "2"}, description="new", properties={"p": "1"})

    view = two.change("green", remove_tags=["a"])

    assert (view.tags, view.description, view.properties) == ({"b": "2"}, "new", {"p": "1"})
    assert view.wanted_revision == 1


def test_a_version_stops_and_starts(two: Yard) -> None:
    two.change("green", enabled=False)
    two.settle()
    assert two.cases.watch.version(two.stores.services.get("ws", "salary"), "green").state == (
        "Stopped"
    )
    assert who_answers(two, "green") == "not_ready"
    with pytest.raises(Conflict, match="stopped; start it first"):
        two.change("green", traffic=10)

    two.change("green", enabled=True, traffic=100)
    two.settle()

    assert who_answers(two) == "green"


@pytest.mark.parametrize("doing", ["delete", "stop"])
def test_what_has_traffic_is_neither_deleted_nor_stopped(two: Yard, doing: str) -> None:
    two.change("green", traffic=10)

    def do(version: str) -> None:
        if doing == "delete":
            two.cases.versions.delete("ws", "salary", version)
        else:
            two.change(version, enabled=False)

    with pytest.raises(InUse, match=r"'green' .* has 10 % of the traffic\. .*'blue': 100\.0"):
        do("green")
    with pytest.raises(InUse, match=r"'blue' .* is the default"):
        do("blue")
    two.change("green", traffic=0)
    do("green")


def test_a_deleted_version_finishes_its_requests_and_is_gone(two: Yard) -> None:
    two.change("green", traffic=10)
    two.traffic(shares={}, default="blue")
    two.traffic(shares={"blue": 100}, shadows={"green": 5})
    front = two.revisions(version="green")[1].id
    two.target.say(front, FrontState.READY, ready_workers=1, in_flight=1)

    two.cases.versions.delete("ws", "salary", "green")
    two.cases.versions.delete("ws", "salary", "green")
    two.step_until(lambda: ("drain", front) in two.target.calls or two.clock.advance(0.5))
    assert two.view().versions[1].state == "Deleting"
    with pytest.raises(Conflict, match="being deleted"):
        two.make("green")
    two.target.say(front, FrontState.DRAINING, in_flight=0)
    two.settle()

    assert list(two.versions()) == ["blue"]
    assert front not in two.target.running()
    assert not (two.home / "services" / front).exists()
    assert two.view().traffic.shadows == {}
    with pytest.raises(NotFound, match="no version 'green'"):
        two.cases.watch.version(two.stores.services.get("ws", "salary"), "green")
    two.make("green")
    assert two.revisions(version="green").keys() == {2}


def test_a_service_is_deleted_with_all_its_versions(two: Yard) -> None:
    two.change("green", traffic=10)

    two.cases.services.delete("ws", "salary")
    two.settle()

    assert two.cases.services.list("ws") == []
    assert two.target.running() == []
    assert two.cases.events.list("ws", "salary")[0].what == "deleted"


def test_a_service_stops_and_starts_with_all_its_versions(two: Yard) -> None:
    two.change("green", enabled=False)
    two.cases.services.update("ws", "salary", ServiceChange(enabled=False))
    two.settle()
    assert two.target.running() == []

    two.cases.services.update("ws", "salary", ServiceChange(enabled=True))
    two.settle()

    assert [v.state for v in two.view().versions] == ["Healthy", "Stopped"]


def test_the_setting_bounds_how_many_there_are(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.workspace()
    most = Settings(home=tmp_path, database_url="sqlite://").max_versions
    yard.deploy(version="v-1")
    for number in range(2, most + 1):
        yard.make(f"v-{number}")

    with pytest.raises(Conflict, match=r"has 6 versions \(v-1, .*MODELYARD_MAX_VERSIONS allows 6"):
        yard.make("one-more")

    yard.cases.versions.delete("ws", "salary", "v-2")
    yard.make("one-more")


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        ({"version": "green"}, AlreadyExists, "overwrite"),
        ({"version": "Not good"}, BadInput, "1 to 32"),
        ({"version": "red", "strategy": "canary"}, BadInput, "'blue-green'"),
        ({"version": "red", "strategy": "blue-green", "traffic": 5.0}, BadInput, "by itself"),
        ({"version": "red", "strategy": "blue-green", "keep_warm": -1.0}, BadInput, "keep_warm"),
        (
            {"version": "blue", "strategy": "blue-green", "overwrite": True},
            Conflict,
            "cannot take over from itself",
        ),
        ({"version": "red", "traffic": 100.05}, BadInput, "in steps of 0.1"),
        ({"version": "red", "models": ["nobody"]}, NotFound, "nobody"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(
    two: Yard, request_: dict[str, object], error: type[ModelyardError], words: str
) -> None:
    before = two.versions()
    name = str(request_.pop("version"))

    with pytest.raises(error) as caught:
        two.make(name, **request_)

    assert words in str(caught.value)
    assert two.versions() == before


def test_overwriting_names_the_version_that_gets_the_new_revision(two: Yard) -> None:
    two.deploy(version="green", overwrite=True)

    assert {name: v.wanted for name, v in two.versions().items()} == {"blue": 1, "green": 2}
    with pytest.raises(Conflict, match="no version 'red' to overwrite; it has 'blue', 'green'"):
        two.deploy(version="red", overwrite=True)
    two.make("green", overwrite=True, description="again")
    assert two.versions()["green"].wanted == 3


def test_a_version_that_fails_is_told_of_while_the_default_is_fine(two: Yard) -> None:
    two.target.first = FrontState.STARTING
    two.make("red")
    two.step_until(lambda: two.revisions(version="red")[1].state == "starting")
    front = two.revisions(version="red")[1].id
    two.target.print(front, "boom")
    two.target.say(front, FrontState.FAILED, error={"type": "ValueError", "message": "no file"})

    two.settle()

    view = two.view()
    assert view.state == "Healthy"
    assert "version red is Failed: no file" in view.notes
    assert view.versions[2].error == {"type": "ValueError", "message": "no file"}
    service = two.stores.services.get("ws", "salary")
    assert two.cases.watch.logs(service, 10, "red") == ["boom"]
    assert two.cases.watch.logs(service, 10) == []


def test_a_version_must_fit_on_the_compute_target_of_its_service(yard: Yard) -> None:
    yard.cases.computes.create("ws", ComputeRequest(name="small", kind="AKS", cpu=1.0))
    yard.deploy(compute="small", content=yard.content(limits=Limits(cpu=0.6)))

    with pytest.raises(ModelyardError, match="small"):
        yard.make("green")
    with pytest.raises(BadInput, match="nowhere"):
        yard.deploy("other", compute="nowhere")

    assert yard.view().compute == "small"


def test_nothing_of_a_rollout_is_changed_under_it(two: Yard) -> None:
    now = two.clock.now()
    rollout = Rollout(
        "ro-1", "ws", service_id(two), "salary", "green", "blue", (10, 1000), now, now
    )
    two.stores.rollouts.add(rollout)
    words = "rollout ro-1"

    with pytest.raises(Conflict, match=words):
        two.cases.versions.delete("ws", "salary", "green")
    with pytest.raises(Conflict, match=words):
        two.change("green", traffic=50)
    with pytest.raises(Conflict, match=words):
        two.traffic(shares={"green": 50})
    with pytest.raises(Conflict, match=words):
        two.cases.traffic.rollback("ws", "salary")
    with pytest.raises(Conflict, match=words):
        two.make("red", strategy="blue-green")
    two.make("red")
    two.traffic(shadows={"red": 1})

    two.cases.services.delete("ws", "salary")
    two.settle()
    assert two.stores.rollouts.open() == []


def test_every_change_says_who_made_it_and_what_it_changed(two: Yard) -> None:
    two.change("green", traffic=10, tags={"a": "1"})
    two.change("green", tags={"a": "1"})

    told = two.cases.events.list("ws", "salary")

    assert [e.what for e in told] == ["version updated", "version created", "deployed"]
    assert [e.version for e in told] == ["green", "green", "blue"]
    assert told[0].who == "somebody"
    assert told[0].before == {
        "given": {},
        "shares": {"blue": 100.0},
        "tags": {},
    }
    assert told[0].after == {
        "given": {"green": 10.0},
        "shares": {"blue": 90.0, "green": 10.0},
        "tags": {"a": "1"},
    }
    assert isinstance(told[0].time, datetime)


def test_values_of_variables_stay_out_of_events(two: Yard) -> None:
    two.change("green", variables={"PASSWORD": "hunter2"})
    two.cases.services.update("ws", "salary", ServiceChange(variables={"TOKEN": "hunter2"}))

    told = two.cases.events.list("ws", "salary", 2)

    assert [e.after["variables"] for e in told] == [["TOKEN"], ["PASSWORD"]]
    assert "hunter2" not in str(told)


@pytest.mark.parametrize(
    "options", [{"idle_timeout": 600.0}, {"collect_model_data": True}, {"concurrency": 4}]
)
def test_every_option_of_serving_is_told_with_what_it_was(
    two: Yard, options: dict[str, float]
) -> None:
    two.change("green", serving=ServingOptions(**options))  # type: ignore[arg-type]

    told = two.cases.events.list("ws", "salary", 1)[0]

    assert told.what == "version updated"
    assert options.items() <= told.after["serving"].items()
    assert not options.items() <= told.before["serving"].items()
    assert set(told.before["serving"]) == set(told.after["serving"])


def test_another_value_of_a_variable_is_told_without_the_value(two: Yard) -> None:
    two.change("green", variables={"PASSWORD": "hunter2"})
    two.change("green", variables={"PASSWORD": "hunter3"})

    told = two.cases.events.list("ws", "salary", 1)[0]

    assert list(told.before) == list(told.after) == ["fingerprint"]
    assert told.before != told.after


def test_a_version_that_goes_while_it_is_looked_at_is_not_found(
    two: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = two.stores.services.get("ws", "salary")
    there = two.stores.services.versions(service.id)
    answers = iter([there])
    left = [version for version in there if version.name != "green"]
    monkeypatch.setattr(two.stores.services, "versions", lambda _: next(answers, left))
    two.cases.watch.version(service, "green")

    with pytest.raises(NotFound, match="no version 'green'"):
        two.cases.watch.version(service, "green")
