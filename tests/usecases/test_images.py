"""Images over fakes."""

from pathlib import Path

import pytest

from modelyard.domain.environments import BuildState
from modelyard.domain.errors import BadInput, BadName, Immutable, InUse, NotFound
from modelyard.wire.environments import EnvironmentDefinition
from modelyard.wire.images import Image, ImageChange, ImageRequest
from tests.usecases.yard import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    made.workspace()
    return made


def create(yard: Yard, name: str = "img", **changes: object) -> Image:
    request = ImageRequest(name=name, content=yard.content(**changes), tags={"a": "1"})
    return yard.cases.images.create("ws", request, "me")


def test_its_state_is_that_of_its_environments_build(yard: Yard) -> None:
    image = create(yard)
    assert (image.id, image.state, image.created_by) == ("img:1", "Running", "me")

    yard.settle()

    found = yard.cases.images.view(yard.cases.images.get("ws", "img"))
    assert (found.state, found.error) == ("Succeeded", None)
    assert found.content == image.content
    log, end, build = yard.cases.images.build_log("ws", "img", 1, 0)
    assert b"Ready" in log
    assert (end, build.state) == (len(log), BuildState.SUCCEEDED)


def test_a_failed_build_is_told_with_its_words(yard: Yard) -> None:
    broken = EnvironmentDefinition(name="e", pip_packages=["no-such-package"])
    create(yard, environment=broken)

    yard.settle()

    found = yard.cases.images.view(yard.cases.images.get("ws", "img"))
    assert found.state == "Failed"
    assert "no-such-package" in (found.error or "")


def test_a_service_runs_what_the_image_holds(yard: Yard) -> None:
    image = create(yard, models=[yard.model()])

    yard.deploy(content=image.content)

    yard.settle()
    assert yard.view().state == "Healthy"


def test_versions_are_listed_changed_and_deleted(yard: Yard) -> None:
    create(yard)
    create(yard)
    images = yard.cases.images

    changed = images.change(
        "ws", "img", 1, ImageChange(add_tags={"b": "2"}, add_properties={"p": "x"})
    )

    assert (changed.tags, changed.properties) == ({"a": "1", "b": "2"}, {"p": "x"})
    with pytest.raises(Immutable):
        images.change("ws", "img", 1, ImageChange(add_properties={"p": "y"}))
    images.delete("ws", "img", 2)
    assert [i.id for i in images.list("ws")] == ["img:1"]
    assert create(yard).version == 3


def test_a_model_that_an_image_holds_stays(yard: Yard) -> None:
    create(yard, models=[yard.model("salary")])

    with pytest.raises(InUse, match="img:1"):
        yard.cases.models.delete("ws", "salary", 1)

    yard.cases.images.delete("ws", "img", 1)
    yard.cases.models.delete("ws", "salary", 1)


def test_what_cannot_work_is_refused_and_nothing_kept(yard: Yard) -> None:
    with pytest.raises(BadName):
        create(yard, "Capital")
    with pytest.raises(BadInput, match=r"scroe\.py"):
        create(yard, entry_script="scroe.py")
    with pytest.raises(NotFound, match="'nothing'"):
        create(yard, models=["nothing:1"])

    assert yard.cases.images.list("ws") == []
    with pytest.raises(NotFound, match="nothing here yet"):
        yard.cases.images.get("ws", "img")
