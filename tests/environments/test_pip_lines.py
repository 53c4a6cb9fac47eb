import pytest

from modelyard.domain.errors import BadEnvironment
from modelyard.environments.pip_lines import normal, parse


def requirements(*lines: str) -> list[str]:
    return [normal(requirement) for requirement in parse(lines).requirements]


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("scikit-learn==1.5.2", "scikit-learn==1.5.2"),
        ("  Scikit_Learn >= 1.0 , < 2   # a comment", "scikit-learn<2,>=1.0"),
        ("inference-schema[pandas-support,numpy-support]",
         "inference-schema[numpy-support,pandas-support]"),
        ("six; python_version < '3'", 'six; python_version < "3"'),
        ("six @ https://host/six-1.0-py3-none-any.whl#sha256=ab",
         "six @ https://host/six-1.0-py3-none-any.whl#sha256=ab"),
        ("https://host/whl/torch-1.1.0-cp37-cp37m-linux_x86_64.whl",
         "torch @ https://host/whl/torch-1.1.0-cp37-cp37m-linux_x86_64.whl"),
        ("git+https://host/x.git@v1#egg=thing", "thing @ git+https://host/x.git@v1"),
        ("six==1.0 --hash=sha256:ab --hash=sha256:cd", "six==1.0"),
        ("pip==20.2.4", "pip==20.2.4"),
        ("sklearn", "scikit-learn"),
    ],
)  # fmt: skip
def test_a_line_becomes_a_requirement(line: str, requirement: str) -> None:
    assert requirements(line) == [requirement]


def test_comments_and_empty_lines_are_passed_over() -> None:
    assert requirements("# all", "", "   ", "six") == ["six"]


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("--index-url https://host/simple?a=b", ("--index-url=https://host/simple?a=b",)),
        ("-i https://host/simple", ("--index-url=https://host/simple",)),
        (
            "--extra-index-url=https://u:p@host/simple",
            ("--extra-index-url=https://u:p@host/simple",),
        ),
        ("-f https://host/list.html", ("--find-links=https://host/list.html",)),
        ("--find-links /wheels", ("--find-links=/wheels",)),
        ("--pre", ("--pre",)),
        ("--no-index --find-links=/wheels", ("--no-index", "--find-links=/wheels")),
        ("--trusted-host host", ("--trusted-host=host",)),
        ("--no-cache-dir", ()),
    ],
)
def test_options_of_indexes_are_kept_in_one_spelling(line: str, options: tuple[str, ...]) -> None:
    assert parse([line]).options == options


def test_azures_own_packages_are_left_out_with_a_note() -> None:
    lines = parse(["azureml-defaults==1.34.0", "azureml-sdk[notebooks]", "inference-schema"])

    assert [requirement.name for requirement in lines.requirements] == ["inference-schema"]
    assert lines.notes == (
        "azureml-defaults left out: its part is Modelyard's.",
        "azureml-sdk left out: its part is Modelyard's.",
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-r requirements.txt", "the option -r cannot be used"),
        ("-rrequirements.txt", "the option -r cannot be used"),
        ("-e .", "the option -e cannot be used"),
        ("-c constraints.txt", "the option -c cannot be used"),
        ("--target x", "the option --target cannot be used"),
        ("--index-url", "--index-url needs a value"),
        ("-f wheels", "the folder 'wheels' is relative"),
        ("./thing", "is a path on one machine"),
        ("https://host/thing.tar.gz", "does not say which package it is"),
        ("numpy=1.19", "'numpy=1.19' is not a requirement that pip would read"),
        ("two words", "'two words' is not a requirement"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(line: str, reason: str) -> None:
    with pytest.raises(BadEnvironment) as caught:
        parse([line])

    assert reason in caught.value.message
    assert line in caught.value.message
