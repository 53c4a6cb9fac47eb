import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.domain.environments import EnvironmentDefinition, Recipe
from modelyard.domain.errors import BadEnvironment
from modelyard.environments import resolution

HERE = ("3.7.16", "3.8.18", "3.11.7", "3.12.1")

PACKAGES = st.lists(
    st.sampled_from(["numpy=1.19", "pandas>=1,<2", "pytorch", "mkl", "scikit-learn", "six==1.0"]),
    unique=True,
)
LINES = st.lists(
    st.sampled_from(["joblib", "Inference_Schema[b,a]", "tables>=3", "azureml-core", "x<2,>1"]),
    unique=True,
)


def resolve(definition: EnvironmentDefinition, *records: dict[str, object]) -> Recipe:
    return resolution.resolve(definition, records, "3.11", lambda: HERE)


def of(*pip: str, python: str | None = None) -> EnvironmentDefinition:
    return EnvironmentDefinition("e", python, pip_packages=pip)


@given(PACKAGES, LINES, st.randoms(use_true_random=False))
def test_equal_definitions_in_another_order_have_the_same_digest(
    conda: list[str], pip: list[str], order: random.Random
) -> None:
    other_conda, other_pip = order.sample(conda, len(conda)), order.sample(pip, len(pip))

    first = resolve(EnvironmentDefinition("a", None, tuple(conda), tuple(pip)))
    second = resolve(EnvironmentDefinition("b", "3.11", tuple(other_conda), tuple(other_pip)))

    assert first.digest == second.digest


def test_what_counts_changes_the_digest_and_notes_do_not() -> None:
    recipes = [resolve(of("six")), resolve(of("six==1.0")), resolve(of("six", python="3.8"))]

    assert len({recipe.digest for recipe in recipes}) == 3
    assert resolve(of("six", "azureml-core")).digest == recipes[0].digest


@pytest.mark.parametrize(
    ("asked", "python"),
    [
        (None, "3.11"),
        ("3.8", "3.8"),
        ("3.8.18", "3.8.18"),
        (">=3.8", "3.11"),
        (">=3.8,<3.10", "3.8"),
        (">=3.12", "3.12"),
        ("3", "3.11"),
        (">=3.13", "3.14"),
    ],
)
def test_the_python_is_the_one_asked_for(asked: str | None, python: str) -> None:
    recipe = resolve(of(python=asked))

    assert recipe.python == python
    assert recipe.notes == ()


@pytest.mark.parametrize("asked", ["3.6.2", "3.6", "3.5", "==3.6.2", ">=3.5,<3.7"])
def test_a_python_too_old_becomes_the_nearest_with_a_loud_note(asked: str) -> None:
    recipe = resolve(of(python=asked))

    assert recipe.python == "3.7"
    assert recipe.notes[0].startswith("WARNING: Python ")
    assert "3.7 is the oldest that models run on" in recipe.notes[0]


def test_a_python_too_old_becomes_the_one_that_trained_the_model() -> None:
    recipe = resolve(of(python="3.6.2"), {"python": "3.12.1"})

    assert recipe.python == "3.12"
    assert "which the model was trained with" in recipe.notes[0]


@pytest.mark.parametrize("asked", ["2.7", "4.0", "2.7.18"])
def test_another_language_is_refused_naming_what_there_is(asked: str) -> None:
    with pytest.raises(BadEnvironment, match=r"3\.7\.16, 3\.8\.18, 3\.11\.7, 3\.12\.1"):
        resolve(of(python=asked))


def test_without_a_python_the_models_is_taken() -> None:
    assert resolve(of(), {"python": "3.8.12"}).python == "3.8"


def test_another_python_than_the_models_is_warned_of() -> None:
    recipe = resolve(of(python="3.8"), {"model": "salary", "python": "3.11.7"})

    assert recipe.notes == (
        "WARNING: model salary was trained with Python 3.11.7, but runs on Python 3.8; "
        "files that pickle wrote may not load.",
    )


def test_an_unpinned_package_takes_the_models_version() -> None:
    record = {"model": "sal_model", "packages": {"scikit_learn": "1.7.2", "numpy": "2.1"}}

    recipe = resolve(of("sklearn", "pandas"), record)

    assert recipe.requirements == ("pandas", "scikit-learn==1.7.2")
    assert recipe.notes[-1] == (
        "scikit-learn pinned to 1.7.2, the version the model sal_model was trained with."
    )


@pytest.mark.parametrize(
    ("line", "recorded", "requirement", "warned"),
    [
        ("numpy>=1,<3", "2.1", "numpy==2.1", False),
        ("numpy<2", "2.1", "numpy<2", True),
        ("numpy==2.1", "2.1", "numpy==2.1", False),
        ("numpy==2.0", "2.1", "numpy==2.0", True),
        ("numpy==2.*", "2.1", "numpy==2.*", False),
        ("numpy[x]; python_version > '3'", "2.1", 'numpy[x]==2.1; python_version > "3"', False),
        ("numpy", "2.1+cpu", "numpy==2.1", False),
        ("numpy", "not a version", "numpy", False),
        ("numpy @ https://h/numpy.whl", "2.1", "numpy @ https://h/numpy.whl", True),
    ],
)
def test_a_pin_of_the_user_stays_and_is_warned_of_when_it_differs(
    line: str, recorded: str, requirement: str, warned: bool
) -> None:
    recipe = resolve(of(line), {"model": "m", "packages": {"numpy": recorded}})

    assert recipe.requirements == (requirement,)
    said = [note for note in recipe.notes if f"m was trained with numpy {recorded}" in note]
    assert bool(said) == warned


def test_of_two_models_the_first_pins_and_the_other_is_warned_of() -> None:
    recipe = resolve(
        of("numpy"),
        {"model": "a", "packages": {"numpy": "2.0"}},
        {"model": "b", "packages": {"numpy": "2.1"}},
    )

    assert recipe.requirements == ("numpy==2.0",)
    assert recipe.notes[1] == (
        "WARNING: model b was trained with numpy 2.1, but ==2.0 is installed."
    )


def test_azure_defaults_alone_install_nothing() -> None:
    assert resolve(of("azureml-defaults")).requirements == ()


def test_channels_that_are_not_read_are_said_once() -> None:
    definition = EnvironmentDefinition("e", conda_channels=("conda-forge", "intel", "fastai"))

    assert resolve(definition).notes == (
        "The conda channels intel, fastai are not read: packages come from PyPI.",
    )


def test_variables_of_the_conda_file_are_handed_on_and_do_not_count() -> None:
    with_variables = resolve(EnvironmentDefinition("e", conda_file="variables: {A: b}"))

    assert with_variables.variables == (("A", "b"),)
    assert with_variables.digest == resolve(of()).digest
