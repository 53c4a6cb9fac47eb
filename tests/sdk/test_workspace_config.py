from pathlib import Path

import pytest

from modelyard.sdk import workspace_config
from modelyard.sdk.errors import UserErrorException


def write(file: Path, name: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{{"workspace_name": "{name}", "resource_group": "r"}}')


def test_the_folders_are_searched_in_azures_order(tmp_path: Path) -> None:
    write(tmp_path / "config.json", "third")
    assert workspace_config.read(str(tmp_path))["workspace_name"] == "third"

    write(tmp_path / "aml_config" / "config.json", "second")
    assert workspace_config.read(str(tmp_path))["workspace_name"] == "second"

    write(tmp_path / ".azureml" / "config.json", "first")
    assert workspace_config.read(str(tmp_path))["workspace_name"] == "first"


def test_parents_are_searched_after_the_folder(tmp_path: Path) -> None:
    write(tmp_path / ".azureml" / "config.json", "above")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert workspace_config.read(str(below))["workspace_name"] == "above"


def test_the_file_itself_may_be_given(tmp_path: Path) -> None:
    write(tmp_path / "mine.json", "mine")

    assert workspace_config.read(str(tmp_path / "mine.json"))["workspace_name"] == "mine"


def test_a_misspelt_path_is_not_answered_with_a_parents_file(tmp_path: Path) -> None:
    write(tmp_path / ".azureml" / "config.json", "above")

    with pytest.raises(UserErrorException, match="no file or folder"):
        workspace_config.read(str(tmp_path / "misspelt"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    content = {"subscription_id": "", "resource_group": "g", "workspace_name": "w"}

    workspace_config.write(str(tmp_path), None, content)

    assert workspace_config.read(str(tmp_path)) == content


@pytest.mark.parametrize("text", ["{", "[]", "{}", "null"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)

    with pytest.raises(UserErrorException, match=r"config\.json.*workspace_name"):
        workspace_config.read(str(tmp_path))


def test_without_a_file_the_error_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(UserErrorException, match=r"write_config"):
        workspace_config.read(str(tmp_path), "no_such_name.json")
