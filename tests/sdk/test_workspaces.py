from pathlib import Path

import pytest

from modelyard import AzureCliAuthentication, Experiment, InteractiveLoginAuthentication, Workspace
from modelyard.domain.errors import AlreadyExists, BadName, NotFound
from modelyard.sdk.errors import NotSupportedException, UserErrorException, WorkspaceException
from tests.e2e.harness import Yard


def test_what_is_said_of_the_cloud_is_kept_and_shown(sdk: Yard) -> None:
    ws = Workspace.create(
        "cloudy", subscription_id="s", resource_group="g", create_resource_group=True,
        location="southeastasia", tags={"a": 1}, hbi_workspace=True,
    )  # fmt: skip

    again = Workspace("s", "g", "cloudy")

    assert (again.subscription_id, again.resource_group, again.location) == (
        "s", "g", "southeastasia",
    )  # fmt: skip
    assert again.tags == {"a": "1"}
    assert ws.get_details()["name"] == "cloudy"


def test_a_taken_name_is_refused_unless_it_may_exist(ws: Workspace) -> None:
    with pytest.raises(WorkspaceException) as raised:
        Workspace.create(ws.name)

    assert isinstance(raised.value, AlreadyExists)
    assert Workspace.create(ws.name, exist_ok=True).name == ws.name


def test_a_bad_name_is_refused_with_its_rule(sdk: Yard) -> None:
    with pytest.raises(WorkspaceException, match="2 to 33") as raised:
        Workspace.create("a b")

    assert isinstance(raised.value, BadName)


def test_a_workspace_that_is_not_there_is_named(sdk: Yard) -> None:
    with pytest.raises(WorkspaceException, match=r"Make it once: Workspace.create") as raised:
        Workspace.get("nowhere")

    assert isinstance(raised.value, NotFound)


def test_the_configuration_that_was_written_finds_it(ws: Workspace) -> None:
    ws.write_config()
    Path("below").mkdir()

    assert Workspace.from_config("below").name == ws.name
    with pytest.raises(UserErrorException, match="write_config"):
        Workspace.from_config(_file_name="other.json")


def test_everything_is_found_by_name(ws: Workspace) -> None:
    Experiment(ws, "exp1")

    assert list(ws.experiments) == ["exp1"]
    assert ws.experiments["exp1"].name == "exp1"
    assert (len(ws.models), len(ws.webservices), len(ws.images)) == (0, 0, 0)
    assert ws.name in Workspace.list("any")


def test_tags_and_names_change(ws: Workspace) -> None:
    details = ws.update(friendly_name="Mine", tags={"x": 1})

    assert (details["friendlyName"], details["tags"]) == ("Mine", {"x": "1"})
    assert Workspace.get(ws.name).get_details()["friendlyName"] == "Mine"


def test_a_deleted_workspace_is_gone(ws: Workspace) -> None:
    ws.delete(delete_dependent_resources=True)

    assert ws.name not in Workspace.list()


def test_what_comes_later_says_what_to_use(ws: Workspace) -> None:
    with pytest.raises(NotSupportedException, match="pandas"):
        _ = ws.datasets
    with pytest.raises(NotSupportedException, match="environment variables"):
        ws.get_default_keyvault()
    assert dict(ws.compute_targets) == {}


@pytest.mark.parametrize("way", [InteractiveLoginAuthentication, AzureCliAuthentication])
def test_every_way_to_log_in_asks_nobody_and_gives_the_local_token(sdk: Yard, way: type) -> None:
    auth = way(tenant_id="t")

    assert auth.get_authentication_header() == {"Authorization": f"Bearer {sdk.token}"}


@pytest.mark.parametrize("name", ["ab", "-abc", "a b c", "x" * 37])
def test_an_experiments_name_keeps_azures_rule(ws: Workspace, name: str) -> None:
    with pytest.raises(UserErrorException, match="3 to 36"):
        Experiment(ws, name)


def test_an_archived_experiment_is_shown_only_when_asked(ws: Workspace) -> None:
    experiment = Experiment(ws, "old")
    experiment.set_tags({"a": 1})
    experiment.archive()

    assert Experiment.list(ws) == []
    assert [e.name for e in Experiment.list(ws, view_type="ArchivedOnly")] == ["old"]
    experiment.reactivate()
    assert [e.name for e in Experiment.list(ws, tags={"a": "1"})] == ["old"]
    Experiment.delete(ws, experiment.id)
    assert Experiment.list(ws, view_type="All") == []
