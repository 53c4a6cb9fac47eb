"""What an endpoint's file makes of an endpoint, without a server."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from modelyard.cli.apply_parts import APPLIED, content_of, merged
from modelyard.cli.apply_plan import Plan, plan, whole
from modelyard.cli.apply_wanted import Wanted
from modelyard.cli.applying import lines
from modelyard.cli.endpoint_file import EndpointFile
from modelyard.domain.errors import BadInput
from modelyard.wire.contents import Content, Limits, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.services import Revision, Service, Traffic, Version

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BARE = EnvironmentDefinition(name="service")
ALWAYS = ("models", "script", "files", "environment")
SERVING = {"workers": 1, "scoring_timeout": 60.0, "max_workers": None, "idle_timeout": None}


def file(**more: Any) -> EndpointFile:
    data = {"name": "churn", "versions": {"blue": {}}, **more}
    return msgspec.convert(data, EndpointFile)


def wanted(name: str = "blue", said: tuple[str, ...] = (), **more: Any) -> Wanted:
    whole = {"source": "d1", "entry_script": "score.py", "environment": BARE, "models": ["m:1"]}
    about = {k: more.pop(k) for k in ("description", "tags", "control") if k in more}
    return Wanted(name, Content(**{**whole, **more}), frozenset((*ALWAYS, *said)), **about)


def version(name: str = "blue", state: str = "Healthy", applied: Any = (), **more: Any) -> Version:
    content = {
        "source": "d1", "entry_script": "score.py", "variables": {},
        "environment": msgspec.to_builtins(BARE), "limits": {"cpu": None, "memory": None},
        "serving": SERVING, "chosen_environment": False, **more.pop("content", {}),
    }  # fmt: skip
    revision = Revision(
        id="r", version=name, number=1, state="ready", created=NOW, content=content
    )
    return Version(
        name=name, service="churn", workspace="lab", state=state, models=["m:1"],
        wanted_revision=1, revisions=[revision], configuration={APPLIED: [*applied]}, **more,
    )  # fmt: skip


def service(*versions: Version, **traffic: Any) -> Service:
    found = versions or (version(),)
    default = traffic.pop("default", found[0].name)
    shares = traffic.pop("shares", {default: 100.0})
    return Service(
        id="s", workspace="lab", name="churn", kind="NATIVE", state="Healthy", auth="key",
        scoring_uri="", swagger_uri="", created=NOW, updated=NOW, versions=[*found],
        default_version=default, traffic=Traffic(shares=shares, default=default, **traffic),
    )  # fmt: skip


def said(todo: Plan) -> list[str]:
    return [" ".join(line.split()) for line in lines(todo.changes)]


def test_what_is_as_the_file_says_needs_nothing() -> None:
    todo = plan(file(traffic={"blue": 100}, default="blue"), [wanted()], service())

    assert not todo
    assert (todo.versions, todo.service, todo.traffic, todo.remove) == ([], None, None, [])


def test_a_new_endpoint_begins_with_its_default_version() -> None:
    asked = file(versions={"blue": {}, "green": {}}, traffic={"blue": 10, "green": 90})

    todo = plan(asked, [wanted("blue"), wanted("green")], None)

    assert todo.create == "green"
    assert [step.wanted.name for step in todo.versions] == ["green", "blue"]
    assert todo.traffic is not None
    assert todo.traffic.shares == {"blue": 10, "green": 90}
    assert "+ traffic: blue 10, green 90" in said(todo)


@pytest.mark.parametrize(
    ("asked", "change"),
    [
        ({"models": ["m:2"]}, "~ versions.blue.models: m:1 → m:2"),
        ({"source": "d2"}, "~ versions.blue.files: d1 → d2"),
        ({"entry_script": "", "source": "", "environment": None},
         "~ versions.blue.environment: service → chosen for the model"),
        ({"said": ("limits.cpu",), "limits": Limits(cpu=2)},
         "~ versions.blue.limits.cpu: none → 2"),
        ({"said": ("serving.workers",), "serving": ServingOptions(workers=3)},
         "~ versions.blue.serving.workers: 1 → 3"),
        ({"said": ("variables",), "variables": {"A": "b"}},
         "~ versions.blue.variables: none → A=b"),
        ({"said": ("tags",), "tags": {"n": "1"}}, "~ versions.blue.tags: none → n=1"),
        ({"said": ("control",), "control": True}, "~ versions.blue.control: false → true"),
    ],
)  # fmt: skip
def test_each_part_of_a_version_that_differs_is_told_and_done(
    asked: dict[str, Any], change: str
) -> None:
    todo = plan(file(), [wanted(**asked)], service())

    assert change in said(todo)
    assert [step.wanted.name for step in todo.versions] == ["blue"]


def test_tags_alone_need_no_new_revision() -> None:
    todo = plan(file(), [wanted(said=("tags",), tags={"n": "1"})], service())

    assert [step.content for step in todo.versions] == [False]


def test_options_that_zero_switches_off_are_no_difference_to_none() -> None:
    asked = wanted(said=("serving.idle_timeout",), serving=ServingOptions(idle_timeout=0))

    assert not plan(file(), [asked], service())


def test_what_the_file_never_spoke_of_stays_whoever_set_it() -> None:
    there = version(content={"serving": {**SERVING, "workers": 5}})

    todo = plan(file(), [wanted(models=["m:2"])], service(there))

    assert said(todo) == ["~ versions.blue.models: m:1 → m:2"]
    sent = merged(todo.versions[0].wanted.content, there, todo.versions[0].parts)
    assert (sent.serving.workers, sent.models) == (5, ["m:2"])


def test_what_an_earlier_file_spoke_of_goes_back_to_its_default() -> None:
    there = version(
        applied=["serving.workers", "limits.memory_gb"],
        content={"serving": {**SERVING, "workers": 5}, "limits": {"memory": 2_000_000_000}},
    )

    todo = plan(file(), [wanted()], service(there))

    assert said(todo) == [
        "~ versions.blue.serving.workers: 5 → 1",
        "~ versions.blue.limits.memory_gb: 2 → none",
    ]
    sent = merged(todo.versions[0].wanted.content, there, todo.versions[0].parts)
    assert (sent.serving.workers, sent.limits.memory_gb) == (1, None)
    assert content_of(there)["serving"]["workers"] == 5


def test_a_version_that_failed_is_tried_once_more() -> None:
    todo = plan(file(), [wanted()], service(version(state="Failed")))

    assert said(todo) == ["~ versions.blue.models: m:1 → m:1 (once more: it failed)"]
    assert todo.versions[0].content


def test_versions_that_are_not_in_the_file_go_at_the_end() -> None:
    there = service(version("blue"), version("red"), shares={"blue": 100.0})

    todo = plan(file(), [wanted()], there)

    assert todo.remove == ["red"]
    assert said(todo) == ["- versions.red"]


def test_one_with_traffic_goes_only_where_the_file_says_who_gets_it() -> None:
    there = service(
        version("blue"), version("red", given=40.0, traffic=40.0),
        shares={"blue": 60.0, "red": 40.0},
    )  # fmt: skip

    with pytest.raises(BadInput, match="'red' has 40 % of the traffic"):
        plan(file(), [wanted()], there)
    todo = plan(file(traffic={"blue": 100}), [wanted()], there)

    assert said(todo) == ["~ traffic: blue 60, red 40 → blue 100", "- versions.red"]


def test_where_the_default_goes_the_largest_share_takes_its_place() -> None:
    asked = file(versions={"a": {}, "b": {}}, traffic={"a": 30, "b": 70})

    todo = plan(asked, [wanted("a"), wanted("b")], service(version("blue")))

    assert todo.traffic is not None
    assert todo.traffic.default == "b"
    assert todo.remove == ["blue"]


@pytest.mark.parametrize(
    ("more", "said_"),
    [
        ({"traffic": {"blue": 60}}, []),  # the rest goes to blue, which has all
        ({"traffic": {"blue": 0}}, ["~ traffic: blue 100 → closed (404)"]),
        ({"sticky": "cookie"}, ["~ sticky: off → cookie"]),
        ({"sticky": "off"}, []),
        ({"auth": "token"}, ["~ auth: key → token"]),
        ({"auth_mode": "aml_token"}, ["~ auth: key → token"]),
        ({"tags": {"a": 1}}, ["~ tags: none → a=1"]),
        ({"mirror": {"blue": 0}}, []),
    ],
)
def test_the_endpoint_itself(more: dict[str, Any], said_: list[str]) -> None:
    assert said(plan(file(**more), [wanted()], service())) == said_


def test_copies_have_two_names() -> None:
    there = service(version("blue"), version("green"), shares={"blue": 100.0})
    both = [wanted("blue"), wanted("green")]
    names = {"blue": {}, "green": {}}

    for key in ("mirror", "mirror_traffic"):
        todo = plan(file(versions=names, **{key: {"green": 10}}), both, there)
        assert said(todo) == ["~ mirror: none → green 10"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"traffic": {"blu": 100}}, "traffic: there is no version 'blu' .* Did you mean 'blue'"),
        ({"mirror": {"x": 1}}, "mirror: there is no version 'x' .* There are: blue"),
        ({"default": "x"}, "default: there is no version 'x'"),
        ({"traffic": {"blue": 101}}, "the share of 'blue' is 101"),
        ({"traffic": {"blue": -1}}, "the share of 'blue' is -1"),
        ({"compute": "big"}, "cannot move"),
    ],
)
def test_what_contradicts_itself_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        plan(file(**more), [wanted()], service())


def test_more_than_all_of_the_traffic_is_refused() -> None:
    asked = file(versions={"a": {}, "b": {}}, traffic={"a": 60, "b": 60})

    with pytest.raises(BadInput, match="120 % together"):
        plan(asked, [wanted("a"), wanted("b")], None)
    with pytest.raises(BadInput, match="name one at least"):
        plan(file(versions={}), [], None)


def test_what_is_left_goes_to_the_default_version() -> None:
    assert whole({"a": 10, "b": 0}, "b") == {"a": 10, "b": 90}
    assert whole({"a": 0}, "a") == {}
