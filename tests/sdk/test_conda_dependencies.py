import sys
from pathlib import Path

import pytest
import yaml

from modelyard import CondaDependencies
from modelyard.domain.errors import BadEnvironment
from modelyard.sdk.errors import UserErrorException

CALLERS = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_by_default_it_asks_for_the_callers_python_and_azureml_defaults() -> None:
    conda = CondaDependencies()

    assert conda.get_python_version() == CALLERS
    assert conda.python_version == CALLERS
    assert conda.pip_packages == ["azureml-defaults"]
    assert conda.conda_packages == []


def test_the_text_is_yaml_that_says_the_same() -> None:
    conda = CondaDependencies.create(
        conda_packages=["numpy=1.19", "scikit-learn"],
        pip_packages=["pandas>=1,<2", "torch[x]==1 ; python_version < '3.9'", "a @ file:///w.whl"],
        python_version="3.8.18",
        pip_indexurl="https://index.example/simple",
    )

    assert yaml.safe_load(conda.serialize_to_string()) == conda.as_dict()


@pytest.mark.parametrize("word", ["1.0", "yes", "a: b", "#x", "- y", "x #y", "'q'", '"', "", " s"])
def test_awkward_words_survive_being_written_as_yaml(word: str) -> None:
    conda = CondaDependencies(_underlying_structure={"name": word, "dependencies": ["pip"]})

    assert yaml.safe_load(conda.serialize_to_string())["name"] == word


def test_given_pip_packages_stand_alone() -> None:
    conda = CondaDependencies.create(pip_packages=["numpy", "azureml-defaults"])

    assert conda.pip_packages == ["numpy", "azureml-defaults"]


def test_a_package_of_the_same_name_is_replaced() -> None:
    conda = CondaDependencies.create(pip_packages=["scikit_learn==1.0"], conda_packages=["pip"])

    conda.add_pip_package("scikit-learn==1.1")
    conda.add_conda_package("pip==20.2.4")

    assert conda.pip_packages == ["scikit-learn==1.1"]
    assert conda.conda_packages == ["pip==20.2.4"]


def test_python_as_a_conda_package_sets_the_version() -> None:
    conda = CondaDependencies()

    conda.add_conda_package("python=3.7")

    assert conda.get_python_version() == "3.7"
    assert conda.conda_packages == []


def test_packages_channels_and_options_can_be_taken_away() -> None:
    conda = CondaDependencies.create(pip_packages=["a", "b"], conda_packages=["c"])
    conda.add_channel("mine")
    conda.set_pip_option("--no-binary x")

    conda.remove_pip_package("a")
    conda.remove_conda_package("c")
    conda.remove_channel("mine")
    conda.remove_pip_option("--no-binary")

    assert (conda.pip_packages, conda.conda_packages, conda.pip_options) == (["b"], [], [])
    assert "mine" not in conda.conda_channels


def test_a_conda_file_is_read_and_written_back(tmp_path: Path) -> None:
    file = tmp_path / "env.yml"
    file.write_text("name: x\ndependencies:\n- python=3.9\n- numpy\n- pip:\n  - flask==2\n")

    conda = CondaDependencies(str(file))
    saved = conda.save(str(tmp_path / "copy.yml"))

    assert conda.get_python_version() == "3.9"
    assert CondaDependencies(saved).as_dict() == conda.as_dict()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dependencies: [", "not valid YAML"),
        ("[" * 3_000 + "]" * 3_000, "nests too deep"),
        ("dependencies: !!int abc", "not valid YAML: .*'abc'"),
        ("dependencies: [2026-99-99]", "not valid YAML: month must be"),
        ("- a\n- b", "must be a mapping"),
        ("packages: [a]", "packages"),
        ("dependencies: numpy", "must be a list"),
        ("dependencies: [{npm: [x]}]", "neither a package"),
        ("dependencies: [{pip: x}]", "neither a package"),
    ],
)
def test_a_broken_conda_file_is_an_error_that_says_what(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "env.yml"
    file.write_text(text)

    with pytest.raises(UserErrorException, match=says) as raised:
        CondaDependencies(str(file))

    assert isinstance(raised.value, BadEnvironment)
    assert raised.value.code == "bad_environment"


def test_a_missing_conda_file_is_named() -> None:
    with pytest.raises(UserErrorException, match=r"nowhere\.yml"):
        CondaDependencies("nowhere.yml")


def test_a_bad_python_version_is_refused() -> None:
    with pytest.raises(UserErrorException, match="three"):
        CondaDependencies().set_python_version("three")
