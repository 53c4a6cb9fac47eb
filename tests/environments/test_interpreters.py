import sys
from pathlib import Path

import pytest

from modelyard.environments.interpreters import Interpreters
from modelyard.environments.pythons import minor

SAYS = (
    '#!/bin/sh\necho asked >> {asked}\necho \'["{version}", "{implementation}", "{flags}", []]\'\n'
)


class Machine:
    """A folder of Pythons that only tell their versions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked"

    def python(
        self, place: str, version: str, implementation: str = "cpython", flags: str = ""
    ) -> Path:
        path = self.folder / place / f"python{minor(version)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            SAYS.format(
                asked=self.asked, version=version, implementation=implementation, flags=flags
            )
        )
        path.chmod(0o755)
        return path

    def interpreters(self) -> Interpreters:
        return Interpreters({"PATH": f"{self.folder}/bin", "HOME": str(self.folder / "home")})


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_pythons_are_found_on_the_path_under_pyenv_and_where_uv_puts_them(
    machine: Machine,
) -> None:
    machine.python("bin", "3.96.1")
    machine.python("home/.pyenv/versions/3.97.2/bin", "3.97.2")
    machine.python("home/.local/share/uv/python/cpython-3.98.3/bin", "3.98.3")

    versions = machine.interpreters().versions()

    assert versions[-3:] == ["3.96.1", "3.97.2", "3.98.3"]


def test_this_very_python_is_found() -> None:
    own = "{}.{}.{}".format(*sys.version_info)

    assert own in Interpreters({}).versions()


def test_the_newest_of_a_minor_version_is_taken(machine: Machine) -> None:
    machine.python("home/.pyenv/versions/a/bin", "3.97.9")
    machine.python("home/.pyenv/versions/b/bin", "3.97.10")
    machine.python("home/.pyenv/versions/c/bin", "3.97.2")

    found = machine.interpreters().find("3.97")

    assert found is not None
    assert found.version == "3.97.10"


@pytest.mark.parametrize(("asked", "version"), [("3.97.2", "3.97.2"), ("3.97.5", "3.97.10")])
def test_an_exact_version_falls_back_to_its_minor(
    machine: Machine, asked: str, version: str
) -> None:
    machine.python("home/.pyenv/versions/b/bin", "3.97.10")
    machine.python("home/.pyenv/versions/c/bin", "3.97.2")

    found = machine.interpreters().find(asked)

    assert found is not None
    assert found.version == version


def test_what_is_not_here_is_none(machine: Machine) -> None:
    assert machine.interpreters().find("3.95") is None


def test_what_has_no_wheels_or_is_too_old_is_passed_over(machine: Machine) -> None:
    machine.python("home/.pyenv/versions/old/bin", "3.6.15")
    machine.python("home/.pyenv/versions/pypy/bin", "3.94.1", implementation="pypy")
    machine.python("home/.pyenv/versions/free/bin", "3.93.1", flags="t")
    broken = machine.python("home/.pyenv/versions/broken/bin", "3.92.1")
    broken.write_text("#!/bin/sh\nexit 127\n")

    assert not {"3.6.15", "3.94.1", "3.93.1", "3.92.1"} & set(machine.interpreters().versions())


def test_each_is_asked_once_until_it_changes(machine: Machine) -> None:
    path = machine.python("bin", "3.97.1")
    interpreters = machine.interpreters()
    for _ in range(3):
        interpreters.find("3.97")
    assert machine.asked.read_text() == "asked\n"

    machine.python("bin", "3.97.2")
    path.touch()

    found = interpreters.find("3.97")
    assert found is not None
    assert found.version == "3.97.2"


def test_shims_are_passed_over(machine: Machine) -> None:
    machine.python("pyenv/shims", "3.97.1")
    (machine.folder / "pyenv/versions").mkdir()

    interpreters = Interpreters({"PATH": f"{machine.folder}/pyenv/shims"})

    assert interpreters.find("3.97") is None
