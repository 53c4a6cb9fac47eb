from pathlib import Path

import pytest

from modelyard import Environment, InferenceConfig
from modelyard.sdk.errors import NotSupportedException, WebserviceException

GOOD = "def init():\n    pass\ndef run(data):\n    return data\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "score.py").write_text(GOOD)
    return tmp_path


def test_without_a_source_directory_the_script_alone_is_sent(here: Path) -> None:
    (here / "secret.txt").write_text("x")

    source = InferenceConfig("score.py", environment=Environment("e")).source()

    assert [f.path for f in source.bundle.manifest.files] == ["score.py"]
    assert (source.entry_script, source.name) == ("score.py", "")


def test_a_source_directory_is_sent_whole_below_its_own_name(here: Path) -> None:
    (here / "code" / "in").mkdir(parents=True)
    (here / "code" / "in" / "entry.py").write_text(GOOD)
    (here / "code" / "data.json").write_text("{}")
    (here / "code" / "skip.csv").write_text("")
    (here / "code" / ".amlignore").write_text("*.csv\n")

    source = InferenceConfig("in/entry.py", source_directory="code").source()

    assert [f.path for f in source.bundle.manifest.files] == ["data.json", "in/entry.py"]
    assert (source.entry_script, source.name) == ("in/entry.py", "code")


def test_a_module_that_lies_beside_the_script_and_is_not_sent_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "helper.py").write_text("")
    (here / "score.py").write_text("import helper\n" + GOOD)

    InferenceConfig("score.py").source()

    assert "helper" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("score.txt", GOOD, r"must be a \.py file"),
        ("my-score.py", GOOD, "cannot be imported"),
        ("broken.py", "def init(:", "not valid Python"),
        ("noinit.py", "def run(data): ...", r"init\(\)"),
        ("empty.py", "", "init and run"),
    ],
)
def test_a_script_that_cannot_be_used_is_refused_at_once(
    here: Path, name: str, text: str, says: str
) -> None:
    (here / name).write_text(text)

    with pytest.raises(WebserviceException, match=says):
        InferenceConfig(name)


def test_functions_that_come_from_elsewhere_are_taken(here: Path) -> None:
    (here / "other.py").write_text("from impl import init, run\n")
    (here / "star.py").write_text("from impl import *\n")

    InferenceConfig("other.py")
    InferenceConfig("star.py")


def test_a_missing_script_is_named_with_its_folder() -> None:
    with pytest.raises(WebserviceException, match=r"nothing\.py"):
        InferenceConfig("nothing.py")


def test_a_missing_source_directory_is_named() -> None:
    with pytest.raises(WebserviceException, match="nowhere"):
        InferenceConfig("score.py", source_directory="nowhere")


def test_an_environment_excludes_the_old_arguments(here: Path) -> None:
    (here / "env.yml").write_text("dependencies: []")

    with pytest.raises(WebserviceException, match="conda_file"):
        InferenceConfig("score.py", environment=Environment("e"), conda_file="env.yml")


def test_a_conda_file_is_sent_as_it_is_written(here: Path) -> None:
    (here / "env.yml").write_text("# mine\ndependencies:\n- python=3.8\n- numpy\n")

    definition = InferenceConfig("score.py", runtime="python", conda_file="env.yml").definition()

    assert definition.conda_file == "# mine\ndependencies:\n- python=3.8\n- numpy\n"
    assert definition.python_version is None


def test_a_conda_file_without_python_gets_the_callers(here: Path) -> None:
    (here / "env.yml").write_text("dependencies:\n- python-dateutil\n")

    definition = InferenceConfig("score.py", conda_file="env.yml").definition()

    assert definition.python_version is not None


def test_an_environment_of_a_dockerfile_is_refused_when_it_is_deployed() -> None:
    environment = Environment.from_dockerfile("d", "FROM scratch")

    config = InferenceConfig("score.py", environment=environment)

    with pytest.raises(NotSupportedException, match="Dockerfile"):
        config.definition()
