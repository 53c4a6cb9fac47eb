import sys
from pathlib import Path

import pytest

from modelyard import CondaDependencies, Environment, Workspace
from modelyard.domain.errors import BadName, NotFound
from modelyard.sdk.errors import ActivityFailedException, NotSupportedException, UserErrorException

CALLERS = f"{sys.version_info.major}.{sys.version_info.minor}"


def bare(name: str = "bare", *packages: str) -> Environment:
    made = Environment(name)
    made.python.conda_dependencies = CondaDependencies.create(pip_packages=list(packages))
    return made


def test_the_same_content_is_the_same_version(ws: Workspace) -> None:
    first = bare().register(ws)
    again = bare().register(ws)
    second = bare("bare", "numpy").register(ws)

    assert (first.version, again.version, second.version) == ("1", "1", "2")
    assert Environment.get(ws, "bare").version == "2"
    assert Environment.get(ws, "bare", version="1").python.conda_dependencies.pip_packages == []
    assert set(Environment.list(ws)) == {"bare"}


def test_a_name_given_at_registration_is_taken_as_printed_scripts_say(ws: Workspace) -> None:
    bare("one").register(ws, name="two")

    assert Environment.get(ws, name="two").name == "two"


def test_everything_that_was_said_comes_back(ws: Workspace) -> None:
    environment = bare("full", "numpy")
    environment.environment_variables = {"A": "1"}
    environment.docker.base_image = "image"
    environment.python.conda_dependencies.set_pip_index_url("https://index.example/simple")

    found = Environment.get(ws, environment.register(ws).name)

    assert found.environment_variables == {"A": "1"}
    assert found.docker.base_image == "image"
    assert found.python.conda_dependencies.pip_options == [
        "--index-url https://index.example/simple"
    ]
    assert found.python.conda_dependencies.get_python_version() == CALLERS


def test_a_build_streams_its_log(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    build = bare().build(ws)

    build.wait_for_completion(show_output=True)

    assert build.status == "Succeeded"
    assert "Environment build" in capsys.readouterr().out
    # built by an earlier test or run, it has no log of its own
    assert isinstance(build.get_log(), str)


def test_a_build_that_fails_raises_the_resolvers_own_message(ws: Workspace) -> None:
    missing = Path("gone-1.0-py3-none-any.whl").resolve()
    build = bare("broken", f"gone @ {missing.as_uri()}").build(ws)

    with pytest.raises(ActivityFailedException, match="gone") as raised:
        build.wait_for_completion(show_output=False)

    assert raised.value.code == "environment_build_failed"


def test_an_environment_that_is_not_there_is_named(ws: Workspace) -> None:
    with pytest.raises(UserErrorException, match="nothing") as raised:
        Environment.get(ws, "nothing")

    assert isinstance(raised.value, NotFound)


@pytest.mark.parametrize("name", ["AzureML-mine", "microsoft-x", "a b", ""])
def test_reserved_and_bad_names_are_refused(name: str) -> None:
    with pytest.raises(UserErrorException) as raised:
        Environment(name)

    assert isinstance(raised.value, BadName)
    assert f"{name!r} cannot be the name of an environment: " in str(raised.value)


def test_a_requirements_file_is_read_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("numpy==1\n")
    (tmp_path / "r.txt").write_text(
        "# remark\n-r base.txt\n--extra-index-url https://x.example\npandas  # why\nurl @ http://h/#a\n"
    )

    conda = Environment.from_pip_requirements(
        "r", tmp_path / "r.txt", pip_version="23"
    ).python.conda_dependencies

    assert conda.pip_packages == ["numpy==1", "pandas", "url @ http://h/#a"]
    assert conda.pip_options == ["--extra-index-url https://x.example"]
    assert conda.conda_packages == ["pip=23"]


def test_a_requirements_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("-r r.txt\n")

    with pytest.raises(UserErrorException, match="itself"):
        Environment.from_pip_requirements("r", tmp_path / "r.txt")


def test_a_conda_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "e.yml").write_text("dependencies:\n- python=3.8\n- pip:\n  - x==1\n")

    made = Environment.from_conda_specification("e", tmp_path / "e.yml")

    assert made.python.conda_dependencies.get_python_version() == "3.8"
    assert made.python.conda_dependencies_file == str(tmp_path / "e.yml")


def test_it_is_saved_to_a_folder_and_loaded(tmp_path: Path) -> None:
    environment = bare("kept", "numpy")
    environment.environment_variables = {"A": "1"}
    environment.save_to_directory(tmp_path / "there")

    loaded = Environment.load_from_directory(tmp_path / "there")

    assert loaded.definition() == environment.definition()
    with pytest.raises(UserErrorException, match="overwrite"):
        environment.save_to_directory(tmp_path / "there")


def test_a_clone_is_independent() -> None:
    environment = bare("one", "numpy")

    clone = environment.clone("two")
    clone.python.conda_dependencies.add_pip_package("pandas")

    assert environment.python.conda_dependencies.pip_packages == ["numpy"]
    assert clone.name == "two"


def test_containers_are_kept_and_refused_when_built(ws: Workspace) -> None:
    image = Environment.from_docker_image("image", "ubuntu:22.04")
    context = Environment.from_docker_build_context("context", "folder")
    image.register(ws)

    assert Environment.get(ws, "image").docker.base_image == "ubuntu:22.04"
    for made in (image, context, Environment.from_dockerfile("file", "FROM x")):
        with pytest.raises(NotSupportedException, match="CondaDependencies"):
            made.build(ws)
