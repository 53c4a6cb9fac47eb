"""What only the real builder can show."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from modelyard.domain.environments import EnvironmentDefinition, Recipe
from modelyard.domain.errors import BadEnvironment, DiskFull, EnvironmentBuildFailed
from modelyard.environments.uv_builder import UvBuilder


def quiet(line: str) -> None:
    pass


def run(python: str, code: str) -> str:
    answer = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def fake_uv(tmp_path: Path, script: str) -> str:
    path = tmp_path / "uv"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_packages_import_from_the_place_the_environment_was_moved_to(
    builder: UvBuilder, offline: tuple[str, ...], folder: Path
) -> None:
    definition = EnvironmentDefinition("e", pip_packages=("tinyuser",), pip_options=offline)

    built = builder.build(builder.resolve(definition), quiet)

    assert built.packages == {"tinything": "1.0", "tinyuser": "1.0"}
    where = run(built.python, "import tinything; print(tinything.__file__)")
    assert where.startswith(str(folder / built.digest / "env"))
    assert "# via tinyuser" in built.lock
    assert "--hash=sha256:" in built.lock


def test_bytecode_is_compiled_when_built(builder: UvBuilder, tiny: EnvironmentDefinition) -> None:
    built = builder.build(builder.resolve(tiny), quiet)

    code = (
        "import tinything, os; print(tinything.__cached__, os.path.exists(tinything.__cached__))"
    )
    cached = list(
        Path(built.python).parents[1].glob("lib/*/site-packages/tinything/__pycache__/*")
    )
    assert len(cached) == 1
    assert run(built.python, code) == f"{cached[0]} True"


def test_an_environment_without_requirements_has_only_a_python(builder: UvBuilder) -> None:
    built = builder.build(builder.resolve(EnvironmentDefinition("bare")), quiet)

    assert built.packages == {}
    assert built.lock == ""
    assert run(built.python, "print(1)") == "1"


def test_the_recipe_and_the_log_are_kept(
    builder: UvBuilder, tiny: EnvironmentDefinition, folder: Path, tmp_path: Path
) -> None:
    lines: list[str] = []

    built = builder.build(builder.resolve(tiny), lines.append)

    kept = json.loads((folder / built.digest / "definition.json").read_text())
    assert kept["requirements"] == ["tinything"]
    assert (tmp_path / "logs" / f"{built.digest}.log").read_text().splitlines() == lines
    assert " + tinything==2.0" in lines
    said = [line.split()[0] for line in lines]
    assert said.index("Installed") < said.index("Compiling") < said.index("Bytecode")


def test_nothing_but_environments_lies_in_the_folder(
    builder: UvBuilder, tiny: EnvironmentDefinition, folder: Path
) -> None:
    built = builder.build(builder.resolve(tiny), quiet)

    assert [path.name for path in folder.iterdir()] == [built.digest]


def test_a_password_of_an_index_is_not_in_the_log_or_the_error(folder: Path) -> None:
    builder = UvBuilder(folder, environment={**os.environ, "UV_HTTP_RETRIES": "0"})
    definition = EnvironmentDefinition(
        "e", pip_packages=("six",), pip_options=("-i http://user:s3cret@127.0.0.1:1/simple",)
    )
    lines: list[str] = []

    with pytest.raises(EnvironmentBuildFailed, match="package index does not answer") as caught:
        builder.build(builder.resolve(definition), lines.append)

    assert "s3cret" not in caught.value.message
    assert "s3cret" not in "\n".join(lines)


def test_a_password_of_an_index_is_not_among_the_arguments(folder: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    builder = UvBuilder(folder, uv=fake_uv(tmp_path, f'echo "$@" >> {said}; touch lock.txt'))
    options = ("--index-url=http://user:s3cret@127.0.0.1:1/simple",)

    built = builder.build(Recipe("3.11", ("six",), options), quiet)

    assert len(said.read_text().splitlines()) == 3
    assert "s3cret" not in said.read_text()
    mode = (folder / built.digest / "definition.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_the_project_and_environment_that_we_run_in_are_not_looked_at(
    folder: Path, tiny: EnvironmentDefinition, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.uv.pip]\nonly-binary = ['broken\n")
    surroundings = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "VIRTUAL_ENV": "/nowhere",
        "PYTHONPATH": "/nowhere",
        "PYTHONHOME": "/nowhere",
        "UV_PROJECT_ENVIRONMENT": "/nowhere",
        "UV_PYTHON": "/nowhere/python",
        "UV_CONSTRAINT": "/nowhere/constraints.txt",
    }
    builder = UvBuilder(folder, environment=surroundings)

    built = builder.build(builder.resolve(tiny), quiet)

    assert built.packages == {"tinything": "2.0"}


def test_an_unknown_package_is_named_with_the_resolvers_own_words(builder: UvBuilder) -> None:
    definition = EnvironmentDefinition("e", conda_packages=("modelyard-no-such-package",))

    with pytest.raises(EnvironmentBuildFailed) as caught:
        builder.build(builder.resolve(definition), quiet)

    assert (
        "modelyard-no-such-package was not found in the package registry" in caught.value.message
    )
    assert (
        "There is no package 'modelyard-no-such-package' in the package index: correct its "
        "spelling." in caught.value.message
    )


def test_requirements_against_each_other_show_why(
    builder: UvBuilder, offline: tuple[str, ...]
) -> None:
    definition = EnvironmentDefinition(
        "e", pip_packages=("tinyuser", "tinything==2.0"), pip_options=offline
    )

    with pytest.raises(EnvironmentBuildFailed, match="tinyuser depend on tinything<2"):
        builder.build(builder.resolve(definition), quiet)


def test_a_python_that_cannot_be_had_lists_those_that_can(folder: Path, tmp_path: Path) -> None:
    builder = UvBuilder(folder, uv=fake_uv(tmp_path, "echo error: no network >&2; exit 1"))
    lines: list[str] = []

    with pytest.raises(EnvironmentBuildFailed, match=r"Python 3\.97 is not on this machine") as it:
        builder.build(Recipe("3.97", ()), lines.append)

    assert "3.11." in it.value.message
    assert "error: no network" in lines
    assert list(folder.iterdir()) == []


def test_a_download_that_hangs_is_given_up(folder: Path, tmp_path: Path) -> None:
    uv = fake_uv(tmp_path, "sleep 600")
    builder = UvBuilder(folder, uv=uv, download_timeout=0.2)

    with pytest.raises(EnvironmentBuildFailed, match="could not be downloaded"):
        builder.build(Recipe("3.97", ()), quiet)


@pytest.mark.parametrize(
    "words",
    [
        "error: Failed to install: x.whl\n  cause: No space left on device (os error 28)",
        "error: failed to write\n  cause: Disk quota exceeded (os error 122)",
    ],
)
def test_a_full_disk_is_said_and_leaves_nothing(folder: Path, tmp_path: Path, words: str) -> None:
    builder = UvBuilder(folder, uv=fake_uv(tmp_path, f"printf '%s\\n' '{words}' >&2; exit 2"))

    with pytest.raises(DiskFull, match="no room left"):
        builder.build(Recipe("3.11", ("six",)), quiet)

    assert list(folder.iterdir()) == []


def test_an_environment_that_lost_its_python_is_built_anew(
    builder: UvBuilder, tiny: EnvironmentDefinition
) -> None:
    recipe = builder.resolve(tiny)
    python = Path(builder.build(recipe, quiet).python)
    python.unlink()

    assert builder.find(recipe.digest) is None
    assert builder.digests() == []
    assert run(builder.build(recipe, quiet).python, "import tinything") == ""


def test_the_whole_folder_may_be_moved(
    builder: UvBuilder, tiny: EnvironmentDefinition, folder: Path, tmp_path: Path
) -> None:
    built = builder.build(builder.resolve(tiny), quiet)
    folder.rename(tmp_path / "elsewhere")

    found = UvBuilder(tmp_path / "elsewhere").find(built.digest)

    assert found is not None
    assert run(found.python, "import tinything; print(tinything.version)") == "2.0"


def test_packages_of_a_python_of_the_user_are_listed(
    builder: UvBuilder, tiny: EnvironmentDefinition
) -> None:
    python = builder.build(builder.resolve(tiny), quiet).python
    mine = EnvironmentDefinition("mine", user_managed=True, interpreter=python)

    built = builder.build(builder.resolve(mine), quiet)

    assert built.python == python
    assert built.packages == {"tinything": "2.0"}


def test_a_python_of_the_user_that_does_not_exist_is_refused(builder: UvBuilder) -> None:
    mine = EnvironmentDefinition("mine", user_managed=True, interpreter="/nowhere/python")

    with pytest.raises(BadEnvironment, match="'/nowhere/python' of environment 'mine'"):
        builder.resolve(mine)


@pytest.mark.parametrize("digest", ["..", ".", "", "a/b", "../x", "nothing"])
def test_removing_what_is_not_there_touches_nothing(
    builder: UvBuilder, folder: Path, digest: str
) -> None:
    (folder / "kept").mkdir()

    assert builder.remove(digest) == 0

    assert [path.name for path in folder.iterdir()] == ["kept"]
