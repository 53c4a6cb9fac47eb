"""What is refused at once, with words that help."""

from typing import Any

import pytest

from modelyard.domain.errors import (
    AlreadyExists,
    BadEnvironment,
    BadInput,
    BadName,
    Conflict,
    Immutable,
    InUse,
    ModelyardError,
    NoCapacity,
    NotFound,
)
from modelyard.domain.services import ServiceKind
from modelyard.usecases.service_ports import LocalPorts
from modelyard.wire.contents import Limits, ServingOptions
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.models import ModelRequest
from modelyard.wire.services import KeyChange, ServiceChange
from tests.usecases.yard import Yard


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"entry_script": "scores.py"}, BadInput, "Did you mean 'score.py'"),
        ({"entry_script": "../score.py"}, BadInput, "without '..'"),
        ({"entry_script": "score.txt"}, BadInput, "not a .py file"),
        ({"source": "0" * 64}, NotFound, "0000"),
        ({"source": "nonsense"}, ModelyardError, "nonsense"),
        ({"models": ["nobody"]}, NotFound, "no model 'nobody'"),
        ({"models": ["salary:7"]}, NotFound, "no version 7; it has 1."),
        ({"models": ["salary:x"]}, BadInput, "name:version"),
        ({"models": ["salary", "salary:1"]}, BadInput, "twice"),
        ({"variables": {"A B": "1"}}, BadInput, "'A B'"),
        ({"variables": {"A": "\0"}}, BadInput, "NUL"),
        ({"variables": {"WORKER_COUNT": "many"}}, BadInput, "WORKER_COUNT"),
        ({"source_name": "a/b"}, BadInput, "one folder"),
        ({"limits": Limits(cpu=64)}, NoCapacity, "has 8 cores and 17.2 GB"),
        ({"limits": Limits(memory_gb=9000)}, NoCapacity, "has 8 cores and 17.2 GB"),
        ({"limits": Limits(gpu=99)}, NoCapacity, "99 GPU"),
        ({"limits": Limits(cpu=-1)}, BadInput, "above 0"),
        ({"limits": Limits(memory_gb=0.001)}, BadInput, "Python alone"),
        ({"serving": ServingOptions(workers=0)}, BadInput, "serving.workers"),
        ({"serving": ServingOptions(scoring_timeout=float("nan"))}, BadInput, "scoring_timeout"),
        (
            {"environment": EnvironmentDefinition(name="e", conda_file=": ["), "models": []},
            BadEnvironment,
            "",
        ),
    ],
)
def test_content_that_cannot_run_is_refused(
    yard: Yard, changes: dict[str, Any], error: type[ModelyardError], words: str
) -> None:
    yard.model()

    with pytest.raises(error) as caught:
        yard.deploy(content=yard.content(**changes))

    assert words in str(caught.value)
    assert yard.cases.services.list("ws") == []


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"name": "Salary!"}, BadName, "3 to 32"),
        ({"kind": "VM"}, BadInput, "NATIVE"),
        ({"auth": "magic"}, BadInput, "off"),
        ({"primary_key": "short"}, BadInput, "8 to 256"),
        ({"primary_key": "a" * 20, "secondary_key": "a" * 20}, BadInput, "differ"),
        ({"port": 8890}, BadInput, "Only Local"),
        ({"kind": "Local", "port": 99999}, BadInput, "1 to 65535"),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    yard: Yard, changes: dict[str, Any], error: type[ModelyardError], words: str
) -> None:
    with pytest.raises(error) as caught:
        yard.deploy(**{"name": "salary", **changes})

    assert words in str(caught.value)
    assert yard.cases.services.list("ws") == []


def test_an_existing_name_needs_overwrite_and_then_keeps_its_keys(yard: Yard) -> None:
    yard.deploy()
    keys = yard.cases.services.keys("ws", "salary")

    with pytest.raises(AlreadyExists, match="overwrite=True"):
        yard.deploy()
    yard.deploy(overwrite=True, description="again")

    assert yard.cases.services.keys("ws", "salary") == keys
    assert yard.view().description == "again"
    assert len(yard.revisions()) == 2


def test_a_service_that_is_being_deleted_cannot_be_overwritten(yard: Yard) -> None:
    yard.deploy()
    yard.cases.services.delete("ws", "salary")

    with pytest.raises(Conflict, match="being deleted"):
        yard.deploy(overwrite=True)


@pytest.mark.parametrize(
    ("kind", "auth"), [("NATIVE", "key"), ("AKS", "key"), ("ACI", "off"), ("Local", "off")]
)
def test_the_default_of_auth_is_the_kinds(yard: Yard, kind: str, auth: str) -> None:
    yard.deploy(kind=kind)

    view = yard.view()
    assert view.auth == auth
    assert ("open: no key needed" in view.notes) is (auth == "off")


def test_an_open_service_is_refused_where_others_can_reach_it(tmp_path) -> None:
    yard = Yard(tmp_path, host="0.0.0.0")
    yard.workspace()

    with pytest.raises(BadInput, match="MODELYARD_ALLOW_OPEN_SERVICES"):
        yard.deploy(kind="ACI")
    yard.deploy(kind="ACI", auth="key")
    with pytest.raises(BadInput, match="MODELYARD_ALLOW_OPEN_SERVICES"):
        yard.cases.services.update("ws", "salary", ServiceChange(auth="off"))


def test_a_local_service_answers_on_its_own_port_and_keeps_it(yard: Yard) -> None:
    port = yard.deploy(kind="Local").port

    again = yard.deploy(kind="Local", overwrite=True).port

    assert port == again
    assert yard.view().scoring_uri == f"http://localhost:{port}/score"
    with pytest.raises(Conflict, match="belongs to the service 'salary'"):
        yard.deploy("other", kind="Local", port=port)


def test_local_services_deployed_at_once_get_ports_of_their_own(yard: Yard) -> None:
    ports = LocalPorts(yard.stores.services, lambda _: True)

    chosen = [ports.choose(ServiceKind.LOCAL, None, None) for _ in range(3)]  # none is stored yet

    assert len(set(chosen)) == 3


def test_other_services_answer_on_the_one_port(yard: Yard) -> None:
    yard.deploy()

    assert yard.view().scoring_uri == "http://127.0.0.1:8700/serve/ws/salary/score"
    assert yard.view().swagger_uri == "http://127.0.0.1:8700/serve/ws/salary/swagger.json"


def test_azures_defaults_are_said_not_to_be_enforced(yard: Yard) -> None:
    yard.deploy(kind="ACI", content=yard.content(limits=Limits(cpu=1)))

    assert "memory 0.5 GB: default, not enforced; only limits that you write are." in (
        yard.view().notes
    )


def test_a_model_trained_elsewhere_is_warned_of(yard: Yard) -> None:
    record = {"python": "3.6.1", "packages": {"Scikit_Learn": "0.24.2"}}
    manifest = yard.snapshot({"m.pkl": "x"})
    request = ModelRequest(name="old", manifest=manifest, record=record)
    yard.cases.models.register("ws", request)
    environment = EnvironmentDefinition(
        name="e", python_version="3.8", pip_packages=["scikit-learn==1.3.2"]
    )

    yard.deploy(content=yard.content(models=["old"], environment=environment))

    notes = " ".join(yard.view().notes)
    assert "Scikit_Learn 0.24.2 (here 1.3.2)" in notes
    assert "trained with Python 3.6.1" in notes


def test_variables_of_azures_server_stand_in_for_missing_options(yard: Yard) -> None:
    variables = {"WORKER_COUNT": "3", "SCORING_TIMEOUT_MS": "2500", "AML_CORS_ORIGINS": "a.b, c.d"}
    yard.deploy(content=yard.content(variables=variables))

    serving = yard.revisions()[1].content.serving
    assert (serving.workers, serving.scoring_timeout) == (3, 2.5)
    assert serving.cors_origins == ("a.b", "c.d")


def test_a_change_of_a_part_keeps_the_others(yard: Yard) -> None:
    content = yard.content(
        models=[yard.model()],
        variables={"A": "1"},
        limits=Limits(cpu=1, memory_gb=0.5),
        serving=ServingOptions(workers=2, queue_limit=7),
    )
    yard.deploy(content=content)

    change = ServiceChange(models=[yard.model("other")], serving=ServingOptions(workers=3))
    yard.cases.services.update("ws", "salary", change)

    before, after = (yard.revisions()[n].content for n in (1, 2))
    assert [m.name for m in after.models] == ["other"]
    assert (after.serving.workers, after.serving.queue_limit) == (3, 7)
    assert (after.variables, after.limits) == (before.variables, before.limits)
    assert after.environment == before.environment


def test_tags_change_without_a_new_revision(yard: Yard) -> None:
    yard.deploy(tags={"a": "1"}, properties={"p": "1"})

    change = ServiceChange(tags={"b": "2", "c": "3"}, remove_tags=["c"], properties={"q": "1"})
    yard.cases.services.update("ws", "salary", change)

    view = yard.view()
    assert (view.tags, view.properties) == ({"b": "2"}, {"p": "1", "q": "1"})
    assert len(view.revisions) == 1
    with pytest.raises(Immutable, match="'p'"):
        yard.cases.services.update("ws", "salary", ServiceChange(properties={"p": "2"}))


def test_keys_are_made_anew_one_by_one(yard: Yard) -> None:
    yard.deploy()
    before = yard.cases.services.keys("ws", "salary")

    after = yard.cases.services.change_key("ws", "salary", KeyChange(key="Primary"))
    assert after.primary != before.primary
    assert after.secondary == before.secondary

    given = KeyChange(key="Secondary", value="my-own-secret-key")
    assert yard.cases.services.change_key("ws", "salary", given).secondary == "my-own-secret-key"
    with pytest.raises(BadInput, match="Primary"):
        yard.cases.services.change_key("ws", "salary", KeyChange(key="Third"))


def test_an_open_service_has_no_keys_to_show(yard: Yard) -> None:
    yard.deploy(kind="ACI")

    with pytest.raises(Conflict, match="auth_enabled=True"):
        yard.cases.services.keys("ws", "salary")


def test_a_model_cannot_go_while_a_service_holds_it(yard: Yard) -> None:
    yard.deploy(content=yard.content(models=[yard.model(), yard.model()]))
    yard.settle()

    with pytest.raises(InUse, match="salary") as caught:
        yard.cases.models.delete("ws", "salary", 1)
    assert caught.value.details["services"] == ["salary"]

    yard.cases.services.update("ws", "salary", ServiceChange(models=["salary:2"]))
    yard.settle()
    yard.cases.models.delete("ws", "salary", 1)
    with pytest.raises(InUse):
        yard.cases.models.delete("ws", "salary", 2)


def test_an_unknown_service_is_answered_with_near_names(yard: Yard) -> None:
    yard.deploy()

    with pytest.raises(NotFound, match="Did you mean 'salary'"):
        yard.cases.services.get("ws", "salaries")


def test_logs_are_those_of_the_revision_that_people_ask_about(yard: Yard) -> None:
    yard.deploy()
    yard.settle()
    yard.target.print(yard.revisions()[1].id, "one")
    service = yard.cases.services.get("ws", "salary")

    assert yard.cases.watch.logs(service, 10) == ["one"]
