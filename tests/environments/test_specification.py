import pytest

from modelyard.domain.environments import EnvironmentDefinition
from modelyard.domain.errors import BadEnvironment
from modelyard.environments.specification import Specification, python_request, read

AZURES = """
# Conda environment specification of 2019
name: project_environment
dependencies:
  # The python interpreter version.
- python=3.6.2
- pip:
    # Required packages for AzureML execution, history, and data preparation.
  - azureml-defaults
- scikit-learn
channels:
- anaconda
- conda-forge
"""


def of_file(text: str) -> Specification:
    return read(EnvironmentDefinition("e", conda_file=text))


def test_azures_own_file_is_read() -> None:
    specification = of_file(AZURES)

    assert specification.python == "3.6.2"
    assert [entry.text for entry in specification.conda] == ["scikit-learn"]
    assert specification.pip == ("azureml-defaults",)
    assert specification.channels == ("anaconda", "conda-forge")


def test_a_file_and_the_same_packages_are_the_same_specification() -> None:
    definition = EnvironmentDefinition(
        "e",
        python_version="3.8",
        conda_packages=("numpy=1.19",),
        pip_packages=("six",),
        conda_channels=("conda-forge",),
    )
    file = """
channels: [conda-forge]
dependencies: [python=3.8, numpy=1.19, {pip: [six]}]
prefix: /opt/conda/envs/e
"""

    assert read(definition) == of_file(file)


def test_variables_are_text() -> None:
    specification = of_file("variables: {A: 1, B: yes, C: word}")

    assert specification.variables == (("A", "1"), ("B", "yes"), ("C", "word"))


def test_a_python_among_the_packages_counts_more_than_the_callers() -> None:
    definition = EnvironmentDefinition("e", "3.11", conda_packages=("python=3.8",))

    assert read(definition).python == "3.8"


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("3.8", "3.8"),
        ("3.8.18", "3.8.18"),
        ("=3.8", "3.8"),
        ("==3.6.2", "3.6.2"),
        ("3.8.*", "3.8"),
        (">=3.8", ">=3.8"),
        (">=3.8,<3.10", "<3.10,>=3.8"),
        ("3", "==3.*"),
        ("3.8.5=h123_0", "3.8.5"),
    ],
)
def test_a_python_is_asked_for_in_one_spelling(text: str, request_: str) -> None:
    assert python_request(text) == request_


def test_two_pythons_are_refused() -> None:
    with pytest.raises(
        BadEnvironment, match=r"Two versions of Python are asked for: 3\.7 and 3\.8"
    ):
        of_file("dependencies: [python=3.7, python=3.8]")


@pytest.mark.parametrize(
    ("text", "problem", "line", "key"),
    [
        ("", "it is empty", None, None),
        ("just text", "it must consist of keys", 1, None),
        ("- a\n- b", "it must consist of keys", 1, None),
        ("a: [1,\nb: }", "it is not YAML", 2, None),
        ("name: \x07", "it is not YAML", None, None),
        ("name: e\nplatforms: [linux]", "the key 'platforms' is unknown", 2, "platforms"),
        ("name: e\ndependencies: numpy", "'dependencies' must be a list", 2, "dependencies"),
        ("dependencies:\n- a\n- [b]", "is a list", 3, "dependencies"),
        ("dependencies:\n- a\n- 3.8", "'3.8' under 'dependencies' is not the name", 3,
         "dependencies"),
        ("dependencies:\n- a\n-", "is not a line of text", 3, "dependencies"),
        ("dependencies:\n- numpy: 1.19", "a package is written like '- numpy=1.0'", 2, "numpy"),
        ("dependencies:\n- pip:\n    six", "'pip' must be a list", 3, "pip"),
        ("dependencies:\n- pip:\n  - {a: b}", "an entry under 'pip' is not a line", 3, "pip"),
        ("dependencies:\n- pip: [a]\n- pip: [b]", "there are two 'pip:' lists", 3, "pip"),
        ("name: a\nname: b", "the key 'name' stands twice", 2, "name"),
        ("variables:\n  A: [1]", "the variable 'A' is not a single value", 2, "A"),
        ("variables: A", "'variables' must consist of lines", 1, "variables"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_line_key_and_a_right_one(
    text: str, problem: str, line: int | None, key: str | None
) -> None:
    with pytest.raises(BadEnvironment) as caught:
        of_file(text)

    assert problem in caught.value.message
    assert "A right one looks like this:" in caught.value.message
    assert caught.value.details.get("key") == key
    if line:
        assert f"line {line}:" in caught.value.message
        assert caught.value.details["line"] == line


def test_a_file_is_data_and_never_run() -> None:
    with pytest.raises(BadEnvironment, match="is not the name of a package"):
        of_file("dependencies:\n- !!python/name:os.system x")


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    rows = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]

    with pytest.raises(BadEnvironment, match="the key 'a0' is unknown"):
        of_file("\n".join(rows))
