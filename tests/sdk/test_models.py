import hashlib
import platform
from pathlib import Path

import msgspec
import pytest

from modelyard import Model, ResourceConfiguration, Workspace
from modelyard.domain.errors import AlreadyExists, BadName, NotFound
from modelyard.sdk import transfer
from modelyard.sdk.errors import (
    ModelNotFoundException,
    NotSupportedException,
    UserErrorException,
    WebserviceException,
)
from modelyard.sdk.folders import bundle_of


@pytest.fixture
def model(ws: Workspace) -> Model:
    Path("m.pkl").write_bytes(b"weights")
    return Model.register(ws, "m.pkl", "mine", tags={"a": "1"}, description="d")


def test_registering_counts_versions_and_says_so(
    ws: Workspace, model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    second = Model.register(ws, model_name="mine", model_path="m.pkl")

    assert (model.id, second.id, second.version) == ("mine:1", "mine:2", 2)
    assert "Registering model mine" in capsys.readouterr().out


def test_what_was_in_use_is_recorded(model: Model) -> None:
    assert model.record["python"] == platform.python_version()
    assert model.record["packages"]["msgspec"] == msgspec.__version__
    assert "modelyard" not in model.record["packages"]


def test_the_constructor_looks_up(ws: Workspace, model: Model) -> None:
    second = Model.register(ws, "m.pkl", "mine", tags={"b": "2"})

    assert Model(ws, "mine").version == second.version
    assert Model(ws, "mine", version=1).tags == {"a": "1"}
    assert Model(ws, id="mine:1").version == 1
    assert Model(ws, "mine", tags=["a"]).version == 1
    assert Model(ws, "mine", tags=[["b", "2"]]).version == 2


@pytest.mark.parametrize("arguments", [{"name": "other"}, {"name": "mine", "version": 9}])
def test_a_model_that_is_not_there_is_caught_under_azures_names(
    ws: Workspace, model: Model, arguments: dict[str, object]
) -> None:
    with pytest.raises(WebserviceException, match="ModelNotFound") as raised:
        Model(ws, **arguments)

    assert isinstance(raised.value, NotFound)


def test_models_are_listed_and_filtered(ws: Workspace, model: Model) -> None:
    Model.register(ws, "m.pkl", "mine")
    Model.register(ws, "m.pkl", "other", model_framework=Model.Framework.ONNX)

    assert [m.id for m in Model.list(ws, name="mine")] == ["mine:2", "mine:1"]
    assert {m.id for m in Model.list(ws, latest=True)} == {"mine:2", "other:1"}
    assert [m.id for m in Model.list(ws, tags=[["a", "1"]])] == ["mine:1"]
    assert [m.id for m in Model.list(ws, model_framework="Onnx")] == ["other:1"]
    assert set(ws.models) == {"mine", "other"}
    assert ws.models["mine"].version == 2


def test_a_file_comes_back_by_its_own_name(model: Model) -> None:
    path = model.download("there")

    assert Path(path) == Path("there/m.pkl")
    assert Path(path).read_bytes() == b"weights"


def test_a_folder_comes_back_whole(ws: Workspace) -> None:
    Path("net/a").mkdir(parents=True)
    Path("net/a/w.bin").write_bytes(b"1")
    Path("net/run.sh").write_text("#!/bin/sh")
    Path("net/run.sh").chmod(0o755)

    path = Path(Model.register(ws, "net", "net").download("there"))

    assert (path / "a" / "w.bin").read_bytes() == b"1"
    assert (path / "run.sh").stat().st_mode & 0o100
    assert [p.name for p in Path("there").iterdir()] == ["net"]


def test_what_is_there_already_is_replaced_only_when_told(model: Model) -> None:
    model.download("there")
    Path("there/m.pkl").write_bytes(b"mine, do not touch")

    with pytest.raises(WebserviceException, match="exist_ok") as raised:
        model.download("there")
    assert isinstance(raised.value, AlreadyExists)
    model.download("there", exist_ok=True)

    assert Path("there/m.pkl").read_bytes() == b"weights"


def test_a_path_is_found_in_the_cache_then_here_then_in_the_configured_workspace(
    ws: Workspace, model: Model
) -> None:
    ws.write_config()
    fetched = Model.get_model_path("mine")
    assert fetched == "azureml-models/mine/1/m.pkl"

    Path("azureml-models/mine/7").mkdir()
    Path("azureml-models/mine/7/x.pkl").write_bytes(b"")
    assert Model.get_model_path("mine") == "azureml-models/mine/7/x.pkl"
    assert Model.get_model_path("mine", version=1) == fetched

    Path("beside").write_bytes(b"")
    assert Model.get_model_path("beside") == "beside"


def test_a_cache_that_holds_two_things_is_an_error(ws: Workspace) -> None:
    Path("azureml-models/mine/1").mkdir(parents=True)
    for name in "ab":
        Path(f"azureml-models/mine/1/{name}").write_bytes(b"")

    with pytest.raises(ModelNotFoundException, match="exactly one"):
        Model.get_model_path("mine")


def test_without_a_workspace_the_error_says_what_to_do(sdk: object) -> None:
    with pytest.raises(ModelNotFoundException, match="write_config"):
        Model.get_model_path("nowhere")


def test_a_version_must_be_a_number(sdk: object) -> None:
    with pytest.raises(UserErrorException, match="int"):
        Model.get_model_path("mine", version="1")  # type: ignore[arg-type]


def test_get_model_finds_it_in_the_configured_workspace(ws: Workspace, model: Model) -> None:
    ws.write_config()

    assert Model.get_model("mine").id == "mine:1"


def test_tags_description_and_resources_change(ws: Workspace, model: Model) -> None:
    model.update(description="new", resource_configuration=ResourceConfiguration(1, 2.0, 0))
    model.add_tags({"b": 2})
    model.remove_tags(["a"])
    model.add_properties({"p": "x"})

    found = Model(ws, "mine")
    assert (found.description, found.tags, found.properties) == ("new", {"b": "2"}, {"p": "x"})
    assert found.resource_configuration is not None
    assert found.resource_configuration.serialize() == {"cpu": 1, "memoryInGB": 2.0, "gpu": 0}
    with pytest.raises(WebserviceException):
        model.add_properties({"p": "y"})


def test_it_goes_through_json(ws: Workspace, model: Model) -> None:
    assert Model.deserialize(ws, model.serialize()).id == model.id


def test_a_deleted_model_is_gone_and_its_version_is_not_used_again(
    ws: Workspace, model: Model
) -> None:
    model.delete()

    assert Model.list(ws) == []
    assert Model.register(ws, "m.pkl", "mine").version == 2


@pytest.mark.parametrize("name", ["", "-x", "a b", "ä", "x" * 256])
def test_a_name_against_the_rule_is_refused_before_anything_is_sent(
    ws: Workspace, model: Model, name: str
) -> None:
    with pytest.raises(WebserviceException) as raised:
        Model.register(ws, "m.pkl", name)

    assert isinstance(raised.value, BadName)


def test_a_file_that_is_not_there_is_named(ws: Workspace) -> None:
    with pytest.raises(WebserviceException, match=r"nothing\.pkl"):
        Model.register(ws, "nothing.pkl", "m")


def test_a_framework_version_needs_its_framework(ws: Workspace, model: Model) -> None:
    with pytest.raises(WebserviceException, match="model_framework"):
        Model.register(ws, "m.pkl", "m", model_framework_version="1")


def test_what_comes_later_says_what_to_use(ws: Workspace) -> None:
    with pytest.raises(NotSupportedException, match="deploy"):
        Model.package(ws, [])
    with pytest.raises(NotSupportedException):
        Model.profile(ws, "p", [], None, None)


def test_the_same_bytes_are_sent_once(ws: Workspace, model: Model) -> None:
    client = ws.service_context
    digest = hashlib.sha256(b"weights").hexdigest()

    assert transfer._missing(client, [digest, "0" * 64]) == ["0" * 64]


def test_a_big_file_goes_in_pieces_and_on_where_it_ended(ws: Workspace) -> None:
    content = bytes(range(256)) * 80_000
    Path("big.bin").write_bytes(content)
    client, bundle = ws.service_context, bundle_of(Path("big.bin"))
    entry = bundle.manifest.files[0]
    transfer._send_piece(client, entry.sha256, content[: transfer.PIECE], 0, entry.size)
    assert transfer._offset(client, entry.sha256, entry.size) == transfer.PIECE

    model = Model.register(ws, "big.bin", "big")

    assert Path(model.download("there")).read_bytes() == content


def test_a_file_that_changes_while_it_is_sent_is_refused(ws: Workspace) -> None:
    Path("log.txt").write_text("one")
    bundle = bundle_of(Path("log.txt"))
    Path("log.txt").write_text("two")

    with pytest.raises(Exception, match=r"log\.txt.*changed"):
        transfer.upload(ws.service_context, bundle, "Uploading")


def test_an_empty_file_is_a_model_too(ws: Workspace) -> None:
    Path("empty").touch()

    assert Path(Model.register(ws, "empty", "empty").download("there")).read_bytes() == b""
